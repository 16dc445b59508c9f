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
      p90_hours: 48,
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

test('an order that has reached its recipient is not open, and one that Hive ships more of has not reached them', async () => {
  const parcel = (id: number, orderId: number, delivery: string | null, at: string | null) => sql`
    insert into hive.shipments (account, id, order_id, status, delivered_at, delivery_status, ${stamps})
    values ('b', ${id}, ${orderId}, 'shipped', ${at}::timestamptz, ${delivery}, ${stamp})`;
  for (const [id, status] of Object.entries(['fulfilled', 'fulfilled', 'fulfillable', 'fulfilled']))
    await db.execute(sql`
      insert into hive.orders (account, id, status, ${stamps}) values ('b', ${Number(id) + 11}, ${status}, ${stamp})`);
  // The carrier's words lag behind; it has no words yet; one parcel of two; sent back, with the time of that.
  await db.execute(parcel(11, 11, 'In transit', '2026-03-05 10:00Z'));
  await db.execute(parcel(12, 12, null, '2026-03-05 10:00Z'));
  await db.execute(parcel(13, 13, 'Delivered', '2026-03-05 10:00Z'));
  await db.execute(parcel(14, 14, 'Returned to sender', '2026-03-05 10:00Z'));
  const rows = await db.execute(sql`
    select order_id, delivered_at is not null as is_delivered, is_open from hive.order_fulfilment where account = 'b' order by 1`);
  expect([...rows]).toEqual([
    { order_id: 11, is_delivered: true, is_open: false },
    { order_id: 12, is_delivered: true, is_open: false },
    { order_id: 13, is_delivered: false, is_open: true },
    { order_id: 14, is_delivered: false, is_open: false },
  ]);
});

test('the time of nine in ten parcels is one that a parcel took', async () => {
  for (let n = 1; n <= 10; n++)
    await db.execute(sql`
      insert into hive.shipments (account, id, shipped_at, delivered_at, shipment_provider, ${stamps})
      values ('b', ${n}, '2026-03-02 00:00Z', '2026-03-02 00:00Z'::timestamptz + ${n * n}::int * interval '1 hour', 'DHL', ${stamp})`);
  const [row] = await db.execute(sql`select median_hours, p90_hours from hive.carrier_performance where account = 'b'`);
  expect(row).toEqual({ median_hours: (25 + 36) / 2, p90_hours: 81 });
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

test('returns that name only the code of the shop are those of its SKU, and without return_item_id have the reason of what was announced', async () => {
  await db.execute(sql`
    insert into hive.skus (account, id, merchant_sku_id, name, ${stamps}) values
      ('r', 1, 'TEA', 'Tea', ${stamp}), ('r', 2, 'CUP', 'Cup', ${stamp}), ('r', 3, 'TWICE', 'One', ${stamp}), ('r', 4, 'TWICE', 'Two', ${stamp})`);
  await db.execute(sql`
    insert into hive.orders (account, id, status, created_at, ${stamps}) values ('r', 1, 'fulfilled', now(), ${stamp})`);
  await db.execute(sql`
    insert into hive.order_items (account, order_id, position, sku_id, merchant_sku_id, quantity) values
      ('r', 1, 1, 1, 'TEA', 6), ('r', 1, 2, null, 'TEA', 2), ('r', 1, 3, 2, 'CUP', 4), ('r', 1, 4, null, 'TWICE', 3), ('r', 1, 5, null, null, 9)`);
  await db.execute(sql`
    insert into hive.returns (account, id, return_reason, ${stamps}) select 'r', n, 'customer_return', ${stamp} from generate_series(1, 5) n`);
  await db.execute(sql`
    insert into hive.return_items (account, return_id, position, id, sku_id, merchant_sku_id, quantity, customer_return_reason) values
      ('r', 1, 1, 11, null, 'TEA', 2, 'too_small'), ('r', 2, 1, 21, 2, 'CUP', 1, 'damaged'), ('r', 2, 2, 22, 2, 'CUP', 1, 'changed_mind'),
      ('r', 5, 1, 51, 2, 'CUP', 7, 'twice'), ('r', 5, 2, 51, 2, 'CUP', 1, 'twice')`);
  await db.execute(sql`
    insert into hive.return_line_items (account, return_id, position, id, return_item_id, sku_id, merchant_sku_id, quantity) values
      ('r', 1, 1, 1, null, 1, null, 2), ('r', 2, 1, 2, null, 2, 'CUP', 1), ('r', 3, 1, 3, null, null, 'TWICE', 1), ('r', 4, 1, 4, null, null, null, 1)`);
  const rows = await db.execute<Record<string, unknown>>(sql`
    select sku_id, merchant_sku_id, reason, units_announced, units_returned, units_sold, return_rate
    from hive.return_rates where account = 'r' order by 2, 3`);
  expect(rows.map((row) => Object.values(row))).toEqual([
    [2, 'CUP', 'changed_mind', 1, 0, 4, 0],
    // Nobody knows which of the two came.
    [2, 'CUP', 'customer_return', 0, 1, 4, 0.25],
    [2, 'CUP', 'damaged', 1, 0, 4, 0],
    [2, 'CUP', 'twice', 1, 0, 4, 0],
    [1, 'TEA', 'too_small', 2, 2, 8, 0.25],
    // Two SKUs have this code, so none is named by it.
    [null, 'TWICE', 'customer_return', 0, 1, 3, 0.3333],
    [null, null, 'customer_return', 0, 1, 0, null],
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

test('a batch that is listed twice, or twice with a warehouse, counts once', async () => {
  await db.execute(sql`insert into hive.skus (account, id, ${stamps}) values ('b', 1, ${stamp})`);
  await db.execute(sql`
    insert into hive.sku_inventory (account, sku_id, position, warehouse_id, stocked) values ('b', 1, 1, 9, 5)`);
  await db.execute(sql`
    insert into hive.sku_batches (account, sku_id, position, id, expiry_date) values
      ('b', 1, 1, 7, current_date - 1), ('b', 1, 2, 7, current_date - 2), ('b', 1, 3, 8, current_date - 3)`);
  await db.execute(sql`
    insert into hive.sku_batch_quantities (account, sku_id, position, batch_position, warehouse_id, quantity) values
      ('b', 1, 1, 1, 9, 100), ('b', 1, 2, 2, 9, 3), ('b', 1, 3, 2, 9, 4), ('b', 1, 4, 3, 9, 50), ('b', 1, 5, 3, 9, 0)`);
  const rows = await db.execute(sql`select batches, expired_quantity from hive.inventory_by_warehouse
    where account = 'b'`);
  expect([...rows]).toEqual([{ batches: 1, expired_quantity: 4 }]);
});

test('restocking tells per item what arrived once it is restocked, whatever Hive sends before; what was cancelled is left out', async () => {
  await db.execute(sql`
    insert into hive.restocking_shipments (account, id, warehouse_id, status, ${stamps}) values
      ('a', 1, 9, 'restocked', ${stamp}), ('a', 2, 9, 'processing', ${stamp}), ('a', 3, 9, 'cancelled', ${stamp})`);
  await db.execute(sql`
    insert into hive.restocking_shipment_items
      (account, restocking_shipment_id, position, sku_id, announced_quantity, arrived_quantity, damaged_quantity, missing_quantity)
    values ('a', 1, 1, 1, 10, 7, 1, 2), ('a', 2, 1, 2, 5, 4, 0, 1), ('a', 3, 1, 2, 5, null, null, null)`);
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
