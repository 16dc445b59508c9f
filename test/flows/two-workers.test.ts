// Promise: several workers share the work and one budget; when one is killed, the others go on.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/db/database.js';
import { openSimulator } from '../../src/simulator/index.js';
import { oneBackend, startCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { expectTablesToEqualTruth } from '../support/truth.js';
import { until } from '../support/until.js';

const LIMIT = 20;
const WINDOW_MS = 3_000;
/** Longer than the spare time between two windows. */
const STANDSTILL_MS = 100;
const sizes = { orders: 1_000, shipments: 400, returns: 0, skus: 0, restocking_shipments: 0, warehouses: 0 };

describe.each(oneBackend())('queue on $name', ({ env }) => {
  test('two workers, three windows, one of them killed: no 429, both worked, and everything arrives', async () => {
    // The simulator lives here: where this process stands still, requests that were sent apart arrive together.
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const simulator = await openSimulator({ sizes, rate: { limit: LIMIT, windowMs: WINDOW_MS }, latencyMs: 20 });
    const url = await createDatabase();
    const start = () =>
      startCli(['worker'], {
        ...env,
        HIVE_API_KEY: simulator.apiKey,
        HIVE_API_URL: simulator.url,
        DATABASE_URL: url,
        HIVE_RATE_LIMIT: String(LIMIT),
        HIVE_RATE_WINDOW_MS: String(WINDOW_MS),
        HTTP_PORT: '0',
        LOG_LEVEL: 'debug',
      });
    const workers = [start(), start()];
    const pagesOf = (worker: ReturnType<typeof startCli>) => worker.output().stderr.split('"page stored"').length - 1;
    await until('both have stored pages', () => workers.every((worker) => pagesOf(worker) >= 5), 120_000);
    workers[0]?.kill('SIGKILL');
    const { db, close } = await openDatabase(url, { connections: 1 });
    await until(
      'the run is complete',
      async () =>
        (await db.execute(sql`select from sync.runs where mode = 'full' and state = 'complete'`)).length === 1,
    );
    await expectTablesToEqualTruth(url, simulator);
    expect(simulator.requests.length).toBeGreaterThan(3 * LIMIT);
    delay.disable();
    const together = delay.max / 1e6 > STANDSTILL_MS ? 2 : 0;
    expect(simulator.stats().rateLimited, `stood still for ${delay.max / 1e6} ms`).toBeLessThanOrEqual(together);
    expect(simulator.stats().maxInAnyWindow).toBeLessThanOrEqual(LIMIT);
    workers[1]?.kill('SIGTERM');
    expect(await workers[1]?.ended).toMatchObject({ code: 0 });
    await close();
    await simulator.close();
  }, 300_000);
});
