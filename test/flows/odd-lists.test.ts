// Promise: whatever the API says of the length of a list, however it answers a page beyond its end and whether or not it
// keeps to a filter: no record is missing in what is called complete, and neither the requests nor the queue run away.
import { afterEach, expect, test } from 'vitest';
import { collections } from '../../src/collections/index.js';
import { readRun, readWindows } from '../../src/db/ledger.js';
import { openSimulator, type SimulatorOptions } from '../../src/simulator/index.js';
import { startRun } from '../../src/sync/runs/start-run.js';
import { fullSync, openTestApp, syncOnce, type TestApp } from '../support/app.js';
import { createDatabase } from '../support/database.js';
import { expectTablesToEqualTruth } from '../support/truth.js';
import { until } from '../support/until.js';

const PER_PAGE = 5;
const PAGES = 12;
const LISTS = ['orders', 'shipments'] as const;
type List = (typeof LISTS)[number];

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function stageOf(list: List, options: SimulatorOptions = {}) {
  const sizes = { orders: PAGES * PER_PAGE, shipments: 0, [list]: PAGES * PER_PAGE };
  const simulator = await openSimulator({ seed: 7, sizes, itemsPerPage: PER_PAGE, rate: 'unlimited', ...options });
  const databaseUrl = await createDatabase();
  const app = await openTestApp(simulator, databaseUrl);
  let longest = 0;
  const { enqueue } = app.account.context;
  const watching: TestApp = {
    ...app,
    account: {
      ...app.account,
      context: {
        ...app.account.context,
        enqueue: async (tasks) => {
          longest = Math.max(longest, tasks.length);
          await enqueue(tasks);
        },
      },
    },
  };
  closing.push(async () => {
    await app.close();
    await simulator.close();
  });
  return { simulator, app: watching, url: databaseUrl, longest: () => longest };
}

const ODD = [0, -1, 2_000_000_000, 'three', ...(process.env.SOAK === undefined ? [] : [1, '12', null, 2.5])];
const NAMES = ['page_count', 'item_count', 'items_per_page', 'current_page'];
const PLACES: [string, number][] = [
  ['first', 1],
  ['middle', 6],
  ['last', PAGES],
];

test.each(LISTS)(
  'one odd number of pagination in %s, of any kind and on any page, costs a few requests and no record',
  async (list) => {
    const stage = await stageOf(list);
    const { simulator, app } = stage;
    // SOAK tries all of them, and all odd numbers.
    for (const [, page] of list === 'orders' || process.env.SOAK !== undefined ? PLACES : PLACES.slice(1, 2)) {
      for (const name of NAMES) {
        for (const value of [...ODD, undefined]) {
          simulator.clearFaults();
          const respond =
            value === undefined ? { patchPagination: {}, without: [name] } : { patchPagination: { [name]: value } };
          simulator.addFault({ match: { path: `/${list}`, page }, respond });
          const before = simulator.stats().requests;
          const { run } = await fullSync(app, [list]);
          const what = `${name} is ${JSON.stringify(value)} on page ${page}`;
          expect({ what, state: run.state, reason: run.reason }).toEqual({ what, state: 'complete', reason: null });
          expect(simulator.stats().requests - before, what).toBeLessThanOrEqual(4 * PAGES);
        }
      }
    }
    expect(stage.longest()).toBeLessThanOrEqual(2 * 8);
    await expectTablesToEqualTruth(stage.url, simulator, [list]);
  },
  300_000,
);

test.each([
  ['a wild number of pages beside the right count', { page_count: 200_000 }, 'middle'],
  [
    'a wild number of pages that agrees with itself',
    { page_count: 200_000, item_count: 1_000_000, items_per_page: 5 },
    'middle',
  ],
  ['the same on the first page', { page_count: 200_000, item_count: 1_000_000, items_per_page: 5 }, 'first'],
])('%s, once: the next answer takes it back', async (_what, patchPagination, place) => {
  const stage = await stageOf('orders');
  const page = place === 'first' ? 1 : 6;
  stage.simulator.addFault({ match: { path: '/orders', page }, respond: { patchPagination } });
  const { run } = await fullSync(stage.app, ['orders']);
  expect(run).toMatchObject({ state: 'complete' });
  expect(stage.simulator.requests.filter(({ page }) => (page ?? 0) > PAGES).length).toBeLessThanOrEqual(2 * 8);
  expect(stage.simulator.stats().requests).toBeLessThanOrEqual(5 * PAGES);
  await expectTablesToEqualTruth(stage.url, stage.simulator, ['orders']);
});

test.each(
  (['empty', 'not-found', 'last-page'] as const).flatMap((pastEnd) =>
    LISTS.flatMap(
      (list) =>
        [
          [
            list,
            'wild numbers that agree',
            pastEnd,
            { page_count: 200_000, item_count: 1_000_000, items_per_page: 5 },
            [],
          ],
          [list, 'a wild number of pages and no count', pastEnd, { page_count: 200_000 }, ['item_count']] as const,
        ] as const,
    ),
  ),
)(
  '%s of which the API always says %s are read to their real end, where it answers %s beyond, and never called complete',
  async (list, _what, pastEnd, patchPagination, without) => {
    const stage = await stageOf(list, { pastEnd });
    const respond = { patchPagination, without };
    stage.simulator.addFault({ match: { path: `/${list}` }, times: null, respond });
    const { run } = await fullSync(stage.app, [list], 120_000);
    expect(run.state).toBe('incomplete');
    expect(run.reason).toContain(`${list}: `);
    expect(stage.simulator.stats().requests).toBeLessThanOrEqual(8 * (PAGES + 60));
    expect(stage.longest()).toBeLessThanOrEqual(2 * 8);
    await expectTablesToEqualTruth(stage.url, stage.simulator, [list]);
  },
  180_000,
);

test.each(LISTS)(
  '%s without any pagination are read page by page to the end, and never called complete',
  async (list) => {
    const without = ['current_page', 'page_count', 'item_count', 'items_per_page'];
    const stage = await stageOf(list);
    stage.simulator.addFault({ match: { path: `/${list}` }, times: null, respond: { patchPagination: {}, without } });
    const { run } = await fullSync(stage.app, [list]);
    expect(run).toMatchObject({
      state: 'incomplete',
      reason: expect.stringContaining('item_count cannot be used as proof'),
    });
    await expectTablesToEqualTruth(stage.url, stage.simulator, [list]);
  },
);

test.each(
  (['empty', 'not-found', 'last-page'] as const).flatMap((pastEnd) => LISTS.map((list) => [pastEnd, list] as const)),
)(
  'where a page beyond the end is answered with %s, %s that become shorter while they are read are complete, without a dead letter',
  async (pastEnd, list) => {
    const stage = await stageOf(list, { pastEnd });
    const { simulator, app } = stage;
    // The last two pages go while the first ones are read, whatever the order.
    simulator.addDrift({
      before: { path: `/${list}`, nth: 2 },
      do: Array.from({ length: 2 * PER_PAGE }, () => ({
        kind: 'delete' as const,
        collection: list,
        position: (PAGES - 2) * PER_PAGE,
      })),
    });
    const { run } = await fullSync(app, [list]);
    expect(run).toMatchObject({ state: 'complete', reason: null });
    await expectTablesToEqualTruth(stage.url, simulator, [list]);
  },
);

test('an API that ignores the filter by created_at: the list is read as one without a filter', async () => {
  const stage = await stageOf('orders', { ignoresFilters: true });
  const { simulator, app } = stage;
  const range = { from: new Date('2026-09-01'), to: new Date('2026-09-20') };
  const { run, windows } = await syncOnce(app, ['orders'], { mode: 'backfill', trigger: 'cli', ...range });
  expect(run).toMatchObject({ state: 'complete' });
  expect(windows.filter(({ kind }) => kind === 'whole')).toHaveLength(1);
  expect(simulator.stats().requests).toBeLessThanOrEqual(PAGES + 8);
  await expectTablesToEqualTruth(stage.url, simulator, ['orders']);

  // Orders that are dated in the future stand above every pin: so it is noticed in a full run, too.
  const future = new Date(Date.now() + 86_400_000).toISOString();
  simulator.apply({ kind: 'insert', collection: 'orders', value: { created_at: future } });
  expect((await fullSync(app, ['orders'])).run).toMatchObject({ state: 'complete' });
  await expectTablesToEqualTruth(stage.url, simulator, ['orders']);
});

test('orders that are dated in the future are read by full and incremental runs, and change like others', async () => {
  const stage = await stageOf('orders');
  const { simulator, app } = stage;
  const ahead = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
  for (const hours of [1, 2, 24 * 365]) {
    simulator.apply({ kind: 'insert', collection: 'orders', value: { created_at: ahead(hours) } });
  }
  expect((await fullSync(app, ['orders'])).run).toMatchObject({ state: 'complete' });
  await expectTablesToEqualTruth(stage.url, simulator, ['orders']);
  simulator.apply({ kind: 'insert', collection: 'orders', value: { created_at: ahead(3) } });
  simulator.apply({ kind: 'update', collection: 'orders', position: 0, patch: { status: 'fulfilled' } });
  simulator.apply({ kind: 'delete', collection: 'orders', position: 2 });
  simulator.apply({ kind: 'insert', collection: 'orders' });
  expect((await syncOnce(app, ['orders'], { mode: 'incremental', trigger: 'cli' })).run).toMatchObject({
    state: 'complete',
  });
  await expectTablesToEqualTruth(stage.url, simulator, ['orders']);
});

test('what is proved is proved as of the start of the earliest request, however late its answer came', async () => {
  const stage = await stageOf('shipments');
  const { simulator, app } = stage;
  simulator.addFault({ match: { path: '/shipments', page: 1 }, respond: { delayMs: 2_000 } });
  const [shipments] = collections.filter(({ name }) => name === 'shipments');
  if (shipments === undefined) throw new Error('it is in the list');
  const { id } = await startRun(app.account.context, [shipments], { mode: 'full', trigger: 'cli' });
  const started = (await readRun(app.app.store.db, id))?.started_at.getTime() ?? 0;
  const worker = app.account.work();
  await until('the first page is asked for', () => simulator.stats().requests === 1);
  // It comes into the answer, and nobody sees it: what was proved before it came says nothing of it.
  const came = Date.now();
  await until('the run ends', async () => (await readRun(app.app.store.db, id))?.state === 'complete');
  await worker.close();
  const [window] = await readWindows(app.app.store.db, id);
  expect(window?.as_of?.getTime()).toBeLessThanOrEqual(came);
  expect(window?.as_of?.getTime()).toBeGreaterThanOrEqual(started);
  expect(window?.started_at?.getTime()).toBeGreaterThan(came + 1_500);
});

test("what is proved is not later than the API's own clock had come", async () => {
  const behindMs = 3_600_000;
  const stage = await stageOf('orders', { clockAheadMs: -behindMs });
  const { run, windows } = await fullSync(stage.app, ['orders']);
  expect(run.state).toBe('complete');
  for (const { kind, as_of: asOf } of windows) {
    expect(asOf?.getTime(), kind).toBeLessThanOrEqual(Date.now() - behindMs);
    expect(asOf?.getTime(), kind).toBeGreaterThan(Date.now() - behindMs - 60_000);
  }
});

test.each(LISTS)(
  '%s: a page that lay beyond the end when it was asked for lies within the list again: the run ends',
  async (list) => {
    const { simulator, app, url } = await stageOf(list);
    const middle = 6;
    const shorter = { current_page: middle, item_count: 4 * PER_PAGE, page_count: 4, items_per_page: PER_PAGE };
    simulator.addFault({
      match: { path: `/${list}`, page: middle },
      respond: { status: 200, body: { data: [], pagination: shorter } },
    });
    const { run, windows } = await fullSync(app, [list]);
    expect(run).toMatchObject({ state: 'complete', reason: null });
    expect(windows.find(({ kind }) => kind === 'whole')).toMatchObject({ state: 'certified', moved: true });
    await expectTablesToEqualTruth(url, simulator, [list]);
  },
);
