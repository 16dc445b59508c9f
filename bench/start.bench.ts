// How long a newcomer waits for the demo, and an operator for the worker, from the call of the built program.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'vitest';
import { openSimulator } from '../src/simulator/index.js';
import { startCli } from '../test/support/cli.js';
import { until } from '../test/support/until.js';
import { isShort, report } from './support/report.js';
import { openServers, succeeds } from './support/scene.js';

const TIMES = isShort ? 1 : 5;

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function times(act: () => Promise<void>): Promise<{ 'median s': number; 'slowest s': number }> {
  const seconds: number[] = [];
  for (let i = 0; i < TIMES; i++) {
    const at = performance.now();
    await act();
    seconds.push((performance.now() - at) / 1_000);
  }
  return { 'median s': median(seconds), 'slowest s': Math.max(...seconds) };
}

test('start', async () => {
  const demo = await times(async () => {
    const home = mkdtempSync(path.join(tmpdir(), 'hive-sync-bench-'));
    await succeeds(startCli(['demo'], { HIVE_SYNC_HOME: home }, home));
    rmSync(home, { recursive: true, force: true });
  });
  const simulator = await openSimulator({ rate: 'unlimited' });
  const servers = await openServers('PostgreSQL');
  const worker = await times(async () => {
    const program = startCli(['worker'], {
      ...servers.env,
      HIVE_API_KEY: simulator.apiKey,
      HIVE_API_URL: simulator.url,
      HTTP_PORT: '0',
    });
    await until('the worker is up', () => program.output().stderr.includes('worker is up'));
    program.kill('SIGTERM');
    await program.ended;
  });
  const help = await times(() => succeeds(startCli(['--help'])));
  await servers.close();
  await simulator.close();
  report({
    name: 'start',
    what: `cold starts, ${TIMES} times each; the demo with an empty folder until it has ended, the worker until it has stopped again`,
    settings: { times: TIMES },
    rows: [
      { what: 'demo', ...demo },
      { what: 'worker', ...worker },
      { what: '--help', ...help },
    ],
  });
});
