// Promise: a list is not believed against better knowledge. What the API shows one by one refutes the list that leaves it
// out, more missing rows than can be believed mark nothing in any kind of run, and a page that contradicts itself is asked
// for again.
import { sql } from 'drizzle-orm';
import { afterEach, expect, test } from 'vitest';
import { collections } from '../../src/collections/index.js';
import { openSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/index.js';
import { joinOrStart } from '../../src/sync/runs/join-or-start.js';
import { fullSync, openTestApp, syncOnce, type TestApp, workOff } from '../support/app.js';
import { createDatabase } from '../support/database.js';
import { expectTablesToEqualTruth } from '../support/truth.js';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function stageOf(options: SimulatorOptions, env: Record<string, string> = {}) {
  const sizes = { orders: 0, skus: 0, shipments: 0, returns: 0, restocking_shipments: 0, warehouses: 0 };
  const simulator = await openSimulator({
    seed: 7,
    rate: 'unlimited',
    ...options,
    sizes: { ...sizes, ...options.sizes },
  });
  const url = await createDatabase();
  const app = await openTestApp(simulator, url, env);
  closing.push(async () => {
    await app.close();
    await simulator.close();
  });
  return { simulator, app, url };
}

const incremental = { mode: 'incremental', trigger: 'cli' } as const;

const proofOf = async ({ app }: TestApp, collection: string) =>
  (
    await app.store.db.execute<{ whole: Date | null; missing: number | null; up_to: Date | null }>(sql`
      select whole_as_of as whole, new_up_to as up_to, missing from sync.proofs where collection = ${collection}`)
  )[0];

const living = async ({ app }: TestApp, table: string): Promise<number> =>
  (
    await app.store.db.execute<{ n: number }>(
      sql`select count(*)::int as n from ${sql.identifier('hive')}.${sql.identifier(table)} where _deleted_at is null`,
    )
  )[0]?.n ?? 0;

const page = (records: readonly unknown[], count = records.length) => ({
  data: records,
  pagination: {
    current_page: 1,
    item_count: count,
    page_count: Math.max(1, Math.ceil(count / 20)),
    items_per_page: 20,
  },
});

/** One answer that shows the list as it was, or nothing at all. */
const stale = (simulator: Simulator, list: string, records: readonly unknown[], times: number | null = 1) =>
  simulator.addFault({ match: { path: `/${list}`, page: 1 }, times, respond: { status: 200, body: page(records) } });

test.each([
  ['empty', 0],
  ['of a while ago', 12],
])(
  'a whole list that is %s is read again when the API shows what it left out, and then it is whole',
  async (_, shown) => {
    const { simulator, app, url } = await stageOf({ sizes: { returns: 15 } });
    expect((await fullSync(app, ['returns'])).run.state).toBe('complete');
    for (let i = 0; i < 3; i++) simulator.apply({ kind: 'insert', collection: 'returns' });
    stale(simulator, 'returns', simulator.truth('returns').slice(6, 6 + shown));
    const { run } = await fullSync(app, ['returns']);
    expect(run).toMatchObject({ state: 'complete', reason: null });
    await expectTablesToEqualTruth(url, simulator, ['returns']);
  },
);

test.each(collections.map(({ name }) => name))(
  '%s: the very first answer shows an empty list, the next the true one: the list is whole',
  async (name) => {
    const { simulator, app, url } = await stageOf({ sizes: { [name]: 30 } });
    stale(simulator, name, []);
    const { run } = await fullSync(app, [name]);
    expect(run).toMatchObject({ state: 'complete', reason: null });
    await expectTablesToEqualTruth(url, simulator, [name as 'orders']);
  },
);

test('an empty list costs one request more, and a backfill does not believe it at once either', async () => {
  const { simulator, app, url } = await stageOf({ sizes: { orders: 5 } });
  const before = simulator.stats().requests;
  expect((await fullSync(app, ['returns'])).run.state).toBe('complete');
  expect(simulator.stats().requests - before).toBe(2);
  stale(simulator, 'orders', []);
  const oldest = Math.min(...simulator.truth('orders').map(({ created_at: at }) => Date.parse(String(at))));
  const from = new Date(oldest - 86_400_000);
  const { run } = await syncOnce(app, ['orders'], { mode: 'backfill', from, to: new Date(), trigger: 'cli' });
  expect(run).toMatchObject({ state: 'complete', reason: null });
  await expectTablesToEqualTruth(url, simulator, ['orders']);
});

test('a list that goes on leaving out what the API shows one by one is not certified, and nothing is said of it', async () => {
  const { simulator, app } = await stageOf({ sizes: { returns: 15 } });
  await fullSync(app, ['returns']);
  const before = await proofOf(app, 'returns');
  simulator.apply({ kind: 'insert', collection: 'returns' });
  stale(simulator, 'returns', simulator.truth('returns').slice(4), null);
  const { run } = await fullSync(app, ['returns']);
  expect(run.state).toBe('incomplete');
  expect(run.reason).toContain('3 records are shown one by one and not listed');
  expect(await proofOf(app, 'returns')).toMatchObject({ whole: before?.whole, up_to: before?.up_to });
  expect(await living(app, 'returns')).toBe(15);
});

test('a head that has nothing where rows are known proves nothing, and asks for none of them', async () => {
  const { simulator, app } = await stageOf({ sizes: { orders: 100 } });
  await fullSync(app, ['orders']);
  const before = await proofOf(app, 'orders');
  stale(simulator, 'orders', [], null);
  const asked = simulator.requests.length;
  const { run } = await syncOnce(app, ['orders'], incremental);
  expect(run.state).toBe('incomplete');
  expect(run.reason).toContain('100 of 100 rows are no longer listed, too many to believe');
  expect(simulator.requests.length - asked).toBeLessThan(6);
  expect(await living(app, 'orders')).toBe(100);
  expect(await proofOf(app, 'orders')).toMatchObject({ up_to: before?.up_to });
  simulator.clearFaults();
  expect((await syncOnce(app, ['orders'], incremental)).run).toMatchObject({ state: 'complete', reason: null });
  expect(await proofOf(app, 'orders')).toMatchObject({ missing: 0 });
});

test.each(['full, then incremental', 'backfill'])(
  'more rows gone than can be believed are marked by no run: %s',
  async (kind) => {
    const { simulator, app } = await stageOf({ sizes: { orders: 400 }, spanDays: 300 });
    await fullSync(app, ['orders']);
    // Not those that are open: each of these is asked for by itself.
    const gone = simulator.truth('orders').filter(({ status }, i) => i % 5 === 0 && status === 'fulfilled');
    expect(gone.length).toBeGreaterThan(40);
    for (const { id } of gone) simulator.apply({ kind: 'delete', collection: 'orders', id });
    if (kind === 'backfill') {
      const orders = collections.filter(({ name }) => name === 'orders');
      const now = Date.now();
      const span = { from: new Date(now - 320 * 86_400_000), to: new Date(now) };
      const { joined } = await joinOrStart(app.account.context, orders, { mode: 'backfill', trigger: 'cli', ...span });
      const { run } = await workOff(app, joined[0]?.run.id ?? 0);
      expect(run.reason).toContain('too many to believe');
    } else {
      expect((await fullSync(app, ['orders'])).run.reason).toContain('too many to believe');
      const { run } = await syncOnce(app, ['orders'], incremental);
      expect(run.reason).toContain('if so many were really deleted, run: hive-sync sync orders --full --allow-deletes');
    }
    expect(await living(app, 'orders')).toBe(400);
    const allowed = { mode: 'full', trigger: 'cli', allowDeletes: true } as const;
    expect((await syncOnce(app, ['orders'], allowed)).run.state).toBe('complete');
    expect(await living(app, 'orders')).toBe(400 - gone.length);
  },
);

test.each([
  ['orders', 3],
  ['orders', 6],
  ['shipments', 3],
  ['shipments', 6],
] as const)('one empty answer where %s have page %i costs two requests and no record', async (list, at) => {
  const { simulator, app, url } = await stageOf({ sizes: { [list]: 120 } });
  const body = { data: [], pagination: { current_page: at, item_count: 120, page_count: 6, items_per_page: 20 } };
  simulator.addFault({ match: { path: `/${list}`, page: at }, respond: { status: 200, body } });
  const { run } = await fullSync(app, [list]);
  expect(run).toMatchObject({ state: 'complete', reason: null });
  expect(simulator.requests.length).toBeLessThanOrEqual(list === 'orders' ? 9 : 12);
  await expectTablesToEqualTruth(url, simulator, [list]);
});

test.each([
  ['its count', ['page_count', 'current_page'], 'complete'],
  ['nothing', ['page_count', 'current_page', 'item_count', 'items_per_page'], 'incomplete'],
])('a list that answers past its end with its last page and tells %s has an end', async (_, without, state) => {
  const { simulator, app, url } = await stageOf({ sizes: { shipments: 60 }, pastEnd: 'last-page' });
  const respond = { patchPagination: {}, without };
  simulator.addFault({ match: { path: '/shipments' }, times: null, respond });
  expect((await fullSync(app, ['shipments'])).run.state).toBe(state);
  expect(simulator.requests.length).toBeLessThanOrEqual(5);
  await expectTablesToEqualTruth(url, simulator, ['shipments']);
});

test('a list that names its count and no number of pages is certified by its count', async () => {
  const { simulator, app } = await stageOf({ sizes: { shipments: 60 } });
  const respond = { patchPagination: {}, without: ['page_count'] };
  simulator.addFault({ match: { path: '/shipments' }, times: null, respond });
  expect((await fullSync(app, ['shipments'])).run).toMatchObject({ state: 'complete', reason: null });
});

test('records that are dated in the future are all read, however many, by each kind of run', async () => {
  // 280 pages of 5: more than an incremental run reads of a head that it knows nothing of.
  const { simulator, app, url } = await stageOf({
    sizes: { orders: 1_400 },
    itemsPerPage: 5,
    endAt: '2036-11-01T12:00:00Z',
    spanDays: 365,
  });
  expect((await fullSync(app, ['orders'], 140_000)).run).toMatchObject({ state: 'complete', reason: null });
  await expectTablesToEqualTruth(url, simulator, ['orders']);
  expect((await syncOnce(app, ['orders'], incremental, 140_000)).run).toMatchObject({
    state: 'complete',
    reason: null,
  });
}, 300_000);

test('versions of a record whose id cannot be used are one letter and one record', async () => {
  const { simulator, app } = await stageOf({ sizes: { returns: 15 } });
  for (const status of ['arrived', 'processing', 'stored']) {
    simulator.clearFaults();
    const patchRecords = [{ index: 3, merge: { id: 'abc', status } }];
    simulator.addFault({ match: { path: '/returns' }, times: null, respond: { patchRecords } });
    const { run } = await fullSync(app, ['returns']);
    expect(run).toMatchObject({ state: 'incomplete', reason: '1 dead letter' });
    expect(await proofOf(app, 'returns')).toMatchObject({ missing: 0 });
  }
});
