// How many webhooks a second the worker acknowledges, each one stored before the answer, and how long the sender waits.
import { test } from 'vitest';
import { openSimulator, type Simulator } from '../src/simulator/index.js';
import { until } from '../test/support/until.js';
import { readWebhookState, startWebhookWorker, untilQuiet } from '../test/support/webhooks.js';
import { isShort, report } from './support/report.js';
import { openServers, SEED } from './support/scene.js';

const EVENTS = isShort ? 200 : 5_000;
const CONNECTIONS = [1, 8, 32];
const SHIPMENTS = 1_000;
const statuses = ['picked', 'packed', 'on_hold'];

const rows: Record<string, string | number>[] = [];

test.each(['Redis', 'PostgreSQL'] as const)('queue on %s', async (backend) => {
  const simulator = await openSimulator({
    seed: SEED,
    rate: 'unlimited',
    sizes: { orders: 0, shipments: SHIPMENTS, returns: 0, skus: 0, restocking_shipments: 0, warehouses: 0 },
    requestLogSize: 10,
  });
  const servers = await openServers(backend);
  const url = servers.env.DATABASE_URL ?? '';
  const worker = await startWebhookWorker(simulator, url, { ...servers.env, LOG_LEVEL: 'info' });
  await until('the first full sync has ended', async () => (await readWebhookState(url))?.runsGoing === 0);
  for (const connections of CONNECTIONS) {
    simulator.setWebhooks({ url: worker.webhookUrl, connections });
    const { acknowledgedAfterMs, posts, lost } = simulator.webhookStats();
    const [before, postsBefore] = [acknowledgedAfterMs.length, posts];
    const begin = performance.now();
    await change(simulator);
    await until('all are answered', () => simulator.webhookStats().waiting === 0, 600_000);
    const answered = (performance.now() - begin) / 1_000;
    await untilQuiet(simulator, url, 600_000);
    const dealtWith = (performance.now() - begin) / 1_000;
    const sorted = simulator
      .webhookStats()
      .acknowledgedAfterMs.slice(before)
      .sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
    rows.push({
      queue: backend,
      connections,
      'acknowledged/s': sorted.length / answered,
      'median ms': at(0.5),
      'p99 ms': at(0.99),
      'longest ms': at(1),
      'not acknowledged': simulator.webhookStats().posts - postsBefore - sorted.length,
      lost: simulator.webhookStats().lost - lost,
      'dealt with/s': sorted.length / dealtWith,
    });
  }
  worker.kill('SIGTERM');
  await worker.ended;
  await servers.close();
  await simulator.close();
  report({
    name: 'webhooks',
    what: `${EVENTS} changes of status told as fast as the connections allow; each is stored before it is acknowledged, and dealt with afterwards`,
    settings: { seed: SEED, events: EVENTS, shipments: SHIPMENTS, sender: 'in the process of the benchmark' },
    rows,
  });
});

/** Each change is another status than before, all over the list; told as fast as the sender keeps up. */
async function change(simulator: Simulator): Promise<void> {
  const before = simulator.webhookStats().events;
  for (let n = before; simulator.webhookStats().events < before + EVENTS; n++) {
    const status = statuses[Math.floor(n / SHIPMENTS) % statuses.length] ?? '';
    simulator.apply({ kind: 'update', collection: 'shipments', position: n % SHIPMENTS, patch: { status } });
    if (n % 100 === 99) await until('the sender keeps up', () => simulator.webhookStats().waiting < 400);
  }
}
