// What the views count, on rows that can be counted by hand.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { openTestDatabase } from '../support/database.js';

const { db } = await openTestDatabase();
const stamps = sql.raw('_first_seen_at, _fetched_at, _changed_at, _source, _content_hash, _raw');
const stamp = sql.raw("now(), now(), now(), 'page', 'x', '{}'");

await db.execute(sql`
  insert into hive.skus (account, id, merchant_sku_id, name, status, ${stamps}) values
    ('a', 1, 'TEA', 'Tea', 'active', ${stamp}), ('a', 2, 'CUP', 'Cup', 'deleted', ${stamp})`);
await db.execute(sql`insert into hive.warehouses (account, id, name, ${stamps}) values ('a', 9, 'Berlin', ${stamp})`);
await db.execute(sql`
  insert into hive.orders (account, id, status, created_at, currency, total_net_revenue_in_cents, total_tax_in_cents, ${stamps}) values
    ('a', 1, 'fulfilled', '2026-03-02 10:00Z', 'EUR', 1000, 190, ${stamp}),
    ('a', 2, 'fulfillable', '2026-03-02 23:59Z', 'EUR', 0, 0, ${stamp}),
    ('a', 3, 'unfulfillable', '2026-03-02 12:00Z', 'EUR', 1000, 190, ${stamp}),
    ('a', 4, 'fulfilled', '2026-03-02 12:00Z', 'EUR', 1000, 190, ${stamp})`);
await db.execute(sql`update hive.orders set _deleted_at = now() where id = 4`);
await db.execute(sql`
  insert into hive.order_items (account, order_id, position, sku_id, merchant_sku_id, quantity, price_per_unit_in_cents_with_discount)
  values ('a', 1, 1, 1, 'TEA', 3, 357), ('a', 1, 2, 2, 'CUP', 1, 119), ('a', 2, 1, 1, 'TEA', 1, 300),
    ('a', 3, 1, 1, 'TEA', 50, 300), ('a', 4, 1, 1, 'TEA', 50, 300)`);
await db.execute(sql`
  insert into hive.shipments (account, id, order_id, status, shipped_at, delivered_at, delivery_status, shipment_provider, ${stamps}) values
    ('a', 1, 1, 'shipped', '2026-03-03 10:00Z', '2026-03-05 10:00Z', 'Delivered', 'DHL', ${stamp}),
    ('a', 2, 1, 'shipped', '2026-03-04 10:00Z', '2026-03-05 20:00Z', 'Delivered', 'GLS', ${stamp}),
    ('a', 3, 1, 'cancelled', null, null, null, null, ${stamp}),
    ('a', 4, 1, 'shipped', '2026-03-02 11:00Z', null, 'In transit', 'UPS', ${stamp}),
    ('a', 5, 4, 'shipped', '2026-03-04 10:00Z', null, 'Returned to sender', '', ${stamp}),
    ('a', 6, 4, 'shipped', '2026-03-08 23:00Z', '2026-03-09 23:00Z', 'Delivered', 'DHL', ${stamp})`);
await db.execute(sql`update hive.shipments set _deleted_at = now() where id = 4`);

test('an order is followed from its creation to its last parcel; deleted orders, deleted and cancelled shipments do not count', async () => {
  const rows = await db.execute(sql`
    select order_id, shipments, is_split, carrier, hours_to_ship, hours_in_transit, hours_to_deliver, is_open
    from hive.order_fulfilment order by order_id`);
  const unshipped = {
    shipments: 0,
    is_split: false,
    carrier: null,
    hours_to_ship: null,
    hours_in_transit: null,
    hours_to_deliver: null,
  };
  expect([...rows]).toEqual([
    {
      order_id: 1,
      shipments: 2,
      is_split: true,
      carrier: 'DHL, GLS',
      hours_to_ship: 24,
      hours_in_transit: 58,
      hours_to_deliver: 82,
      is_open: false,
    },
    { order_id: 2, ...unshipped, is_open: true },
    { order_id: 3, ...unshipped, is_open: false },
  ]);
});

test('carriers are measured by the week of shipping, from Monday to Sunday', async () => {
  const rows = await db.execute(sql`
    select carrier, week::text, shipments, delivered, delivered_share, median_hours, p90_hours, returned_to_sender
    from hive.carrier_performance order by 1, 2`);
  expect([...rows]).toEqual([
    {
      carrier: 'DHL',
      week: '2026-03-02',
      shipments: 2,
      delivered: 2,
      delivered_share: 1,
      median_hours: 36,
      p90_hours: 45.6,
      returned_to_sender: 0,
    },
    {
      carrier: 'GLS',
      week: '2026-03-02',
      shipments: 1,
      delivered: 1,
      delivered_share: 1,
      median_hours: 34,
      p90_hours: 34,
      returned_to_sender: 0,
    },
    {
      carrier: 'unknown',
      week: '2026-03-02',
      shipments: 1,
      delivered: 0,
      delivered_share: 0,
      median_hours: null,
      p90_hours: null,
      returned_to_sender: 1,
    },
  ]);
});

test('sales leave out deleted and unfulfillable orders, and net revenue the tax of the order', async () => {
  const rows = await db.execute(sql`
    select day::text, sku, orders, units, revenue_in_cents, net_revenue_in_cents from hive.sku_sales order by sku desc`);
  // 3 × 357 gross are 900 net at 19 %; the order without totals has no tax that could be taken off.
  expect([...rows]).toEqual([
    { day: '2026-03-02', sku: 'Tea', orders: 2, units: 4, revenue_in_cents: 1371, net_revenue_in_cents: 1200 },
    { day: '2026-03-02', sku: 'Cup', orders: 1, units: 1, revenue_in_cents: 119, net_revenue_in_cents: 100 },
  ]);
});

test('returns are told by the reason of the shopper, else of the parcel, and measured by what was sold', async () => {
  await db.execute(sql`
    insert into hive.returns (account, id, return_reason, ${stamps}) values
      ('a', 1, 'customer_return', ${stamp}), ('a', 2, '', ${stamp}), ('a', 3, 'other', ${stamp})`);
  await db.execute(sql`update hive.returns set _deleted_at = now() where id = 3`);
  await db.execute(sql`
    insert into hive.return_items (account, return_id, position, id, sku_id, quantity, customer_return_reason)
    values ('a', 1, 1, 11, 1, 2, 'too_small')`);
  await db.execute(sql`
    insert into hive.return_line_items (account, return_id, position, id, return_item_id, sku_id, quantity) values
      ('a', 1, 1, 21, 11, 1, 1), ('a', 2, 1, 22, null, 1, 1), ('a', 3, 1, 23, null, 1, 9)`);
  const rows = await db.execute(sql`
    select sku, reason, returns, units_announced, units_returned, units_sold, return_rate from hive.return_rates order by reason`);
  expect([...rows]).toEqual([
    {
      sku: 'Tea',
      reason: 'too_small',
      returns: 1,
      units_announced: 2,
      units_returned: 1,
      units_sold: 4,
      return_rate: 0.25,
    },
    {
      sku: 'Tea',
      reason: 'unknown',
      returns: 1,
      units_announced: 0,
      units_returned: 1,
      units_sold: 4,
      return_rate: 0.25,
    },
  ]);
});

test('stock says which of its batches expire, and counts empty batches not', async () => {
  await db.execute(sql`
    insert into hive.sku_inventory (account, sku_id, position, warehouse_id, stocked, reserved, total)
    values ('a', 1, 1, 9, 30, 2, 30), ('a', 2, 1, 9, 5, 0, 5)`);
  await db.execute(sql`
    insert into hive.sku_batches (account, sku_id, position, id, expiry_date) values
      ('a', 1, 1, 1, current_date - 1), ('a', 1, 2, 2, current_date), ('a', 1, 3, 3, current_date + 31), ('a', 1, 4, 4, current_date - 9)`);
  await db.execute(sql`
    insert into hive.sku_batch_quantities (account, sku_id, position, batch_position, warehouse_id, quantity) values
      ('a', 1, 1, 1, 9, 4), ('a', 1, 2, 2, 9, 6), ('a', 1, 3, 3, 9, 20), ('a', 1, 4, 4, 9, 0)`);
  const rows = await db.execute(sql`
    select sku, sku_status, warehouse, stocked, batches, next_expiry_date = current_date - 1 as expired_yesterday,
      expired_quantity, quantity_expiring_in_30_days as in_30, quantity_expiring_in_90_days as in_90
    from hive.inventory_by_warehouse order by sku_id`);
  const berlin = { warehouse: 'Berlin' };
  expect([...rows]).toEqual([
    {
      ...berlin,
      sku: 'Tea',
      sku_status: 'active',
      stocked: 30,
      batches: 3,
      expired_yesterday: true,
      expired_quantity: 4,
      in_30: 6,
      in_90: 26,
    },
    {
      ...berlin,
      sku: 'Cup',
      sku_status: 'deleted',
      stocked: 5,
      batches: 0,
      expired_yesterday: null,
      expired_quantity: 0,
      in_30: 0,
      in_90: 0,
    },
  ]);
});

test('restocking tells per item what arrived of what was announced; what was cancelled is left out', async () => {
  await db.execute(sql`
    insert into hive.restocking_shipments (account, id, warehouse_id, status, ${stamps}) values
      ('a', 1, 9, 'restocked', ${stamp}), ('a', 2, 9, 'shipped', ${stamp}), ('a', 3, 9, 'cancelled', ${stamp})`);
  await db.execute(sql`
    insert into hive.restocking_shipment_items
      (account, restocking_shipment_id, position, sku_id, announced_quantity, arrived_quantity, damaged_quantity, missing_quantity)
    values ('a', 1, 1, 1, 10, 7, 1, 2), ('a', 2, 1, 2, 5, null, null, null), ('a', 3, 1, 2, 5, null, null, null)`);
  const rows = await db.execute(sql`
    select restocking_shipment_id as id, sku, announced, arrived, damaged, missing, accuracy from hive.restocking_accuracy order by 1`);
  expect([...rows]).toEqual([
    { id: 1, sku: 'Tea', announced: 10, arrived: 7, damaged: 1, missing: 2, accuracy: 0.7 },
    { id: 2, sku: 'Cup', announced: 5, arrived: null, damaged: null, missing: null, accuracy: null },
  ]);
});

test('freshness has a row for each collection of an account, and leaves out deleted records', async () => {
  await db.execute(sql`
    insert into sync.runs (account, mode, collections, trigger, state, finished_at)
    values ('a', 'full', '{orders}', 'cli', 'incomplete', now())`);
  await db.execute(sql`
    insert into sync.dead_letters (account, collection, kind, fingerprint) values ('a', 'orders', 'record', 'f')`);
  const rows = await db.execute(sql`
    select collection, rows, api_count, last_attempt_state, open_dead_letters from hive.freshness order by 1`);
  expect(rows).toHaveLength(6);
  expect(rows.find(({ collection }) => collection === 'orders')).toEqual({
    collection: 'orders',
    rows: 3,
    api_count: null,
    last_attempt_state: 'incomplete',
    open_dead_letters: 1,
  });
  expect(rows.find(({ collection }) => collection === 'skus')).toMatchObject({ rows: 2, last_attempt_state: null });
});
