-- A shop of two years: 1,000,000 orders, 2,500,000 items, 1,100,000 shipments and the rest, made by generate_series. Words in braces are
-- filled in by views.bench.ts.
-- Nothing is random: pick(n, k) spreads evenly over 0 … k-1, so that every run has the same rows.
set synchronous_commit = off;

create function pg_temp.pick(seed bigint, below int) returns int language sql immutable
  return ((hashint8(seed) & 2147483647) % below);

insert into sync.runs (account, mode, collections, trigger, state, started_at, heartbeat_at, finished_at)
values ('bench', 'full', '{warehouses,skus,orders,shipments,returns,restocking_shipments}', 'schedule', 'complete',
  '2026-11-01 03:00Z', '2026-11-01 04:00Z', '2026-11-01 04:00Z');
insert into sync.windows (run_id, account, collection, kind, to_at, priority, state, last_item_count, started_at, finished_at)
select 1, 'bench', c, 'whole', '2026-11-01 03:00Z', 4, 'certified', n, '2026-11-01 03:00Z', '2026-11-01 04:00Z'
from (values ('warehouses', 4), ('skus', 1000), ('orders', {orders}), ('shipments', {shipments}), ('returns', {returns}),
  ('restocking_shipments', 5000)) as counts (c, n);

insert into hive.warehouses
  (account, id, name, country_code, city, _first_seen_at, _fetched_at, _changed_at, _source, _run_id, _content_hash, _raw)
select 'bench', n, 'Warehouse ' || n, 'DE', 'Berlin', now(), now(), now(), 'page', 1, md5(n::text), '{}'
from generate_series(1, 4) n;

insert into hive.skus (account, id, merchant_sku_id, name, created_at, status, fulfilled_by, batch_tracking_enabled,
  cost_in_cents, inventory_stocked, inventory_reserved, inventory_total,
  _first_seen_at, _fetched_at, _changed_at, _source, _run_id, _content_hash, _raw)
select 'bench', n, 'SKU-' || n, 'Article ' || n, '2023-01-01Z'::timestamptz + n * interval '6 hours',
  case when n % 50 = 0 then 'deleted' else 'active' end, 'hive', n % 3 = 0, 500 + n, 4000, 40, 4000,
  now(), now(), now(), 'page', 1, md5(n::text), jsonb_build_object('id', n, 'filler', repeat('x', 900))
from generate_series(1, 1000) n;
insert into hive.sku_inventory (account, sku_id, position, warehouse_id, stocked, reserved, total)
select 'bench', n, w - 1, w, 1000, 10, 1000 from generate_series(1, 1000) n, generate_series(1, 4) w;
insert into hive.sku_batches (account, sku_id, position, id, name, tracking_code, expiry_date)
select 'bench', n, b, n * 10 + b, 'Batch ' || n || '-' || b, 'T' || n || b, current_date + 100 * b
from generate_series(3, 1000, 3) n, generate_series(0, 2) b;
insert into hive.sku_batch_quantities (account, sku_id, position, batch_position, warehouse_id, quantity)
select 'bench', n, b * 4 + w - 1, b, w, 300
from generate_series(3, 1000, 3) n, generate_series(0, 2) b, generate_series(1, 4) w;

insert into hive.orders (account, id, merchant_order_id, customer_order_number, status, created_at, financial_status,
  payment_method, currency, total_price_in_cents, total_net_revenue_in_cents, total_tax_in_cents,
  total_net_refunds_in_cents, total_tax_refunds_in_cents, shipping_first_name, shipping_last_name, shipping_full_name,
  shipping_email, shipping_line1, shipping_city, shipping_country_code, shipping_postal_code, tags,
  _first_seen_at, _fetched_at, _changed_at, _deleted_at, _source, _run_id, _content_hash, _raw)
select 'bench', n, md5(n::text)::uuid::text, '#' || n,
  case when n > {orders} - 3000 then 'fulfillable' when pg_temp.pick(n, 40) = 0 then 'unfulfillable' else 'fulfilled' end,
  '2024-11-01Z'::timestamptz + n * interval '63.072 seconds', 'paid', 'paypal', 'EUR', 5950, 5000, 950, 0, 0,
  'Ada', 'Example ' || n, 'Ada Example ' || n, n || '@example.com', 'Street ' || n % 90, 'Berlin', 'DE', '12099', '{}',
  now(), now(), now(), case when n % 5000 = 0 then now() end, 'page', 1, md5(n::text),
  jsonb_build_object('id', n, 'merchant_order_id', md5(n::text), 'status', 'fulfilled', 'currency', 'EUR',
    'created_at', '2026-01-01T12:00:00.000+01:00', 'shipping_address', jsonb_build_object('full_name', 'Ada ' || n,
    'line1', 'Street ' || n % 90, 'city', 'Berlin', 'country_code', 'DE', 'postal_code', '12099'),
    'items', jsonb_build_array(jsonb_build_object('merchant_item_id', '1', 'sku_id', n % 1000, 'quantity', 1,
    'price_per_unit_in_cents', 2975), jsonb_build_object('merchant_item_id', '2', 'sku_id', n % 999, 'quantity', 1,
    'price_per_unit_in_cents', 2975)), 'tags', '[]'::jsonb, 'custom_metadata', null)
from generate_series(1, {orders}) n;

-- Two lines in every order, a third in every second one. Few SKUs sell often, many seldom.
insert into hive.order_items (account, order_id, position, merchant_item_id, sku_id, merchant_sku_id, quantity,
  price_per_unit_in_cents, price_per_unit_in_cents_with_discount)
select 'bench', n, p, (p + 1)::text, s, 'SKU-' || s, 1 + pg_temp.pick(n * 5 + p, 3) / 2, 2975, 2500
from generate_series(1, {orders}) n, generate_series(0, 1 + n % 2) p,
  lateral (select 1 + (pg_temp.pick(n * 3 + p, 1000)::bigint * pg_temp.pick(n * 7 + p, 1000) / 1000)::int as s) sku;

insert into hive.shipments (account, id, order_id, merchant_order_id, created_at, shipped_at, delivered_at,
  shipment_provider, delivery_status, status, tracking_code, tracking_url, updated_at, warehouse_id,
  _first_seen_at, _fetched_at, _changed_at, _deleted_at, _source, _run_id, _content_hash, _raw)
select 'bench', s, n, md5(n::text)::uuid::text, created_at + interval '1 hour',
  case when is_shipped then shipped_at end,
  case when is_shipped and luck > 12 then shipped_at + (20 + pg_temp.pick(s, 6000) / 60.0) * interval '1 hour' end,
  case when is_shipped then (array['DHL', 'DHL', 'DHL', 'DPD', 'GLS', 'UPS', 'Hermes'])[1 + pg_temp.pick(s * 13, 7)] end,
  case when is_shipped then case when luck > 12 then 'Delivered' when luck > 6 then 'Returned to sender'
    when luck > 4 then 'Action required' else 'In transit' end end,
  case when is_shipped then 'shipped' when n > {orders} - 3000 then 'in_picking' else 'cancelled' end,
  '003404' || s, 'https://example.com/track/' || s, shipped_at, 1 + n % 4,
  now(), now(), now(), case when s % 5000 = 0 then now() end, 'page', 1, md5(s::text),
  jsonb_build_object('id', s, 'order_id', n, 'status', 'shipped', 'delivery_status', 'Delivered',
    'created_at', created_at, 'items', jsonb_build_array(jsonb_build_object('id', s, 'quantity', 1, 'sku_id', n % 1000,
    'merchant_sku_id', 'SKU', 'batches', '[]'::jsonb, 'serial_numbers', '[]'::jsonb)))
from generate_series(1, {shipments}) s,
  lateral (select case when s <= {orders} then s else (s - {orders}) * 10 - 1 end as n) o,
  lateral (select '2024-11-01Z'::timestamptz + n * interval '63.072 seconds' as created_at,
    '2024-11-01Z'::timestamptz + n * interval '63.072 seconds' + (4 + pg_temp.pick(s * 11, 4000) / 60.0) * interval '1 hour'
      as shipped_at,
    n <= {orders} - 3000 and pg_temp.pick(n, 40) <> 0 as is_shipped, pg_temp.pick(s * 17, 1000) as luck) facts;
insert into hive.shipment_items (account, shipment_id, position, id, merchant_item_id, sku_id, merchant_sku_id, quantity,
  serial_numbers)
select 'bench', s, p, s * 8 + p, (p + 1)::text, k, 'SKU-' || k, 1, '{}'
from generate_series(1, {shipments}) s, generate_series(0, 1 + s % 2) p,
  lateral (select 1 + (pg_temp.pick(s * 3 + p, 1000)::bigint * pg_temp.pick(s * 7 + p, 1000) / 1000)::int as k) sku;
insert into hive.shipment_item_batches (account, shipment_id, position, item_position, name, tracking_code, expiry_date, quantity)
select 'bench', s, 0, 0, 'Batch', 'T', '2027-12-31', 1 from generate_series(3, {shipments}, 3) s;

insert into hive.returns (account, id, status, return_reason_type, return_reason, created_at, received_at,
  started_processing_at, completed_handling_at, carrier, order_id,
  _first_seen_at, _fetched_at, _changed_at, _source, _run_id, _content_hash, _raw)
select 'bench', n, 'handling_completed', 'active',
  (array['customer_return', 'not_picked_up', 'invalid_address', 'other', ''])[1 + pg_temp.pick(n, 5)],
  '2024-11-11Z'::timestamptz + n * interval '630 seconds', '2024-11-14Z'::timestamptz + n * interval '630 seconds',
  '2024-11-15Z'::timestamptz + n * interval '630 seconds', '2024-11-15Z'::timestamptz + n * interval '630 seconds',
  'DHL', n * 10 - 3, now(), now(), now(), 'page', 1, md5(n::text), jsonb_build_object('id', n, 'filler', repeat('x', 400))
from generate_series(1, {returns}) n;
insert into hive.return_items (account, return_id, position, id, sku_id, merchant_sku_id, quantity, customer_return_reason)
select 'bench', n, 1, n * 10, k, 'SKU-' || k, 1,
  (array['too_small', 'too_large', 'damaged', 'changed_mind', null])[1 + pg_temp.pick(n * 3, 5)]
from generate_series(1, {returns}) n, lateral (select 1 + pg_temp.pick(n * 7, 1000) as k) sku where n % 4 > 0;
insert into hive.return_line_items (account, return_id, position, id, return_item_id, sku_id, merchant_sku_id, quantity,
  condition, follow_up_action)
select 'bench', n, p + 1, n * 10 + 5 + p, case when n % 4 > 0 and p = 0 then n * 10 end, k, 'SKU-' || k, 1,
  (array['A', 'A', 'B', 'C'])[1 + pg_temp.pick(n * 5, 4)], 'restock'
from generate_series(1, {returns}) n, generate_series(0, n % 2) p,
  lateral (select 1 + pg_temp.pick(n * 7, 1000) as k) sku;
insert into hive.return_photos (account, return_id, position, id, image_url, photo_type)
select 'bench', n, 0, n, 'https://example.com/' || n, 'inside' from generate_series(1, {returns}, 3) n;

insert into hive.restocking_shipments (account, id, warehouse_id, estimated_arrival_date, delivery_option, supplier_name,
  status, barcode, _first_seen_at, _fetched_at, _changed_at, _source, _run_id, _content_hash, _raw)
select 'bench', n, 1 + n % 4, '2024-11-01'::date + n / 8, 'postal', 'Supplier ' || n % 20,
  case when n > 4950 then 'shipped' else 'restocked' end, 'RS.' || n,
  now(), now(), now(), 'page', 1, md5(n::text), jsonb_build_object('id', n, 'filler', repeat('x', 900))
from generate_series(1, 5000) n;
insert into hive.restocking_shipment_items (account, restocking_shipment_id, position, id, sku_id, merchant_sku_id,
  announced_quantity, arrived_quantity, damaged_quantity, missing_quantity, total_cost_in_cents)
select 'bench', n, p + 1, n * 10 + p, 1 + (n * 5 + p) % 1000, 'SKU-' || 1 + (n * 5 + p) % 1000, 100,
  case when n <= 4950 then 97 end, case when n <= 4950 then 1 end, case when n <= 4950 then 2 end, 250000
from generate_series(1, 5000) n, generate_series(0, 4) p;
