// Random histories: pages that arrive late, twice and out of order.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { orders } from '../../src/collections/orders.js';
import { upsertRecords } from '../../src/db/upsert.js';
import { expectedOf, parsed, readStored } from '../support/collections.js';
import { openTestDatabase } from '../support/database.js';
import fc from '../support/property.js';
import { ledgerOf } from './ledger-parts.js';

const database = await openTestDatabase();
const { db } = database;
const { newRun, enter } = ledgerOf(database);
const START = Date.UTC(2026, 10, 1);

/** An answer: the version that each listed record had when it was asked for, at a time from 0 to 9. */
const answers = fc.record({ at: fc.nat(9), ids: fc.uniqueArray(fc.integer({ min: 1, max: 3 }), { minLength: 1 }) });

/** A record as it was at a time: it never returns to an earlier content. */
const version = (id: number, at: number) => {
  const items = Array.from({ length: at % 3 }, (_, i) => ({ quantity: at, merchant_item_id: `${i}` }));
  return parsed(orders, { ...orders.example, id, payment_method: `v${at}`, items });
};

const provenance = (at: number) => ({ account: 'a', requestedAt: START + at, source: 'page', runId: 1 }) as const;

test('whatever the order of arrival, the row is the version that was asked for last', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(answers, { minLength: 1, maxLength: 8 }), async (history) => {
      await db.execute(sql`truncate hive.orders, hive.order_items`);
      const latest = new Map<number, number>();
      for (const { at, ids } of history) {
        const records = ids.map((id) => version(id, at));
        await db.transaction((tx) => upsertRecords(tx, orders, records, provenance(at)));
        for (const id of ids) latest.set(id, Math.max(at, latest.get(id) ?? 0));
      }
      const stored = await readStored(db, orders, 'a');
      expect(stored.size).toBe(latest.size);
      for (const [id, at] of latest) expect(stored.get(id)).toEqual(expectedOf(orders, version(id, at)));
    }),
    { numRuns: 150 },
  );
});

test('so it is when the answers are stored at the same time', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(answers, { minLength: 2, maxLength: 6 }), async (history) => {
      await db.execute(sql`truncate hive.orders, hive.order_items`);
      await Promise.all(
        history.map(({ at, ids }) =>
          db.transaction((tx) =>
            upsertRecords(
              tx,
              orders,
              ids.map((id) => version(id, at)),
              provenance(at),
            ),
          ),
        ),
      );
      const stored = await readStored(db, orders, 'a');
      for (const [id, row] of stored) {
        const at = Math.max(...history.filter(({ ids }) => ids.includes(id)).map((answer) => answer.at));
        expect(row).toEqual(expectedOf(orders, version(id, at)));
      }
    }),
    { numRuns: 100 },
  );
});

test('so it is when records go to another state and back, as the ledger knows who was seen unchanged', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(answers, { minLength: 2, maxLength: 8 }), async (history) => {
      await db.execute(sql`truncate hive.orders, hive.order_items, sync.runs cascade`);
      const latest = new Map<number, number>();
      for (const { at, ids } of history) {
        const { windows } = await newRun([{}], 'a');
        const records = ids.map((id) => version(id, at % 2));
        await db.transaction(async (tx) => {
          await upsertRecords(tx, orders, records, provenance(at));
          for (const window of windows) await enter(window, 1, { ids, requested_at: new Date(START + at) }, tx);
        });
        for (const id of ids) latest.set(id, Math.max(at, latest.get(id) ?? 0));
      }
      const stored = await readStored(db, orders, 'a');
      for (const [id, at] of latest) expect(stored.get(id)).toEqual(expectedOf(orders, version(id, at % 2)));
    }),
    { numRuns: 60 },
  );
});

test('a tombstone holds against every answer from before it, and against none from after it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(answers, { maxLength: 6 }), fc.nat(9), async (history, buriedAt) => {
      await db.execute(sql`truncate hive.orders, hive.order_items, sync.runs cascade`);
      await upsertRecords(db, orders, [version(1, 0)], provenance(0));
      await db.execute(sql`update hive.orders set _deleted_at = ${new Date(START + buriedAt).toISOString()}`);
      for (const { at } of history) await upsertRecords(db, orders, [version(1, at)], provenance(at));
      const [row] = await db.execute<{ deleted: boolean; is: string }>(
        sql`select _deleted_at is not null as deleted, payment_method as is from hive.orders`,
      );
      const newest = Math.max(0, ...history.map(({ at }) => at));
      expect(row).toEqual(newest > buriedAt ? { deleted: false, is: `v${newest}` } : { deleted: true, is: 'v0' });
    }),
    { numRuns: 100 },
  );
});
