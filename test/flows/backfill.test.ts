// Promise: a backfill reads a part of the past again, piece by piece, and stays behind everything that is scheduled.
import { expect, test } from 'vitest';
import { collectionNamed } from '../../src/collections/index.js';
import { openDatabase } from '../../src/db/database.js';
import { readRun, readWindows } from '../../src/db/ledger.js';
import { openSimulator } from '../../src/simulator/index.js';
import { startRun } from '../../src/sync/runs/start-run.js';
import { fullSync, openTestApp } from '../support/app.js';
import { runCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { expectTablesToEqualTruth, readRows } from '../support/truth.js';
import { until } from '../support/until.js';

const noOthers = { shipments: 60, returns: 0, restocking_shipments: 0, warehouses: 0 };

test('the command reads months newest first, says what it clamps, and a dry run writes nothing', async () => {
  const simulator = await openSimulator({ sizes: { ...noOthers, orders: 400 }, rate: 'unlimited', spanDays: 300 });
  const url = await createDatabase();
  const env = { HIVE_API_KEY: simulator.apiKey, HIVE_API_URL: simulator.url, DATABASE_URL: url };

  const plan = await runCli(
    ['backfill', 'orders', 'shipments', '--from', '2020-01-01', '--to', '2030-01-01', '--dry-run'],
    env,
  );
  expect(plan).toMatchObject({ code: 0 });
  expect(plan.stderr).toContain('--to lies in the future');
  expect(plan.stderr).toContain('The oldest record is of');
  expect(plan.stderr).toContain('shipments: the API has no filter by date here');
  expect(plan.stdout).toMatch(/requests at [\d,]+ per 60 s: about/);
  const database = await openDatabase(url, { connections: 1 });
  expect(await readRows(database, 'orders')).toEqual([]);

  const march = await runCli(['backfill', 'orders', '--from', '2026-03-01', '--to', '2026-03-31'], env);
  expect(march).toMatchObject({ code: 0 });
  const rows = await readRows(database, 'orders');
  expect(rows.length).toBeGreaterThan(20);
  expect(rows.every(({ created_at }) => String(created_at).startsWith('2026-03'))).toBe(true);

  expect(await runCli(['backfill', 'all'], env)).toMatchObject({ code: 0 });
  await expectTablesToEqualTruth(url, simulator, ['orders', 'shipments']);
  await database.close();
  await simulator.close();
});

test.each([
  [['--from', 'yesterday'], '--from is "yesterday". Expected a date such as'],
  [['--from', '2026-02-30'], '--from is "2026-02-30"'],
  [['--from', '2026-03-02', '--to', '2026-03-01'], 'lies after --to'],
])('%j: one sentence, exit 2, and no request', async (args, sentence) => {
  const ended = await runCli(['backfill', 'orders', ...args], {
    HIVE_API_KEY: 'k',
    HIVE_API_URL: 'http://127.0.0.1:9',
  });
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).toContain(sentence);
});

const ORDERS = Number(process.env.SOAK_ORDERS ?? 9_000);

test(
  'a long range is halved, the queue stays short, and a run that comes in between waits for a few pages only',
  async () => {
    const simulator = await openSimulator({
      sizes: { ...noOthers, orders: ORDERS },
      rate: 'unlimited',
      spanDays: 50,
    });
    const url = await createDatabase();
    const testApp = await openTestApp(simulator, url);
    const { account, app } = testApp;
    await fullSync(testApp, ['skus']);
    const orders = collectionNamed('orders');
    const skus = collectionNamed('skus');
    if (orders === undefined || skus === undefined) throw new Error('both are in the list');
    const range = { from: new Date('2026-09-01'), to: new Date('2026-11-01T12:00:00Z') };
    const { id } = await startRun(account.context, [orders], { mode: 'backfill', trigger: 'cli', ...range });
    const worker = account.work();
    let longest = 0;
    const count = async () => {
      const counts = await account.queue.queue.getJobCounts();
      longest = Math.max(
        longest,
        Object.values(counts).reduce((sum, n) => sum + n, 0),
      );
    };
    await until('the backfill is well under way', async () => {
      await count();
      return simulator.requests.length > 60;
    });

    const from = simulator.requests.length;
    const urgent = await startRun(account.context, [skus], { mode: 'incremental', trigger: 'schedule' });
    await until('the incremental run ends', async () => (await readRun(app.store.db, urgent.id))?.state === 'complete');
    const meanwhile = simulator.requests.slice(from);
    const lastSku = meanwhile.findLastIndex(({ path }) => path.endsWith('/skus'));
    // Its first page, its other pages and the head above them come one after the other.
    expect(meanwhile.slice(0, lastSku).filter(({ path }) => path.endsWith('/orders')).length).toBeLessThanOrEqual(
      4 * 4 + 4,
    );

    await until(
      'the backfill ends',
      async () => {
        await count();
        return (await readRun(app.store.db, id))?.state === 'complete';
      },
      60_000 + ORDERS * 20,
    );
    await worker.close();
    const windows = await readWindows(app.store.db, id);
    expect(windows.filter(({ state }) => state === 'split').length).toBeGreaterThan(0);
    expect(
      windows.filter(({ state }) => state === 'certified').every(({ page_count }) => (page_count ?? 0) <= 200),
    ).toBe(true);
    console.log(
      `backfill of ${simulator.count('orders')} orders: ${windows.length} windows, at most ${longest} jobs in the queue`,
    );
    // However long the backfill: two ranges of eight pages, and as much of the run that came in between.
    expect(longest).toBeLessThanOrEqual(36);
    await expectTablesToEqualTruth(url, simulator, ['orders']);
    await testApp.close();
    await simulator.close();
  },
  120_000 + ORDERS * 25,
);
