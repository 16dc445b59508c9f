// The loops of this process, as gauges: known without asking anybody.
import { Gauge } from 'prom-client';
import type { ServerParts } from '../parts.js';

/** The loop that is one for all accounts has no label for one. */
export function openLoopGauges({ metrics, rounds }: Pick<ServerParts, 'metrics' | 'rounds'>): () => void {
  const labelNames = ['account', 'loop'];
  const registers = [metrics.registry];
  const age = new Gauge({
    name: 'hive_sync_loop_age_seconds',
    help: 'Since a loop of this worker last got round with the connections that it works with.',
    labelNames,
    registers,
  });
  const still = new Gauge({
    name: 'hive_sync_loop_stands_still',
    help: '1 = a loop of this worker has not got round for more than a minute.',
    labelNames,
    registers,
  });
  return () => {
    for (const gauge of [age, still]) gauge.reset();
    for (const { loop, account, ageMs, standsStill } of rounds.states()) {
      const labels = account === undefined ? { loop } : { account, loop };
      age.set(labels, ageMs / 1_000);
      still.set(labels, standsStill ? 1 : 0);
    }
  };
}
