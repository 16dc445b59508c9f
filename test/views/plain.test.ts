// Promise: every view says what a plain count of the tables says: after a sync, after every kind of odd value, deletion
// and undeletion, and whether or not it was added up since.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { sumUp } from '../../src/db/rollups/sum-up.js';
import { openStage } from '../support/command.js';
import { expectPlainTruth } from '../support/plain-views.js';

/** What no sync of a tidy shop brings. */
const odd = [
  'update hive.orders set _deleted_at = now() where id % 17 = 0',
  'update hive.orders set _deleted_at = null where id % 51 = 0',
  'update hive.orders set created_at = null where id % 31 = 0',
  'update hive.orders set status = null where id % 29 = 0',
  `update hive.orders set status = 'unheard of' where id % 37 = 0`,
  'update hive.orders set total_tax_in_cents = -total_tax_in_cents where id % 23 = 0',
  'update hive.orders set total_net_revenue_in_cents = null where id % 41 = 0',
  'update hive.orders set currency = null where id % 43 = 0',
  // The hour that is there twice, and midnight on either side of it.
  `update hive.orders set created_at = '2026-10-24 21:30Z'::timestamptz + id % 60 * interval '30 minutes' where id % 7 = 0`,
  'update hive.order_items set sku_id = null where order_id % 13 = 0',
  'update hive.order_items set quantity = null where order_id % 47 = 0',
  'update hive.order_items set price_per_unit_in_cents_with_discount = null where order_id % 5 = 0',
  'update hive.order_items set price_per_unit_in_cents_with_discount = -100 where order_id % 11 = 0',
  'update hive.order_items set price_per_unit_in_cents = null where order_id % 25 = 0',
  'update hive.order_items set merchant_sku_id = null where order_id % 19 = 0',
  'delete from hive.order_items where order_id % 53 = 0',
  'update hive.shipments set order_id = null where id % 13 = 0',
  'update hive.shipments set order_id = 999999 where id % 27 = 1',
  'update hive.shipments set order_id = (select min(id) from hive.orders) where id % 30 = 2',
  `update hive.shipments set status = case when id % 2 = 0 then 'cancelled' end where id % 11 = 0`,
  'update hive.shipments set delivery_status = null where id % 7 = 0',
  `update hive.shipments set shipment_provider = '' where id % 5 = 0`,
  `update hive.shipments set delivered_at = shipped_at - interval '1 hour' where id % 21 = 0`,
  'update hive.shipments set shipped_at = null where id % 33 = 0',
  'update hive.shipments set _deleted_at = now() where id % 9 = 0',
  'update hive.shipments set _deleted_at = null where id % 18 = 0',
  'update hive.returns set _deleted_at = now() where id % 10 = 0',
  'update hive.returns set order_id = null where id % 4 = 0',
  'update hive.return_items set sku_id = 4242 where return_id % 8 = 0',
  'update hive.return_line_items set sku_id = null where return_id % 6 = 0',
  'update hive.return_line_items set return_item_id = null where return_id % 5 = 0',
  // An id that stands twice must not count what belongs to it twice.
  `insert into hive.return_items (account, return_id, position, id, sku_id, quantity, customer_return_reason)
    select account, return_id, position + 100, id, sku_id, 1, customer_return_reason from hive.return_items`,
  `insert into hive.sku_inventory (account, sku_id, position, warehouse_id, stocked, reserved, total)
    select account, sku_id, position + 100, warehouse_id, 7, 7, 7 from hive.sku_inventory where sku_id % 3 = 0`,
  'update hive.skus set _deleted_at = now() where id % 10 = 0',
  `update hive.skus set status = 'deleted' where id % 4 = 0`,
  'update hive.sku_batches set expiry_date = current_date + (sku_id % 200)::int - 50',
  'update hive.restocking_shipments set _deleted_at = now() where id % 5 = 0',
  'update hive.restocking_shipment_items set announced_quantity = 0 where restocking_shipment_id % 7 = 0',
];

test('the views say what the tables say', async () => {
  const stage = await openStage({ sizes: { orders: 300 } }, { SYNC_TIMEZONE: 'Europe/Berlin' });
  expect(await stage.run('sync')).toMatchObject({ code: 0 });
  await stage.inDatabase(async ({ db }) => {
    await expectPlainTruth(db);
    for (const statement of odd) {
      const { count } = await db.execute(sql.raw(statement));
      expect(count, statement).toBeGreaterThan(0);
    }
    await expectPlainTruth(db);
    expect(await sumUp(db)).toBeGreaterThan(0);
    await expectPlainTruth(db);
  });
  // What was made of payloads is made again.
  expect(await stage.run('rederive')).toMatchObject({ code: 0 });
  await stage.inDatabase(({ db }) => expectPlainTruth(db));
  await stage.simulator.close();
});

test('the days of stock are those of SYNC_TIMEZONE, whatever the session says', async () => {
  const stage = await openStage({ sizes: { skus: 5 } }, { SYNC_TIMEZONE: 'Pacific/Kiritimati' });
  expect(await stage.run('sync', 'skus', 'warehouses')).toMatchObject({ code: 0 });
  await stage.inDatabase(async ({ db }) => {
    // 26 hours lie between the two: the day is never the same.
    const [sum] = await db.transaction(async (tx) => {
      await tx.execute(sql`set local timezone = 'Etc/GMT+12'`);
      await tx.execute(
        sql`update hive.sku_batches set expiry_date = (now() at time zone 'Pacific/Kiritimati')::date - 1`,
      );
      return tx.execute<{ expired: number; expiring: number }>(sql`
        select sum(expired_quantity)::int as expired, sum(quantity_expiring_in_90_days)::int as expiring
        from hive.inventory_by_warehouse`);
    });
    expect(sum?.expired).toBeGreaterThan(0);
    expect(sum?.expiring).toBe(0);
  });
  await stage.simulator.close();
});
