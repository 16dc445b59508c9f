// Promise: a view over a rollup is never behind and never ahead, while writers, sums and a change of the time zone are
// under way at the same time.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { type Db, openDatabase } from '../../src/db/database.js';
import { setTimezone } from '../../src/db/installation.js';
import { rollups, sumUp } from '../../src/db/rollups/sum-up.js';
import { openTestDatabase } from '../support/database.js';
import { expectPlainTruth } from '../support/plain-views.js';
import { until } from '../support/until.js';

const { db, url } = await openTestDatabase();
const views = [...rollups.map(({ name }) => name), 'return_rates'];
const stamps = sql.raw('_first_seen_at, _fetched_at, _changed_at, _source, _content_hash, _raw');
const stamp = sql.raw("now(), now(), now(), 'page', 'x', '{}'");

const writeOrder = (to: Pick<Db, 'execute'>, id: number, at: string) =>
  to.execute(sql`
  insert into hive.orders (account, id, status, created_at, currency, ${stamps})
  values ('a', ${id}, 'fulfillable', ${at}::timestamptz, 'EUR', ${stamp})
  on conflict (account, id) do update set created_at = excluded.created_at, status = excluded.status, _deleted_at = null`);
const writeItem = (to: Pick<Db, 'execute'>, id: number, quantity: number) =>
  to.execute(sql`
  insert into hive.order_items (account, order_id, position, sku_id, quantity, price_per_unit_in_cents)
  values ('a', ${id}, 1, 7, ${quantity}, 50)
  on conflict (account, order_id, position) do update set quantity = excluded.quantity`);
const writeShipment = (to: Pick<Db, 'execute'>, id: number, orderId: number, at: string) =>
  to.execute(sql`
  insert into hive.shipments (account, id, order_id, status, shipped_at, shipment_provider, ${stamps})
  values ('a', ${id}, ${orderId}, 'shipped', ${at}::timestamptz, 'DHL', ${stamp})
  on conflict (account, id) do update set order_id = excluded.order_id, shipped_at = excluded.shipped_at`);

test('whoever looks sees what the tables hold at that instant, whatever is under way', async () => {
  await db.execute(sql`insert into hive.returns (account, id, ${stamps}) values ('a', 1, ${stamp})`);
  await db.execute(sql`
    insert into hive.return_line_items (account, return_id, position, sku_id, quantity) values ('a', 1, 1, 7, 1)`);
  const WRITERS = 3;
  const STEPS = 60;
  let writing = WRITERS;
  const write = async (nth: number) => {
    const own = await openDatabase(url, { connections: 1 });
    try {
      for (let step = 0; step < STEPS; step++) {
        const n = nth * 7 + step * 5;
        const at = new Date(Date.UTC(2026, 2, 20 + (n % 16), (n * 11) % 24, 30)).toISOString();
        await own.db.transaction(async (tx) => {
          const id = 1 + (n % 9);
          await writeOrder(tx, id, at);
          await writeItem(tx, id, 1 + (n % 4));
          await writeShipment(tx, 1 + (n % 8), id, at);
          if (n % 6 === 0) await tx.execute(sql`update hive.orders set _deleted_at = now() where id = ${id}`);
        });
      }
    } finally {
      writing--;
      await own.close();
    }
  };
  const whileWriting = async (act: (own: Db, nth: number) => Promise<unknown>): Promise<number> => {
    const own = await openDatabase(url, { connections: 1 });
    try {
      let times = 0;
      for (; writing > 0 || times === 0; times++) await act(own.db, times);
      return times;
    } finally {
      await own.close();
    }
  };
  const zones = ['Europe/Berlin', 'Pacific/Auckland', 'UTC', 'America/Los_Angeles'];
  const [sums, looks] = await Promise.all([
    whileWriting((own) => sumUp(own)),
    whileWriting((own) => expectPlainTruth(own, { views })),
    whileWriting((own) => sumUp(own)),
    whileWriting((own, nth) => setTimezone(own, zones[nth % zones.length] ?? 'UTC')),
    ...Array.from({ length: WRITERS }, (_, nth) => write(nth)),
  ]);
  expect(sums).toBeGreaterThan(0);
  expect(looks).toBeGreaterThan(0);
  await expectPlainTruth(db, { views });
  await sumUp(db);
  await expectPlainTruth(db, { views });
});

/** Lets the change of time zone begin in the middle of the transaction, and the transaction end once it is met. */
async function changeZoneDuring(zone: string, act: (tx: Pick<Db, 'execute'>) => Promise<unknown>): Promise<void> {
  const own = await openDatabase(url, { connections: 1 });
  try {
    const [session] = await own.db.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`);
    let isDone = false;
    let change: Promise<unknown> = Promise.resolve();
    await db.transaction(async (tx) => {
      await act(tx);
      change = setTimezone(own.db, zone).finally(() => {
        isDone = true;
      });
      await until('the change waits, or did not', async () => {
        const [waits] = await tx.execute(sql`select from pg_locks where pid = ${session?.pid} and not granted`);
        return isDone || waits !== undefined;
      });
    });
    await change;
  } finally {
    await own.close();
  }
}

test('an order that is being written while the time zone changes is counted on its new day', async () => {
  await setTimezone(db, 'UTC');
  await db.execute(sql`truncate hive.orders, hive.order_items, hive.shipments`);
  await sumUp(db);
  await changeZoneDuring('Europe/Berlin', async (tx) => {
    await writeOrder(tx, 1, '2026-03-01T23:30:00Z');
    await writeItem(tx, 1, 2);
    await writeShipment(tx, 1, 1, '2026-03-01T23:30:00Z');
  });
  await expectPlainTruth(db, { views });
  await sumUp(db);
  await expectPlainTruth(db, { views });
  const [row] = await db.execute(sql`select day::text, units::int from hive.sku_sales`);
  expect(row).toEqual({ day: '2026-03-02', units: 2 });
});

test('what is being added up while the time zone changes does not stay on its old day', async () => {
  await setTimezone(db, 'UTC');
  await db.execute(sql`truncate hive.orders, hive.order_items, hive.shipments`);
  await sumUp(db);
  await writeOrder(db, 1, '2026-03-01T23:30:00Z');
  await writeItem(db, 1, 2);
  await writeShipment(db, 1, 1, '2026-03-01T23:30:00Z');
  await changeZoneDuring('Europe/Berlin', (tx) => sumUp(tx as Db));
  await expectPlainTruth(db, { views });
  const days = await db.execute(sql`select day::text from hive.sku_sales`);
  expect([...days]).toEqual([{ day: '2026-03-02' }]);
});
