// Promise: the worker reads a new account at once, follows its schedule, and leaves in good order.

import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/db/database.js';
import { openSimulator } from '../../src/simulator/index.js';
import { startCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { describeQueue } from '../support/needs.js';
import { expectTablesToEqualTruth } from '../support/truth.js';
import { until } from '../support/until.js';

describeQueue(({ env }) => {
  test('a first run is full, the next ones are incremental, and SIGTERM ends it with 0 within 10 s', async () => {
    const simulator = await openSimulator({ rate: 'unlimited', sizes: { orders: 100, shipments: 100 } });
    const url = await createDatabase();
    const database = await openDatabase(url, { connections: 1 });
    const worker = startCli(['worker'], {
      HIVE_API_KEY: simulator.apiKey,
      HIVE_API_URL: simulator.url,
      DATABASE_URL: url,
      SYNC_INCREMENTAL_EVERY: '2s',
      ...env,
    });
    const ended = (mode: string, n: number) =>
      until(
        `${n} ${mode} runs are complete`,
        async () => {
          const runs = await database.db.execute(
            sql`select id from sync.runs where mode = ${mode} and state = 'complete' and trigger = 'schedule'`,
          );
          return runs.length >= n;
        },
        100_000,
      );
    await ended('full', 1);
    simulator.apply({ kind: 'insert', collection: 'orders' });
    await ended('incremental', 2);
    await expectTablesToEqualTruth(url, simulator);

    const at = performance.now();
    worker.kill('SIGTERM');
    const { code, stderr } = await worker.ended;
    expect(code).toBe(0);
    expect(performance.now() - at).toBeLessThan(10_000);
    for (const line of stderr.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('msg');
    expect(stderr).not.toContain(simulator.apiKey);
    const [going] = await database.db.execute(sql`select count(*) as n from sync.runs where mode = 'full'`);
    expect(going).toEqual({ n: 1 });
    await database.close();
    await simulator.close();
  }, 240_000);
});
