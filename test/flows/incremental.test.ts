// Promise: an incremental run finds what is new and what changed for about as many requests as pages hold open records.

import { expect, test } from 'vitest';
import { readHeadMark } from '../../src/db/head-marks.js';
import { type CollectionName, openSimulator, type Simulator, SimulatorOptionError } from '../../src/simulator/index.js';
import { fullSync, openTestApp, syncOnce } from '../support/app.js';
import { createDatabase } from '../support/database.js';
import { expectTablesToEqualTruth } from '../support/truth.js';
import { until } from '../support/until.js';

const incremental = { mode: 'incremental', trigger: 'cli' } as const;
const noOthers = { shipments: 0, returns: 0, restocking_shipments: 0, warehouses: 0 };

interface Order {
  id: number;
  status: string;
}

/** Every order is fulfilled, but for those at these positions of the list. */
function openOnly(simulator: Simulator, positions: ReadonlySet<number>): void {
  for (const [position, { id, status }] of (simulator.truth('orders') as unknown as Order[]).entries()) {
    const wanted = positions.has(position) ? 'fulfillable' : 'fulfilled';
    if (status !== wanted) simulator.apply({ kind: 'update', collection: 'orders', id, patch: { status: wanted } });
  }
}

const newest = (simulator: Simulator): number =>
  Date.parse((simulator.truth('orders')[0] as unknown as { created_at: string }).created_at);

/** Moves up to five records on by a step of their state; those that are at the end have none. */
function stepOpenOnes(
  simulator: Simulator,
  collection: Exclude<CollectionName, 'skus' | 'warehouses'>,
  from: number,
): number {
  let stepped = 0;
  for (let position = from; position < simulator.count(collection) && stepped < 5; position += 1) {
    try {
      simulator.apply({ kind: 'update', collection, position, step: true });
      stepped += 1;
    } catch (error) {
      if (!(error instanceof SimulatorOptionError)) throw error;
    }
  }
  return stepped;
}

const pagesOf = (positions: Iterable<number>): number =>
  new Set([...positions].map((position) => Math.floor(position / 20))).size;

const requestsTo = (simulator: Simulator, path: string): number =>
  simulator.requests.filter((request) => request.path.endsWith(path)).length;

/** In CI a smaller account: what is asked for goes by the open orders, not by the size. */
const ORDERS = process.env.SOAK === undefined ? 5_000 : 20_000;

test(`${ORDERS} orders of which 300 are open, 15 new and 40 changed: at most 1.3 requests per page with an open order`, async () => {
  const simulator = await openSimulator({ sizes: { ...noOthers, orders: ORDERS }, rate: 'unlimited' });
  const positions = new Set<number>();
  for (let i = 0; positions.size < 290; i += 1) positions.add((i * 617) % 1_000);
  for (let i = 1; i <= 10; i += 1) positions.add(i * 0.095 * ORDERS);
  openOnly(simulator, positions);
  const url = await createDatabase();
  const testApp = await openTestApp(simulator, url);
  expect((await fullSync(testApp, ['orders', 'skus'], 120_000)).run.state).toBe('complete');

  const open = (simulator.truth('orders') as unknown as Order[]).filter(({ status }) => status === 'fulfillable');
  for (const { id } of open.filter((_, i) => i % 8 === 0).slice(0, 38)) {
    simulator.apply({ kind: 'update', collection: 'orders', id, patch: { status: 'fulfilled' } });
  }
  for (const { id } of open.slice(-2))
    simulator.apply({ kind: 'update', collection: 'orders', id, patch: { tags: ['late'] } });
  for (let i = 0; i < 15; i += 1) simulator.apply({ kind: 'insert', collection: 'orders' });
  // Fifteen in one millisecond get an instant each: the last ones lie a little ahead of the clock.
  await until('the newest order lies in the past', () => Date.now() > newest(simulator) + 5);

  const before = { orders: requestsTo(simulator, '/orders'), skus: requestsTo(simulator, '/skus') };
  const { run } = await syncOnce(testApp, ['orders', 'skus'], incremental, 60_000);
  expect(run).toMatchObject({ state: 'complete', mode: 'incremental' });
  const spent = {
    orders: requestsTo(simulator, '/orders') - before.orders,
    skus: requestsTo(simulator, '/skus') - before.skus,
  };
  const holding = pagesOf(positions);
  console.log(
    `incremental: ${spent.orders} requests for orders and ${spent.skus} for SKUs; ${holding} pages hold open orders, a full walk takes ${ORDERS / 20}`,
  );
  expect(spent.orders).toBeLessThanOrEqual(1.3 * holding);
  // Three pages, and the head above them.
  expect(spent.skus).toBe(3 + 1);
  await expectTablesToEqualTruth(url, simulator, ['orders', 'skus']);

  // A second one finds nothing to change, and the watermark has moved with the first.
  const changes = simulator.requests.length;
  expect((await syncOnce(testApp, ['orders'], incremental)).run.state).toBe('complete');
  expect(simulator.requests.length - changes).toBeLessThanOrEqual(1.3 * holding);
  await testApp.close();
  await simulator.close();
}, 240_000);

test('closed orders that may still be refunded are looked at in turns, so that a run is over before the next', async () => {
  const simulator = await openSimulator({
    sizes: { ...noOthers, orders: 600 },
    rate: 'unlimited',
    endAt: new Date(Date.now() - 3_600_000),
    spanDays: 20,
  });
  openOnly(simulator, new Set([3, 411]));
  const url = await createDatabase();
  // A quarter of what fits into one second: ten pages of closed orders a run.
  const testApp = await openTestApp(simulator, url, { HIVE_RATE_LIMIT: '2400', SYNC_INCREMENTAL_EVERY: '1s' });
  expect((await fullSync(testApp, ['orders'])).run.state).toBe('complete');

  // One on each page is refunded.
  for (let position = 10; position < 600; position += 20) {
    simulator.apply({ kind: 'update', collection: 'orders', position, patch: { financial_status: 'refunded' } });
  }
  for (const most of [14, 13, 13]) {
    await expect(expectTablesToEqualTruth(url, simulator, ['orders'])).rejects.toThrow('financial_status');
    const before = requestsTo(simulator, '/orders');
    const { run, windows } = await syncOnce(testApp, ['orders'], incremental);
    expect(run.state).toBe('complete');
    expect(requestsTo(simulator, '/orders') - before).toBeLessThanOrEqual(most);
    expect(windows.find(({ kind }) => kind === 'chosen')?.pages_again?.length).toBeLessThanOrEqual(12);
  }
  await expectTablesToEqualTruth(url, simulator, ['orders']);
  await testApp.close();
  await simulator.close();
});

test.each(['shipments', 'returns', 'restocking_shipments'] as const)(
  'without a filter by created_at (%s) new records and changes of open ones are found, while the list grows',
  async (collection) => {
    const simulator = await openSimulator({
      sizes: { ...noOthers, orders: 400, [collection]: 400 },
      rate: 'unlimited',
      openDays: 20,
    });
    const url = await createDatabase();
    const testApp = await openTestApp(simulator, url);
    expect((await fullSync(testApp, [collection])).run.state).toBe('complete');

    for (let i = 0; i < 70; i += 1) simulator.apply({ kind: 'insert', collection });
    expect(stepOpenOnes(simulator, collection, 70)).toBeGreaterThan(2);
    const from = simulator.requests.length;
    simulator.addDrift({ before: { requestNumber: from + 3 }, do: [{ kind: 'insert', collection }] });
    const { run } = await syncOnce(testApp, [collection], incremental);
    expect(run).toMatchObject({ state: 'complete', reason: null });
    const spent = simulator.requests.length - from;
    expect(spent).toBeLessThan(20);

    // The one that came in the middle of that run is the next one's.
    expect((await syncOnce(testApp, [collection], incremental)).run.state).toBe('complete');
    await expectTablesToEqualTruth(url, simulator, [collection]);
    await testApp.close();
    await simulator.close();
  },
);

test.each(['orders', 'shipments'] as const)(
  "new %s are found although the API's clock is two hours behind PostgreSQL's",
  async (collection) => {
    const behindMs = 2 * 3_600_000;
    const simulator = await openSimulator({
      sizes: { ...noOthers, orders: 0, skus: 0, [collection]: 90 },
      rate: 'unlimited',
      endAt: new Date(Date.now() - behindMs - 60_000),
      spanDays: 20,
    });
    // Nothing else brings the run to the newest pages.
    const closed = { orders: { status: 'fulfilled' }, shipments: { status: 'cancelled' } };
    for (let position = 0; position < 90; position += 1) {
      simulator.apply({ kind: 'update', collection, position, patch: closed[collection] });
    }
    const url = await createDatabase();
    const testApp = await openTestApp(simulator, url, { SYNC_LOOKBACK_DAYS: '0' });
    expect((await fullSync(testApp, [collection])).run.state).toBe('complete');
    for (let nth = 0; nth < 50; nth += 1) {
      const createdAt = new Date(Date.now() - behindMs + nth);
      simulator.apply({ kind: 'insertBackdated', collection, createdAt });
    }
    expect((await syncOnce(testApp, [collection], incremental)).run.state).toBe('complete');
    await expectTablesToEqualTruth(url, simulator, [collection]);
    await testApp.close();
    await simulator.close();
  },
);

test('a back-dated order is not in the head: the counts differ, and its place is found with a few requests', async () => {
  const simulator = await openSimulator({ sizes: { ...noOthers, orders: 2_000 }, rate: 'unlimited' });
  const url = await createDatabase();
  const testApp = await openTestApp(simulator, url, { SYNC_LOOKBACK_DAYS: '0' });
  // None is open, so that no run looks at the pages below the head.
  for (let position = 0; position < 2_000; position += 1) {
    simulator.apply({ kind: 'update', collection: 'orders', position, patch: { status: 'fulfilled' } });
  }
  await fullSync(testApp, ['orders']);
  const backDate = (position: number) =>
    simulator.apply({ kind: 'insertBackdated', collection: 'orders', position, value: { status: 'fulfilled' } });
  backDate(1_500);
  const before = simulator.stats().requests;
  const { run, windows } = await syncOnce(testApp, ['orders'], incremental);
  expect(run).toMatchObject({ state: 'complete', reason: null });
  expect(windows.filter(({ kind }) => kind === 'counted').length).toBeGreaterThan(4);
  expect(simulator.stats().requests - before, 'of a list of 100 pages').toBeLessThan(40);
  await expectTablesToEqualTruth(url, simulator, ['orders']);

  // A deletion besides leaves the count as it was: only the next full run finds the two.
  backDate(1_700);
  simulator.apply({ kind: 'delete', collection: 'orders', position: 1_900 });
  expect((await syncOnce(testApp, ['orders'], incremental)).run.state).toBe('complete');
  await expect(expectTablesToEqualTruth(url, simulator, ['orders'])).rejects.toThrow('orders');
  await fullSync(testApp, ['orders']);
  await expectTablesToEqualTruth(url, simulator, ['orders']);
  await testApp.close();
  await simulator.close();
});

test('what the API counts beyond what can be found is said, and not looked for again by each run', async () => {
  const simulator = await openSimulator({ sizes: { ...noOthers, shipments: 3_000 }, rate: 'unlimited' });
  const testApp = await openTestApp(simulator, await createDatabase());
  await fullSync(testApp, ['shipments']);
  // A closed shipment that lies below every page that an incremental run reads.
  const closed = simulator.truth('shipments').findLast(({ delivery_status: status }) => status === 'Delivered');
  simulator.apply({ kind: 'delete', collection: 'shipments', id: closed?.id ?? 0 });
  const runs = [];
  for (let nth = 0; nth < 2; nth += 1) {
    const before = simulator.stats().requests;
    const { run, windows } = await syncOnce(testApp, ['shipments'], incremental);
    runs.push({
      requests: simulator.stats().requests - before,
      roots: windows.filter(({ kind }) => kind === 'counted').length,
    });
    expect(run.state).toBe('incomplete');
    expect(run.reason).toMatch(/^shipments: the API counts 2999 records as of .* UTC, 3000 are here$/);
  }
  expect(runs[0]?.roots).toBeGreaterThan(0);
  expect(runs[1]?.roots).toBe(0);
  expect((await fullSync(testApp, ['shipments'])).run).toMatchObject({ state: 'complete' });
  await testApp.close();
  await simulator.close();
});

test('a backfill moves no mark: the next head reaches down to where it did before', async () => {
  const simulator = await openSimulator({ sizes: { ...noOthers, orders: 200 }, rate: 'unlimited' });
  const testApp = await openTestApp(simulator, await createDatabase());
  await fullSync(testApp, ['orders']);
  const mark = () => readHeadMark(testApp.app.store.db, 'default', 'orders');
  const before = await mark();
  const range = { from: new Date('2024-01-01'), to: new Date('2026-11-01T12:00:00Z') };
  const { run, windows } = await syncOnce(testApp, ['orders'], { mode: 'backfill', trigger: 'cli', ...range });
  expect(run.state).toBe('complete');
  expect(windows.length).toBeGreaterThan(20);
  expect(before).toBeInstanceOf(Date);
  expect(await mark()).toEqual(before);
  await testApp.close();
  await simulator.close();
});
