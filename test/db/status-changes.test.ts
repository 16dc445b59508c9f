import { sql } from 'drizzle-orm';
import { beforeEach, expect, test } from 'vitest';
import { collections } from '../../src/collections/index.js';
import { orders } from '../../src/collections/orders.js';
import { shipments } from '../../src/collections/shipments.js';
import { openDatabase } from '../../src/db/database.js';
import type { Provenance } from '../../src/db/stored-record.js';
import { upsertRecords } from '../../src/db/upsert.js';
import { setTombstone } from '../../src/sync/reading/tombstones.js';
import { rederive } from '../../src/sync/records/rederive.js';
import { parsed } from '../support/collections.js';
import { openTestDatabase } from '../support/database.js';
import fc from '../support/property.js';
import { until } from '../support/until.js';

const { db, url } = await openTestDatabase();
beforeEach(() => db.execute(sql`truncate hive.orders, hive.order_items, hive.shipments, hive.status_changes`));

const T = Date.UTC(2026, 10, 1, 12);
const iso = (at: number) => new Date(T + at).toISOString();
const from = (at: number, more: Partial<Provenance> = {}): Provenance => ({
  ...{ account: 'a', requestedAt: T + at, source: 'page', runId: 1 },
  ...more,
});
const order = (id: number, changes: object = {}) => parsed(orders, { ...orders.example, id, ...changes });
const changes = async () => [
  ...(await db.execute(sql`select collection, record_id as id, field, old, new,
    to_char(observed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at, source, run_id as run
    from hive.status_changes order by account, status_changes.id`)),
];

test('each change of a status is there once, in order, with what showed it', async () => {
  await upsertRecords(db, orders, [order(1, { status: 'fulfillable', financial_status: 'pending' })], from(0));
  await upsertRecords(
    db,
    orders,
    [order(1, { status: 'fulfillable', financial_status: 'paid' })],
    from(1, { runId: 2 }),
  );
  const webhook = from(2, { source: 'webhook', runId: null });
  await upsertRecords(db, orders, [order(1, { status: 'fulfilled', financial_status: 'paid' })], webhook);
  const lookup = from(3, { source: 'record', runId: 3 });
  await upsertRecords(db, orders, [order(1, { status: 'unfulfillable', financial_status: null })], lookup);
  const of = { collection: 'orders', id: 1 };
  expect(await changes()).toEqual([
    { ...of, field: 'financial_status', old: 'pending', new: 'paid', at: iso(1), source: 'page', run: 2 },
    { ...of, field: 'status', old: 'fulfillable', new: 'fulfilled', at: iso(2), source: 'webhook', run: null },
    { ...of, field: 'status', old: 'fulfilled', new: 'unfulfillable', at: iso(3), source: 'record', run: 3 },
    { ...of, field: 'financial_status', old: 'paid', new: null, at: iso(3), source: 'record', run: 3 },
  ]);
});

test('a status that returns to what it was is two changes', async () => {
  for (const [at, status] of ['fulfillable', 'fulfilled', 'fulfillable'].entries()) {
    await upsertRecords(db, orders, [order(1, { status })], from(at));
  }
  expect((await changes()).map((change) => change.new)).toEqual(['fulfilled', 'fulfillable']);
});

test('a first sight, an unchanged record and a change of something else are no change of a status', async () => {
  await upsertRecords(db, orders, [order(1), order(2)], from(0));
  await upsertRecords(db, orders, [order(1)], from(1));
  await upsertRecords(db, orders, [order(1, { payment_method: 'other' })], from(2));
  expect(await changes()).toEqual([]);
});

test('an older page adds nothing, and neither does the same answer a second time', async () => {
  await upsertRecords(db, orders, [order(1, { status: 'fulfillable' })], from(0));
  await upsertRecords(db, orders, [order(1, { status: 'fulfilled' })], from(5));
  const once = await changes();
  await upsertRecords(db, orders, [order(1, { status: 'unfulfillable' })], from(3));
  await upsertRecords(db, orders, [order(1, { status: 'fulfillable' })], from(0));
  await upsertRecords(db, orders, [order(1, { status: 'fulfilled' })], from(5));
  expect(await changes()).toEqual(once);
  expect(once).toHaveLength(1);
});

test('a tombstone and its end are changes of _deleted_at', async () => {
  await upsertRecords(db, orders, [order(1)], from(0));
  await db.transaction((tx) => setTombstone(tx, orders, { account: 'a', recordId: 1, requestedAt: T + 2, runId: 7 }));
  // Buried already, and not there at all.
  await setTombstone(db, orders, { account: 'a', recordId: 1, requestedAt: T + 3, runId: 8 });
  await setTombstone(db, orders, { account: 'a', recordId: 2, requestedAt: T + 3, runId: 8 });
  await upsertRecords(db, orders, [order(1)], from(4));
  expect(await changes()).toMatchObject([
    { field: '_deleted_at', old: null, new: iso(2), at: iso(2), source: 'record', run: 7 },
    { field: '_deleted_at', old: iso(2), new: null, at: iso(4), source: 'page', run: 1 },
  ]);
});

test('columns that are filled again from payloads are no change', async () => {
  await upsertRecords(db, orders, [order(1)], from(0));
  await db.execute(sql`update hive.orders set status = 'something'`);
  for await (const sums of rederive(db, orders)) expect(sums.changed).toBe(1);
  expect(await changes()).toEqual([]);
});

test('a transaction that is rolled back leaves neither the row nor its change', async () => {
  await upsertRecords(db, orders, [order(1, { status: 'fulfillable' })], from(0));
  const failing = db.transaction(async (tx) => {
    await upsertRecords(tx, orders, [order(1, { status: 'fulfilled' })], from(1));
    throw new Error('undone');
  });
  await expect(failing).rejects.toThrow('undone');
  expect(await changes()).toEqual([]);
});

test('accounts and collections are told apart', async () => {
  const shipment = (status: string) => parsed(shipments, { ...shipments.example, id: 1, status });
  await upsertRecords(db, orders, [order(1, { status: 'fulfillable' })], from(0));
  await upsertRecords(db, orders, [order(1, { status: 'fulfilled' })], from(1, { account: 'b' }));
  await upsertRecords(db, shipments, [shipment('picked')], from(0));
  await upsertRecords(db, shipments, [shipment('packed')], from(1));
  expect(await changes()).toMatchObject([{ collection: 'shipments', field: 'status', old: 'picked', new: 'packed' }]);
});

test('a record that two answers bring first at the same time has one row and its one change', async () => {
  const other = await openDatabase(url, { connections: 2 });
  let late: Promise<unknown> | undefined;
  await other.db.transaction(async (tx) => {
    await upsertRecords(tx, orders, [order(1, { status: 'fulfillable' })], from(0));
    // Does not see the row, as it is not committed, and then waits for it.
    late = db.transaction((own) => upsertRecords(own, orders, [order(1, { status: 'fulfilled' }), order(2)], from(1)));
    await until('the second writer waits', async () => {
      const [waiting] = await tx.execute(sql`select from pg_locks where not granted
        and locktype = 'transactionid' and pid in (select pid from pg_stat_activity where datname = current_database())`);
      return waiting !== undefined;
    });
  });
  expect(await late).toEqual({ inserted: 1, updated: 1, unchanged: 0 });
  expect(await changes()).toMatchObject([{ id: 1, old: 'fulfillable', new: 'fulfilled', at: iso(1) }]);
  await other.close();
});

/** Answers about three orders, each from a request at `at`; a version's status depends on the instant alone. */
const histories = fc.array(
  fc.record({ at: fc.nat(12), ids: fc.uniqueArray(fc.integer({ min: 1, max: 3 }), { minLength: 1 }) }),
  { minLength: 1, maxLength: 10 },
);
const statusAt = (id: number, at: number) => ['fulfillable', 'fulfilled', 'unfulfillable'][(at * (id + 1)) % 3] ?? '';
const version = (id: number, at: number) => order(id, { status: statusAt(id, at), payment_method: `v${at}` });
interface Chained extends Record<string, unknown> {
  id: number;
  old: string;
  new: string;
}
const chain = () =>
  db.execute<Chained>(
    sql`select record_id as id, old, new from hive.status_changes order by record_id, status_changes.id`,
  );

test('whatever answers arrive in whatever order, the changes are those of the answers that were taken', async () => {
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      await db.execute(sql`truncate hive.orders, hive.order_items, hive.status_changes`);
      const expected: Chained[] = [];
      const taken = new Map<number, number>();
      for (const { at, ids } of history) {
        await upsertRecords(
          db,
          orders,
          ids.map((id) => version(id, at)),
          from(at),
        );
        for (const id of ids) {
          const before = taken.get(id);
          if (before !== undefined && at <= before) continue;
          taken.set(id, at);
          const old = before === undefined ? undefined : statusAt(id, before);
          if (old !== undefined && old !== statusAt(id, at)) expected.push({ id, old, new: statusAt(id, at) });
        }
      }
      const byId = expected.map((one, i) => ({ one, i })).sort((a, b) => a.one.id - b.one.id || a.i - b.i);
      expect([...(await chain())]).toEqual(byId.map(({ one }) => one));
    }),
    { numRuns: 100 },
  );
});

test('so it is at the same time: each change begins where the one before it ended, and the last one is the row', async () => {
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      await db.execute(sql`truncate hive.orders, hive.order_items, hive.status_changes`);
      await Promise.all(
        history.map(({ at, ids }) =>
          db.transaction((tx) =>
            upsertRecords(
              tx,
              orders,
              ids.map((id) => version(id, at)),
              from(at),
            ),
          ),
        ),
      );
      const found = [...(await chain())];
      const rows = await db.execute<{ id: number; status: string }>(sql`select id, status from hive.orders`);
      for (const { id, status } of rows) {
        const own = found.filter((change) => change.id === id);
        for (const [i, change] of own.entries()) {
          expect(change.old).not.toBe(change.new);
          if (i > 0) expect(change.old).toBe(own[i - 1]?.new);
        }
        if (own.length > 0) expect(own.at(-1)?.new).toBe(status);
      }
    }),
    { numRuns: 60 },
  );
});

test('every status that closes a record is watched', () => {
  for (const { name, closedWhen, statusFields } of collections) {
    if (closedWhen === 'never') continue;
    expect(statusFields, name).toEqual(expect.arrayContaining(closedWhen.flatMap((one) => Object.keys(one))));
  }
});
