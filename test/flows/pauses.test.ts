// Promise: a list may change while nobody reads it, without a trace in any count. What was read before a pause and what
// was read after it prove nothing together, whatever made the pause.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { collections } from '../../src/collections/index.js';
import { readRun, readWindows } from '../../src/db/ledger.js';
import { openSimulator, type Simulator } from '../../src/simulator/index.js';
import { startRun } from '../../src/sync/runs/start-run.js';
import { openTestApp, type TestApp, workOff } from '../support/app.js';
import { createDatabase } from '../support/database.js';
import { expectTablesToEqualTruth } from '../support/truth.js';
import { until } from '../support/until.js';

/** What is on file was so long ago: as if so much time had passed since. */
function letTimePass({ app }: TestApp, seconds: number) {
  const by = sql`make_interval(secs => ${seconds})`;
  return app.store.db.execute(sql`
    with pages as (update sync.pages set requested_at = requested_at - ${by}, answered_at = answered_at - ${by},
        committed_at = committed_at - ${by}),
      rows as (update hive.orders set _fetched_at = _fetched_at - ${by})
    update sync.windows set last_answered_at = last_answered_at - ${by}, to_at = to_at - ${by},
      counted_at = counted_at - ${by}`);
}

const TEN_MINUTES = 600;

/** Orders in three pages, of which the second is not answered; the process is told to stop then. */
async function interrupted(
  rate: 'unlimited' | { limit: number } = 'unlimited',
): Promise<{ simulator: Simulator; url: string; testApp: TestApp; runId: number }> {
  const simulator = await openSimulator({ seed: 4, sizes: { orders: 60 }, rate });
  const url = await createDatabase();
  const testApp = await openTestApp(simulator, url);
  // For as long as it takes: on a busy machine the request may be given up and made again.
  simulator.addFault({ match: { path: '/orders', page: 2 }, times: null, respond: { hang: true } });
  const orders = collections.filter(({ name }) => name === 'orders');
  const { id: runId } = await startRun(testApp.account.context, orders, { mode: 'full', trigger: 'cli' });
  const worker = testApp.account.work();
  await until(
    'pages 1 and 3 are read',
    async () => (await readWindows(testApp.app.store.db, runId))[0]?.pages_read === 2,
  );
  await worker.close();
  simulator.clearFaults();
  const read = await testApp.app.store.db.execute(sql`select page from sync.pages order by page`);
  expect(read).toEqual([{ page: 1 }, { page: 3 }]);
  return { simulator, url, testApp, runId };
}

test('one deletion and one back-dated insertion in a pause: nothing is missing, and nothing that is gone counts', async () => {
  const { simulator, url, testApp, runId } = await interrupted();
  await letTimePass(testApp, TEN_MINUTES);
  // An order of page 3 goes, another comes into page 1: the count is the same, and page 2 shows neither.
  simulator.apply({ kind: 'delete', collection: 'orders', position: 45 });
  simulator.apply({ kind: 'insertBackdated', collection: 'orders', position: 5 });
  const { run, windows } = await workOff(testApp, runId);
  expect(run).toMatchObject({ state: 'complete' });
  expect(windows[0]).toMatchObject({ kind: 'whole', state: 'certified', moved: true });
  await expectTablesToEqualTruth(url, simulator, ['orders']);
  await testApp.close();
  await simulator.close();
});

test('a list that did not change in the pause costs the pages around it once more, and is proved as of its first page', async () => {
  const { simulator, url, testApp, runId } = await interrupted();
  const before = simulator.stats().requests;
  await letTimePass(testApp, TEN_MINUTES);
  const { run, windows } = await workOff(testApp, runId);
  expect(run).toMatchObject({ state: 'complete' });
  // Page 2, all three once more, and the head above the list.
  expect(simulator.stats().requests - before).toBe(1 + 3 + 1);
  const { db } = testApp.app.store;
  const [first] = await db.execute<{ ms: number }>(sql`
    select extract(epoch from min(requested_at))::float8 * 1000 as ms from sync.pages where window_id = ${windows[0]?.id}`);
  expect(windows[0]?.as_of?.getTime()).toBe(Math.round(first?.ms ?? 0));
  expect(windows[0]?.as_of?.getTime()).toBeLessThan((await readRun(db, runId))?.started_at.getTime() ?? 0);
  await expectTablesToEqualTruth(url, simulator, ['orders']);
  await testApp.close();
  await simulator.close();
});

test.each([
  { limit: 100, again: 3, moved: true },
  { limit: 10, again: 0, moved: false },
])('twenty seconds are a pause at $limit requests a minute: $moved', async ({ limit, again, moved }) => {
  // Where the API allows ten requests a minute, six seconds lie between two pages of every list.
  const { simulator, testApp, runId } = await interrupted({ limit });
  const before = simulator.stats().requests;
  await letTimePass(testApp, 20);
  const { run, windows } = await workOff(testApp, runId);
  expect(run).toMatchObject({ state: 'complete' });
  expect(windows[0]).toMatchObject({ kind: 'whole', state: 'certified', moved });
  expect(simulator.stats().requests - before).toBe(1 + again + 1);
  await testApp.close();
  await simulator.close();
});
