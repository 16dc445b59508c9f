import { sql } from 'drizzle-orm';
import { beforeEach, describe, expect, test } from 'vitest';
import { orders } from '../../src/collections/orders.js';
import { shipments } from '../../src/collections/shipments.js';
import { openDatabase } from '../../src/db/database.js';
import type { NewWindow } from '../../src/db/ledger.js';
import type { Provenance } from '../../src/db/stored-record.js';
import { upsertRecords } from '../../src/db/upsert.js';
import { expectedOf, parsed, readStored } from '../support/collections.js';
import { openTestDatabase } from '../support/database.js';
import { ledgerOf } from './ledger-parts.js';

const database = await openTestDatabase();
const { db, url } = database;
const { newRun, enter } = ledgerOf(database);
beforeEach(() => db.execute(sql`truncate hive.orders, hive.order_items, hive.shipments, hive.shipment_items`));

const T1 = Date.UTC(2026, 10, 1, 12);
const T2 = T1 + 1_000;
const T3 = T2 + 1_000;
const from = (requestedAt: number, more: Partial<Provenance> = {}): Provenance => ({
  ...{ account: 'a', requestedAt, source: 'page', runId: 1 },
  ...more,
});
const order = (id: number, changes: object = {}) => parsed(orders, { ...orders.example, id, ...changes });

interface Meta extends Record<string, unknown> {
  id: number;
  status: string;
  first_seen: number;
  fetched: number;
  changed: number;
  deleted: number | null;
  source: string;
  run: number;
}
const ms = (column: string) => sql.raw(`(extract(epoch from ${column}) * 1000)::float8`);
const readOrders = () =>
  db.execute<Meta>(sql`select id, status, ${ms('_first_seen_at')} as first_seen, ${ms('_fetched_at')} as fetched,
    ${ms('_changed_at')} as changed, ${ms('_deleted_at')} as deleted, _source as source, _run_id as run
    from hive.orders where account = 'a' order by id`);
const bury = (id: number, at: number) =>
  db.execute(sql`update hive.orders set _deleted_at = ${new Date(at).toISOString()} where id = ${id}`);

test('a new record is inserted with its parts, its payload and where it comes from', async () => {
  const record = order(1);
  expect(await upsertRecords(db, orders, [record], from(T1))).toEqual({ inserted: 1, updated: 0, unchanged: 0 });
  expect(await readOrders()).toMatchObject([
    { id: 1, first_seen: T1, fetched: T1, changed: T1, deleted: null, source: 'page', run: 1 },
  ]);
  expect((await readStored(db, orders, 'a')).get(1)).toEqual(expectedOf(orders, record));
});

test('nothing to store is no trouble', async () => {
  expect(await upsertRecords(db, orders, [], from(T1))).toEqual({ inserted: 0, updated: 0, unchanged: 0 });
});

test('an unchanged record is not written, and neither are its parts', async () => {
  const places = () =>
    db.execute(sql`select id::text || ' ' || ctid || ' ' || xmin as place from hive.orders
      union all select order_id || '.' || position || ' ' || ctid || ' ' || xmin from hive.order_items order by 1`);
  await upsertRecords(db, orders, [order(1), order(2)], from(T1));
  const before = await places();
  const again = await upsertRecords(db, orders, [order(1), order(2)], from(T2, { runId: 2 }));
  expect(again).toEqual({ inserted: 0, updated: 0, unchanged: 2 });
  expect(before).toHaveLength(4);
  expect(await places()).toEqual(before);
});

test('the order of keys in the payload is no change', async () => {
  await upsertRecords(db, orders, [order(1)], from(T1));
  const { id: _id, ...rest } = orders.example;
  const turned = parsed(orders, { ...rest, id: 1 });
  expect(await upsertRecords(db, orders, [turned], from(T2))).toMatchObject({ unchanged: 1 });
});

test('a field that no column takes is a change too, as the payload is kept', async () => {
  await upsertRecords(db, orders, [order(1)], from(T1));
  expect(await upsertRecords(db, orders, [order(1, { gift: true })], from(T2))).toMatchObject({ updated: 1 });
});

test('a change moves _changed_at and _fetched_at, and leaves _first_seen_at', async () => {
  await upsertRecords(db, orders, [order(1)], from(T1));
  const changed = order(1, { status: 'fulfilled' });
  const result = await upsertRecords(db, orders, [changed], from(T2, { source: 'webhook', runId: null }));
  expect(result).toEqual({ inserted: 0, updated: 1, unchanged: 0 });
  expect(await readOrders()).toMatchObject([
    { status: 'fulfilled', first_seen: T1, fetched: T2, changed: T2, source: 'webhook', run: null },
  ]);
});

test('a change replaces the parts of its record, also parts of parts, and touches no other record', async () => {
  const shipment = (id: number, items: object[]) => parsed(shipments, { ...shipments.example, id, items });
  const batches = [{ name: 'x', quantity: 1 }];
  await upsertRecords(db, shipments, [shipment(1, [{ batches }, { batches }]), shipment(2, [{ batches }])], from(T1));
  const fewer = shipment(1, [{ quantity: 9 }]);
  await upsertRecords(db, shipments, [fewer], from(T2));
  const stored = await readStored(db, shipments, 'a');
  expect(stored.get(1)).toEqual(expectedOf(shipments, fewer));
  expect(stored.get(2)).toEqual(expectedOf(shipments, shipment(2, [{ batches }])));
});

test('an older page never overwrites a newer row, nor its parts', async () => {
  const newer = order(1, { status: 'fulfilled', items: [] });
  await upsertRecords(db, orders, [newer], from(T2));
  expect(await upsertRecords(db, orders, [order(1)], from(T1))).toEqual({ inserted: 0, updated: 0, unchanged: 1 });
  expect((await readStored(db, orders, 'a')).get(1)).toEqual(expectedOf(orders, newer));
  expect(await readOrders()).toMatchObject([{ fetched: T2, first_seen: T2 }]);
});

test('of two answers from the same instant, the one that is stored later wins', async () => {
  await upsertRecords(db, orders, [order(1)], from(T1));
  await upsertRecords(db, orders, [order(1, { status: 'fulfilled' })], from(T1));
  expect(await readOrders()).toMatchObject([{ status: 'fulfilled' }]);
});

test('of equal ids in one page, the later one wins', async () => {
  const later = order(1, { status: 'fulfilled', items: [{ quantity: 7 }] });
  const result = await upsertRecords(db, orders, [order(1), order(2), later], from(T1));
  expect(result).toEqual({ inserted: 2, updated: 0, unchanged: 0 });
  expect((await readStored(db, orders, 'a')).get(1)).toEqual(expectedOf(orders, later));
});

test('new, changed, stale and unchanged records of one page are told apart', async () => {
  await upsertRecords(db, orders, [order(1), order(2), order(4)], from(T1));
  await upsertRecords(db, orders, [order(4, { status: 'fulfilled' })], from(T3));
  const page = [order(1), order(2, { status: 'fulfilled' }), order(3), order(4)];
  expect(await upsertRecords(db, orders, page, from(T2))).toEqual({ inserted: 1, updated: 1, unchanged: 2 });
});

test('accounts do not see each other', async () => {
  await upsertRecords(db, orders, [order(1)], from(T2));
  const other = order(1, { status: 'fulfilled', items: [] });
  expect(await upsertRecords(db, orders, [other], from(T1, { account: 'b' }))).toMatchObject({ inserted: 1 });
  expect((await readStored(db, orders, 'a')).get(1)).toEqual(expectedOf(orders, order(1)));
  expect((await readStored(db, orders, 'b')).get(1)).toEqual(expectedOf(orders, other));
});

describe('a tombstone', () => {
  test.each([
    ['the same content', order(1)],
    ['another content', order(1, { status: 'fulfilled' })],
  ])('is not undone by an older page, whatever it holds: %s', async (_what, record) => {
    await upsertRecords(db, orders, [order(1)], from(T1));
    await bury(1, T3);
    expect(await upsertRecords(db, orders, [record], from(T2))).toEqual({ inserted: 0, updated: 0, unchanged: 1 });
    expect(await readOrders()).toMatchObject([{ deleted: T3, changed: T1, status: 'fulfillable' }]);
  });

  test('is undone by a newer page, even with the content that it buried', async () => {
    await upsertRecords(db, orders, [order(1)], from(T1));
    await bury(1, T2);
    expect(await upsertRecords(db, orders, [order(1)], from(T3))).toEqual({ inserted: 0, updated: 1, unchanged: 0 });
    expect(await readOrders()).toMatchObject([{ deleted: null, changed: T3, first_seen: T1 }]);
    expect((await readStored(db, orders, 'a')).get(1)).toEqual(expectedOf(orders, order(1)));
  });

  test('stands against a page from the very same instant', async () => {
    await upsertRecords(db, orders, [order(1)], from(T1));
    await bury(1, T2);
    expect(await upsertRecords(db, orders, [order(1)], from(T2))).toMatchObject({ unchanged: 1 });
  });
});

test('pages with the same records in opposite order do not lock each other up', async () => {
  const other = await openDatabase(url, { connections: 4 });
  const ids = Array.from({ length: 30 }, (_, i) => i + 1);
  const page = (round: number, turned: boolean) =>
    (turned ? ids.toReversed() : ids).map((id) => order(id, { payment_method: `${round} ${turned}` }));
  for (let round = 0; round < 25; round++) {
    const at = T1 + round;
    const sums = await Promise.all([
      db.transaction((tx) => upsertRecords(tx, orders, page(round, false), from(at))),
      other.db.transaction((tx) => upsertRecords(tx, orders, page(round, true), from(at))),
      db.transaction((tx) => upsertRecords(tx, orders, page(round, true).slice(10), from(at))),
    ]);
    expect(sums.map(({ inserted, updated, unchanged }) => inserted + updated + unchanged)).toEqual([30, 30, 20]);
  }
  expect(await db.execute(sql`select count(*) as n from hive.order_items`)).toEqual([{ n: 30 }]);
  await other.close();
});

describe('a row that was read again unchanged since', () => {
  const changed = order(1, { status: 'fulfilled' });

  /** The ledger of a page that showed order 1. */
  async function seenAt(requestedAt: number, windows: Partial<NewWindow>[] = [{}], account = 'a') {
    const { windows: filed } = await newRun(windows, account);
    for (const window of filed) await enter(window, 1, { ids: [1], requested_at: new Date(requestedAt) });
  }

  test('is not overwritten by an answer from in between that was held up', async () => {
    await upsertRecords(db, orders, [order(1)], from(T1));
    await seenAt(T3);
    expect(await upsertRecords(db, orders, [changed, order(2)], from(T2))).toMatchObject({ inserted: 1, updated: 0 });
    expect(await readOrders()).toMatchObject([{ id: 1, status: 'fulfillable', fetched: T1 }, { id: 2 }]);
    expect(await upsertRecords(db, orders, [changed], from(T3 + 1))).toMatchObject({ updated: 1 });
  });

  test('is overwritten when only another collection, another account or an earlier page has shown that id', async () => {
    await upsertRecords(db, orders, [order(1)], from(T1));
    await db.execute(sql`delete from sync.runs`);
    await seenAt(T3, [{ collection: 'shipments' }]);
    await seenAt(T3, [{}], 'b');
    await seenAt(T2);
    expect(await upsertRecords(db, orders, [changed], from(T2))).toMatchObject({ updated: 1 });
  });
});
