// How much of the rate budget is used while there is work, and whether the API ever has to refuse: two workers, three
// windows, an API that counts in a rolling window.
import { test } from 'vitest';
import type { RequestRecord, RequestStats } from '../src/simulator/index.js';
import { startCli } from '../test/support/cli.js';
import { until } from '../test/support/until.js';
import { isShort, report } from './support/report.js';
import { KEY, openServers, SEED, startSimulator } from './support/scene.js';

const [LIMIT, WINDOW_MS] = isShort ? [20, 3_000] : [100, 60_000];
const WINDOWS = 3;

test('budget', async () => {
  const sizes = {
    orders: LIMIT * 20 * (WINDOWS + 1),
    shipments: 0,
    returns: 0,
    skus: 0,
    restockingShipments: 0,
    warehouses: 0,
  };
  const flags = ['--rate-limit', String(LIMIT), '--rate-window', String(WINDOW_MS), '--rate-kind', 'rolling'];
  const simulator = await startSimulator(sizes, [...flags, '--latency', '30']);
  const servers = await openServers('Redis');
  const workers = [1, 2].map(() =>
    startCli(['worker'], {
      ...servers.env,
      HIVE_API_KEY: KEY,
      HIVE_API_URL: simulator.url,
      HIVE_RATE_LIMIT: String(LIMIT),
      HIVE_RATE_WINDOW_MS: String(WINDOW_MS),
      HTTP_PORT: '0',
      LOG_LEVEL: 'warn',
    }),
  );
  const ask = async <T>(path: string) => (await (await fetch(simulator.origin + path)).json()) as T;
  await until(
    'three windows have passed',
    async () => {
      const [first] = await ask<RequestRecord[]>('/__requests');
      return first !== undefined && Date.now() > first.at + WINDOWS * WINDOW_MS;
    },
    (WINDOWS + 2) * WINDOW_MS + 30_000,
  );
  const requests = await ask<RequestRecord[]>('/__requests');
  const { rateLimited, maxInAnyWindow } = await ask<RequestStats>('/__stats');
  for (const worker of workers) worker.kill('SIGTERM');
  await Promise.all(workers.map(({ ended }) => ended));
  const begin = requests[0]?.at ?? 0;
  const within = requests.filter(({ at }) => at < begin + WINDOWS * WINDOW_MS);
  const pages = new Set(within.filter(({ status }) => status === 200).map(({ path, query }) => `${path}?${query}`));
  await servers.close();
  await simulator.close();
  report({
    name: 'budget',
    what: `${WINDOWS} windows with two workers; goal: no 429, at least 99 % of the budget used`,
    settings: { seed: SEED, limit: LIMIT, windowMs: WINDOW_MS, kind: 'rolling', latencyMs: 30, workers: 2 },
    rows: [
      {
        'requests possible': LIMIT * WINDOWS,
        'requests sent': within.length,
        'share %': (100 * within.length) / (LIMIT * WINDOWS),
        '429s': rateLimited,
        'most in any window': maxInAnyWindow,
        'requests per page': within.length / pages.size,
      },
    ],
  });
});
