DROP VIEW "hive"."carrier_performance";--> statement-breakpoint
DROP VIEW "hive"."freshness";--> statement-breakpoint
DROP VIEW "hive"."inventory_by_day";--> statement-breakpoint
DROP VIEW "hive"."inventory_by_warehouse";--> statement-breakpoint
DROP VIEW "hive"."order_fulfilment";--> statement-breakpoint
DROP VIEW "hive"."restocking_accuracy";--> statement-breakpoint
DROP VIEW "hive"."return_rates";--> statement-breakpoint
DROP VIEW "hive"."sku_sales";--> statement-breakpoint
ALTER TABLE "sync"."pages" ADD COLUMN "answered_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "sync"."pages" ADD COLUMN "api_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "sync"."pages" ADD COLUMN "losses" jsonb;--> statement-breakpoint
ALTER TABLE "sync"."windows" ADD COLUMN "end_below" integer;--> statement-breakpoint
ALTER TABLE "sync"."windows" ADD COLUMN "counted_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "sync"."windows" ADD COLUMN "own_count" integer;--> statement-breakpoint
ALTER TABLE "sync"."windows" ADD COLUMN "last_answered_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "sync"."windows" ADD COLUMN "as_of" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "sync"."lookups" ADD COLUMN "losses" jsonb;--> statement-breakpoint
ALTER TABLE "hive"."orders" ADD COLUMN "_lost" text[];--> statement-breakpoint
ALTER TABLE "hive"."restocking_shipments" ADD COLUMN "_lost" text[];--> statement-breakpoint
ALTER TABLE "hive"."returns" ADD COLUMN "_lost" text[];--> statement-breakpoint
ALTER TABLE "hive"."shipments" ADD COLUMN "_lost" text[];--> statement-breakpoint
ALTER TABLE "hive"."skus" ADD COLUMN "_lost" text[];--> statement-breakpoint
ALTER TABLE "hive"."warehouses" ADD COLUMN "_lost" text[];--> statement-breakpoint
CREATE INDEX "pages_window_id_requested_at_index" ON "sync"."pages" USING btree ("window_id","requested_at");--> statement-breakpoint
CREATE INDEX "runs_ended" ON "sync"."runs" USING btree ("account","finished_at") WHERE mode in ('full', 'incremental') and finished_at is not null;--> statement-breakpoint
CREATE INDEX "runs_complete" ON "sync"."runs" USING btree ("account","mode","finished_at") WHERE state = 'complete';--> statement-breakpoint
CREATE INDEX "windows_proofs" ON "sync"."windows" USING btree ("account","collection","kind","as_of") WHERE state = 'certified' and as_of is not null;--> statement-breakpoint
CREATE INDEX "windows_counts" ON "sync"."windows" USING btree ("account","collection","finished_at") WHERE from_at is null and kind in ('whole', 'head', 'counted') and finished_at is not null and last_item_count is not null;--> statement-breakpoint
CREATE INDEX "lookups_unsettled" ON "sync"."lookups" USING btree ("run_id","collection") WHERE state <> 'done' or outcome = 'unconfirmed';--> statement-breakpoint
CREATE INDEX "orders_account_id" ON "hive"."orders" USING btree ("account","id") WHERE _lost is not null;--> statement-breakpoint
CREATE INDEX "restocking_shipments_account_id" ON "hive"."restocking_shipments" USING btree ("account","id") WHERE _lost is not null;--> statement-breakpoint
CREATE INDEX "returns_account_id" ON "hive"."returns" USING btree ("account","id") WHERE _lost is not null;--> statement-breakpoint
CREATE INDEX "shipments_account_id" ON "hive"."shipments" USING btree ("account","id") WHERE _lost is not null;--> statement-breakpoint
CREATE INDEX "skus_account_id" ON "hive"."skus" USING btree ("account","id") WHERE _lost is not null;--> statement-breakpoint
CREATE INDEX "warehouses_account_id" ON "hive"."warehouses" USING btree ("account","id") WHERE _lost is not null;--> statement-breakpoint
CREATE VIEW "sync"."proofs" AS (with recursive known as (
  (select account, collection from sync.windows order by account, collection limit 1)
  union all
  select n.account, n.collection from known k cross join lateral (
    select w.account, w.collection from sync.windows w where (w.account, w.collection) > (k.account, k.collection)
    order by w.account, w.collection limit 1) n
)
select c.account, c.collection, whole.as_of as whole_as_of, whole.run_id as whole_run_id,
  greatest((select max(w.as_of) from sync.windows w where w.account = c.account and w.collection = c.collection and w.state = 'certified' and w.as_of is not null and w.kind = 'whole'), (select max(w.as_of) from sync.windows w where w.account = c.account and w.collection = c.collection and w.state = 'certified' and w.as_of is not null and w.kind = 'head')) as new_up_to,
  coalesce((select w.as_of from sync.windows w join sync.runs r on r.id = w.run_id
    where w.account = c.account and w.collection = c.collection and w.state = 'certified' and w.as_of is not null and w.kind = 'head' and (whole.as_of is null or w.as_of > whole.as_of) and r.state in ('complete', 'incomplete')
      and not exists (select from sync.windows o where o.run_id = w.run_id and o.collection = w.collection
        and (o.kind = 'whole' or o.state not in ('certified', 'done', 'split')))
      and not exists (select from sync.lookups l where l.run_id = w.run_id and l.collection = w.collection
        and l.state = 'failed')
    order by w.as_of desc limit 1), whole.as_of) as open_up_to,
  counted.last_item_count as api_count, counted.counted_at as api_count_at, counted.own_count,
  counted.last_item_count - counted.own_count as missing
from known c
left join lateral (
  select w.as_of, w.run_id from sync.windows w where w.account = c.account and w.collection = c.collection and w.state = 'certified' and w.as_of is not null and w.kind = 'whole' and w.reason is null and not exists (select from sync.lookups l where l.run_id = w.run_id
      and l.collection = w.collection and l.reason = 'suspect' and (l.state <> 'done' or l.outcome = 'unconfirmed'))
  order by w.as_of desc limit 1
) whole on true
left join lateral (
  select * from (
    select w.id, w.last_item_count, w.counted_at, w.own_count from sync.windows w
    where w.account = c.account and w.collection = c.collection and from_at is null and kind in ('whole', 'head', 'counted') and finished_at is not null and last_item_count is not null
      and (w.kind = 'whole' or w.to_at is null)
    order by w.finished_at desc limit 8
  ) last order by last.counted_at desc nulls last, last.id desc limit 1
) counted on true);--> statement-breakpoint
CREATE VIEW "hive"."oldest_proof" AS (select (array_agg(f.account order by f.certified_up_to nulls first, f.account, f.collection))[1] as account, (array_agg(f.collection order by f.certified_up_to nulls first, f.account, f.collection))[1] as collection,
  case when count(*) = count(f.certified_up_to) then min(f.certified_up_to) end as certified_up_to,
  case when count(*) = count(f.new_records_up_to) then min(f.new_records_up_to) end as new_records_up_to,
  case when count(*) = count(f.open_records_up_to) then min(f.open_records_up_to) end as open_records_up_to,
  case when count(*) = count(f.last_success_at) then min(f.last_success_at) end as last_success_at,
  count(*) filter (where f.missing <> 0) as collections_that_differ,
  coalesce(sum(f.open_dead_letters), 0)::bigint as open_dead_letters,
  coalesce(sum(f.rows_with_lost_values), 0)::bigint as rows_with_lost_values
from (
with recursive accounts as (
  select '' as account
  union all
  select n.account from accounts k cross join lateral (
    select account from (
      (select r.account from sync.runs r where r.account > k.account order by r.account limit 1)
      union all
      (select d.account from sync.webhook_deliveries d where d.account > k.account order by d.account limit 1)
    ) known order by account limit 1) n
)
select a.account, c.collection,
  case c.collection when 'warehouses' then (select count(*) from hive.warehouses t where t.account = a.account)
      - (select count(*) from hive.warehouses t where t.account = a.account and t._deleted_at is not null)
    when 'skus' then (select count(*) from hive.skus t where t.account = a.account)
      - (select count(*) from hive.skus t where t.account = a.account and t._deleted_at is not null)
    when 'orders' then (select count(*) from hive.orders t where t.account = a.account)
      - (select count(*) from hive.orders t where t.account = a.account and t._deleted_at is not null)
    when 'shipments' then (select count(*) from hive.shipments t where t.account = a.account)
      - (select count(*) from hive.shipments t where t.account = a.account and t._deleted_at is not null)
    when 'returns' then (select count(*) from hive.returns t where t.account = a.account)
      - (select count(*) from hive.returns t where t.account = a.account and t._deleted_at is not null)
    when 'restocking_shipments' then (select count(*) from hive.restocking_shipments t where t.account = a.account)
      - (select count(*) from hive.restocking_shipments t where t.account = a.account and t._deleted_at is not null) end as rows,
  case c.collection when 'warehouses' then (select count(*) from hive.warehouses t where t.account = a.account and t._lost is not null and t._deleted_at is null)
    when 'skus' then (select count(*) from hive.skus t where t.account = a.account and t._lost is not null and t._deleted_at is null)
    when 'orders' then (select count(*) from hive.orders t where t.account = a.account and t._lost is not null and t._deleted_at is null)
    when 'shipments' then (select count(*) from hive.shipments t where t.account = a.account and t._lost is not null and t._deleted_at is null)
    when 'returns' then (select count(*) from hive.returns t where t.account = a.account and t._lost is not null and t._deleted_at is null)
    when 'restocking_shipments' then (select count(*) from hive.restocking_shipments t where t.account = a.account and t._lost is not null and t._deleted_at is null) end as rows_with_lost_values,
  p.api_count, p.api_count_at, p.own_count, p.missing,
  p.whole_as_of as certified_up_to, p.new_up_to as new_records_up_to, p.open_up_to as open_records_up_to,
  success.finished_at as last_success_at, success.id as last_success_run_id,
  attempt.finished_at as last_attempt_at, attempt.id as last_attempt_run_id, attempt.state as last_attempt_state,
  (select count(*)::int from sync.dead_letters d
    where d.account = a.account and d.collection = c.collection and d.resolved_at is null) as open_dead_letters
from (select account from accounts where account <> '') a
cross join unnest(array['warehouses', 'skus', 'orders', 'shipments', 'returns', 'restocking_shipments']) as c (collection)
left join sync.proofs p on p.account = a.account and p.collection = c.collection
left join lateral (
  select r.id, r.finished_at from unnest(array['full', 'incremental']) as m (mode) cross join lateral (
    select r.id, r.finished_at from sync.runs r
    where r.account = a.account and r.mode = m.mode and r.state = 'complete' and c.collection = any(r.collections)
    order by r.finished_at desc limit 1) r
  order by r.finished_at desc limit 1
) success on true
left join lateral (
  select id, state, finished_at from sync.runs r
  where r.account = a.account and r.mode in ('full', 'incremental') and r.finished_at is not null and c.collection = any(r.collections)
  order by r.finished_at desc limit 1
) attempt on true) f);--> statement-breakpoint
CREATE VIEW "hive"."schema_drift" AS (with places (collection, path, name) as (values
  ('warehouses', 'id', 'id'),
  ('warehouses', 'name', 'name'),
  ('warehouses', 'country_code', 'country_code'),
  ('warehouses', 'city', 'city'),
  ('warehouses', 'postal_code', 'postal_code'),
  ('warehouses', 'line1', 'line1'),
  ('skus', 'id', 'id'),
  ('skus', 'merchant_sku_id', 'merchant_sku_id'),
  ('skus', 'name', 'name'),
  ('skus', 'created_at', 'created_at'),
  ('skus', 'barcode', 'barcode'),
  ('skus', 'batch_tracking_enabled', 'batch_tracking_enabled'),
  ('skus', 'cost_in_cents', 'cost_in_cents'),
  ('skus', 'country_code_of_origin', 'country_code_of_origin'),
  ('skus', 'hs_code', 'hs_code'),
  ('skus', 'fulfilled_by', 'fulfilled_by'),
  ('skus', 'image_url', 'image_url'),
  ('skus', 'status', 'status'),
  ('skus', 'weight_in_kg', 'weight_in_kg'),
  ('skus', 'inventory', 'inventory_stocked'),
  ('skus', 'inventory.stocked', 'inventory_stocked'),
  ('skus', 'inventory', 'inventory_reserved'),
  ('skus', 'inventory.reserved', 'inventory_reserved'),
  ('skus', 'inventory', 'inventory_total'),
  ('skus', 'inventory.total', 'inventory_total'),
  ('skus', 'dangerous_good', 'dangerous_good'),
  ('skus', 'hazardous_good', 'hazardous_good'),
  ('skus', 'h_codes', 'h_codes'),
  ('skus', 'un_names', 'un_names'),
  ('skus', 'inventory_per_warehouse[].warehouse_id', 'sku_inventory.warehouse_id'),
  ('skus', 'inventory_per_warehouse[].stocked', 'sku_inventory.stocked'),
  ('skus', 'inventory_per_warehouse[].reserved', 'sku_inventory.reserved'),
  ('skus', 'inventory_per_warehouse[].total', 'sku_inventory.total'),
  ('skus', 'inventory_batches[].id', 'sku_batches.id'),
  ('skus', 'inventory_batches[].name', 'sku_batches.name'),
  ('skus', 'inventory_batches[].tracking_code', 'sku_batches.tracking_code'),
  ('skus', 'inventory_batches[].expiry_date', 'sku_batches.expiry_date'),
  ('skus', 'inventory_batches[].stocked_quantities[].warehouse_id', 'sku_batch_quantities.warehouse_id'),
  ('skus', 'inventory_batches[].stocked_quantities[].quantity', 'sku_batch_quantities.quantity'),
  ('orders', 'id', 'id'),
  ('orders', 'merchant_order_id', 'merchant_order_id'),
  ('orders', 'customer_order_number', 'customer_order_number'),
  ('orders', 'status', 'status'),
  ('orders', 'carrier_preference', 'carrier_preference'),
  ('orders', 'created_at', 'created_at'),
  ('orders', 'financial_status', 'financial_status'),
  ('orders', 'payment_method', 'payment_method'),
  ('orders', 'currency', 'currency'),
  ('orders', 'total_price_in_cents', 'total_price_in_cents'),
  ('orders', 'total_net_revenue_in_cents', 'total_net_revenue_in_cents'),
  ('orders', 'total_tax_in_cents', 'total_tax_in_cents'),
  ('orders', 'total_net_refunds_in_cents', 'total_net_refunds_in_cents'),
  ('orders', 'total_tax_refunds_in_cents', 'total_tax_refunds_in_cents'),
  ('orders', 'shipping_address', 'shipping_first_name'),
  ('orders', 'shipping_address.first_name', 'shipping_first_name'),
  ('orders', 'shipping_address', 'shipping_last_name'),
  ('orders', 'shipping_address.last_name', 'shipping_last_name'),
  ('orders', 'shipping_address', 'shipping_full_name'),
  ('orders', 'shipping_address.full_name', 'shipping_full_name'),
  ('orders', 'shipping_address', 'shipping_email'),
  ('orders', 'shipping_address.email', 'shipping_email'),
  ('orders', 'shipping_address', 'shipping_phone'),
  ('orders', 'shipping_address.phone', 'shipping_phone'),
  ('orders', 'shipping_address', 'shipping_company'),
  ('orders', 'shipping_address.company', 'shipping_company'),
  ('orders', 'shipping_address', 'shipping_line1'),
  ('orders', 'shipping_address.line1', 'shipping_line1'),
  ('orders', 'shipping_address', 'shipping_line2'),
  ('orders', 'shipping_address.line2', 'shipping_line2'),
  ('orders', 'shipping_address', 'shipping_city'),
  ('orders', 'shipping_address.city', 'shipping_city'),
  ('orders', 'shipping_address', 'shipping_country_code'),
  ('orders', 'shipping_address.country_code', 'shipping_country_code'),
  ('orders', 'shipping_address', 'shipping_postal_code'),
  ('orders', 'shipping_address.postal_code', 'shipping_postal_code'),
  ('orders', 'shipping_address', 'shipping_parcel_point_id'),
  ('orders', 'shipping_address.parcel_point_id', 'shipping_parcel_point_id'),
  ('orders', 'tags', 'tags'),
  ('orders', 'custom_metadata', 'custom_metadata'),
  ('orders', 'items[].merchant_item_id', 'order_items.merchant_item_id'),
  ('orders', 'items[].sku_id', 'order_items.sku_id'),
  ('orders', 'items[].merchant_sku_id', 'order_items.merchant_sku_id'),
  ('orders', 'items[].quantity', 'order_items.quantity'),
  ('orders', 'items[].price_per_unit_in_cents', 'order_items.price_per_unit_in_cents'),
  ('orders', 'items[].price_per_unit_in_cents_with_discount', 'order_items.price_per_unit_in_cents_with_discount'),
  ('shipments', 'id', 'id'),
  ('shipments', 'order_id', 'order_id'),
  ('shipments', 'merchant_order_id', 'merchant_order_id'),
  ('shipments', 'created_at', 'created_at'),
  ('shipments', 'shipped_at', 'shipped_at'),
  ('shipments', 'delivered_at', 'delivered_at'),
  ('shipments', 'shipment_provider', 'shipment_provider'),
  ('shipments', 'delivery_status', 'delivery_status'),
  ('shipments', 'status', 'status'),
  ('shipments', 'tracking_code', 'tracking_code'),
  ('shipments', 'tracking_url', 'tracking_url'),
  ('shipments', 'updated_at', 'updated_at'),
  ('shipments', 'warehouse_id', 'warehouse_id'),
  ('shipments', 'items[].id', 'shipment_items.id'),
  ('shipments', 'items[].merchant_item_id', 'shipment_items.merchant_item_id'),
  ('shipments', 'items[].sku_id', 'shipment_items.sku_id'),
  ('shipments', 'items[].sku', 'shipment_items.sku_id'),
  ('shipments', 'items[].sku.id', 'shipment_items.sku_id'),
  ('shipments', 'items[].merchant_sku_id', 'shipment_items.merchant_sku_id'),
  ('shipments', 'items[].sku', 'shipment_items.merchant_sku_id'),
  ('shipments', 'items[].sku.merchant_sku_id', 'shipment_items.merchant_sku_id'),
  ('shipments', 'items[].sku.sku_code', 'shipment_items.merchant_sku_id'),
  ('shipments', 'items[].quantity', 'shipment_items.quantity'),
  ('shipments', 'items[].serial_numbers', 'shipment_items.serial_numbers'),
  ('shipments', 'items[].batches[].name', 'shipment_item_batches.name'),
  ('shipments', 'items[].batches[].tracking_code', 'shipment_item_batches.tracking_code'),
  ('shipments', 'items[].batches[].expiry_date', 'shipment_item_batches.expiry_date'),
  ('shipments', 'items[].batches[].quantity', 'shipment_item_batches.quantity'),
  ('returns', 'id', 'id'),
  ('returns', 'status', 'status'),
  ('returns', 'return_reason_type', 'return_reason_type'),
  ('returns', 'return_reason', 'return_reason'),
  ('returns', 'created_at', 'created_at'),
  ('returns', 'received_at', 'received_at'),
  ('returns', 'started_processing_at', 'started_processing_at'),
  ('returns', 'completed_handling_at', 'completed_handling_at'),
  ('returns', 'carrier', 'carrier'),
  ('returns', 'tracking_code', 'tracking_code'),
  ('returns', 'tracking_url', 'tracking_url'),
  ('returns', 'order', 'order_id'),
  ('returns', 'order.id', 'order_id'),
  ('returns', 'order', 'order_merchant_order_id'),
  ('returns', 'order.merchant_order_id', 'order_merchant_order_id'),
  ('returns', 'order', 'order_customer_order_number'),
  ('returns', 'order.customer_order_number', 'order_customer_order_number'),
  ('returns', 'return_items[].id', 'return_items.id'),
  ('returns', 'return_items[].sku_id', 'return_items.sku_id'),
  ('returns', 'return_items[].sku', 'return_items.sku_id'),
  ('returns', 'return_items[].sku.id', 'return_items.sku_id'),
  ('returns', 'return_items[].merchant_sku_id', 'return_items.merchant_sku_id'),
  ('returns', 'return_items[].sku', 'return_items.merchant_sku_id'),
  ('returns', 'return_items[].sku.merchant_sku_id', 'return_items.merchant_sku_id'),
  ('returns', 'return_items[].sku.sku_code', 'return_items.merchant_sku_id'),
  ('returns', 'return_items[].quantity', 'return_items.quantity'),
  ('returns', 'return_items[].customer_return_reason', 'return_items.customer_return_reason'),
  ('returns', 'return_items[].customer_return_message', 'return_items.customer_return_message'),
  ('returns', 'return_line_items[].id', 'return_line_items.id'),
  ('returns', 'return_line_items[].return_item_id', 'return_line_items.return_item_id'),
  ('returns', 'return_line_items[].sku_id', 'return_line_items.sku_id'),
  ('returns', 'return_line_items[].sku', 'return_line_items.sku_id'),
  ('returns', 'return_line_items[].sku.id', 'return_line_items.sku_id'),
  ('returns', 'return_line_items[].merchant_sku_id', 'return_line_items.merchant_sku_id'),
  ('returns', 'return_line_items[].sku', 'return_line_items.merchant_sku_id'),
  ('returns', 'return_line_items[].sku.merchant_sku_id', 'return_line_items.merchant_sku_id'),
  ('returns', 'return_line_items[].sku.sku_code', 'return_line_items.merchant_sku_id'),
  ('returns', 'return_line_items[].inventory_batch_id', 'return_line_items.inventory_batch_id'),
  ('returns', 'return_line_items[].quantity', 'return_line_items.quantity'),
  ('returns', 'return_line_items[].condition', 'return_line_items.condition'),
  ('returns', 'return_line_items[].follow_up_action', 'return_line_items.follow_up_action'),
  ('returns', 'photos[].id', 'return_photos.id'),
  ('returns', 'photos[].image_url', 'return_photos.image_url'),
  ('returns', 'photos[].photo_type', 'return_photos.photo_type'),
  ('restocking_shipments', 'id', 'id'),
  ('restocking_shipments', 'merchant_id', 'merchant_id'),
  ('restocking_shipments', 'warehouse_id', 'warehouse_id'),
  ('restocking_shipments', 'estimated_arrival_date', 'estimated_arrival_date'),
  ('restocking_shipments', 'delivery_option', 'delivery_option'),
  ('restocking_shipments', 'tracking_code', 'tracking_code'),
  ('restocking_shipments', 'po_number', 'po_number'),
  ('restocking_shipments', 'supplier_name', 'supplier_name'),
  ('restocking_shipments', 'status', 'status'),
  ('restocking_shipments', 'barcode', 'barcode'),
  ('restocking_shipments', 'restocking_shipment_items[].id', 'restocking_shipment_items.id'),
  ('restocking_shipments', 'restocking_shipment_items[].sku_id', 'restocking_shipment_items.sku_id'),
  ('restocking_shipments', 'restocking_shipment_items[].merchant_sku_id', 'restocking_shipment_items.merchant_sku_id'),
  ('restocking_shipments', 'restocking_shipment_items[].announced_quantity', 'restocking_shipment_items.announced_quantity'),
  ('restocking_shipments', 'restocking_shipment_items[].arrived_quantity', 'restocking_shipment_items.arrived_quantity'),
  ('restocking_shipments', 'restocking_shipment_items[].damaged_quantity', 'restocking_shipment_items.damaged_quantity'),
  ('restocking_shipments', 'restocking_shipment_items[].missing_quantity', 'restocking_shipment_items.missing_quantity'),
  ('restocking_shipments', 'restocking_shipment_items[].remarks', 'restocking_shipment_items.remarks'),
  ('restocking_shipments', 'restocking_shipment_items[].total_cost_in_cents', 'restocking_shipment_items.total_cost_in_cents'),
  ('restocking_shipments', 'restocking_shipment_items[].inventory_batches[].id', 'restocking_shipment_item_batches.id'),
  ('restocking_shipments', 'restocking_shipment_items[].inventory_batches[].name', 'restocking_shipment_item_batches.name'),
  ('restocking_shipments', 'restocking_shipment_items[].inventory_batches[].tracking_code', 'restocking_shipment_item_batches.tracking_code'),
  ('restocking_shipments', 'restocking_shipment_items[].inventory_batches[].expiry_date', 'restocking_shipment_item_batches.expiry_date'),
  ('restocking_shipments', 'restocking_shipment_items[].inventory_batches[].arrived_quantity', 'restocking_shipment_item_batches.arrived_quantity')
),
lost as (
  select account, collection, name from (
    select account, 'warehouses' as collection, unnest(_lost) as name
    from hive.warehouses where _lost is not null and _deleted_at is null
    union all
    select account, 'skus' as collection, unnest(_lost) as name
    from hive.skus where _lost is not null and _deleted_at is null
    union all
    select account, 'orders' as collection, unnest(_lost) as name
    from hive.orders where _lost is not null and _deleted_at is null
    union all
    select account, 'shipments' as collection, unnest(_lost) as name
    from hive.shipments where _lost is not null and _deleted_at is null
    union all
    select account, 'returns' as collection, unnest(_lost) as name
    from hive.returns where _lost is not null and _deleted_at is null
    union all
    select account, 'restocking_shipments' as collection, unnest(_lost) as name
    from hive.restocking_shipments where _lost is not null and _deleted_at is null
  ) every group by 1, 2, 3
)
select d.account, d.collection, d.path, d.kind, d.seen, d.expected, d.sample, d.first_seen_at, d.last_seen_at, d.count,
  d.kind = 'loss' and exists (
    select from lost l join places p on p.collection = l.collection and p.name = l.name
    where l.account = d.account and p.collection = d.collection and p.path = d.path
  ) as is_lost_now
from sync.schema_drift d);--> statement-breakpoint
CREATE VIEW "hive"."carrier_performance" AS (select account, carrier, week, shipments, delivered, delivered_share, median_hours, p90_hours, returned_to_sender, action_required from sync.carrier_performance
where not exists (select from sync.carrier_performance_touched)
union all
select account, carrier, week, shipments, delivered, delivered_share, median_hours, p90_hours, returned_to_sender, action_required from sync.carrier_performance s
where exists (select from sync.carrier_performance_touched)
  and not exists (select from (
    select account, week from sync.carrier_performance_touched
    union all select null, null from generate_series(1, (select 0))) t where t.account = s.account and t.week = s.week)
union all
select account, carrier, week, count(*)::int as shipments, count(delivered_at)::int as delivered,
  round(count(delivered_at)::numeric / count(*), 3)::float8 as delivered_share,
  round((percentile_cont(0.5) within group (order by seconds))::numeric / 3600, 1)::float8 as median_hours,
  round((percentile_disc(0.9) within group (order by seconds))::numeric / 3600, 1)::float8 as p90_hours,
  count(*) filter (where delivery_status = 'Returned to sender')::int as returned_to_sender,
  count(*) filter (where delivery_status = 'Action required')::int as action_required
from (
  select t.account, s.carrier, t.week, s.delivered_at, s.delivery_status, s.seconds
  from (
    select account, week, (select timezone from sync.installation) as zone from (select distinct account, week from sync.carrier_performance_touched) k offset 0
  ) t
  cross join lateral (
    select coalesce(nullif(s.shipment_provider, ''), 'unknown') as carrier, d.delivered_at, s.delivery_status,
      extract(epoch from d.delivered_at - s.shipped_at)::float8 as seconds
    from hive.shipments s cross join lateral (select case when delivery_status is distinct from 'Returned to sender' then delivered_at end as delivered_at) d
    where s.account = t.account
      and s.shipped_at >= (t.week::timestamp at time zone t.zone) - interval '3 hours'
      and s.shipped_at < ((t.week + 7)::timestamp at time zone t.zone) + interval '3 hours'
      and date_trunc('week', s.shipped_at at time zone t.zone)::date = t.week
      and s._deleted_at is null and s.status is distinct from 'cancelled' offset 0
  ) s
) shipped
group by account, carrier, week);--> statement-breakpoint
CREATE VIEW "hive"."freshness" AS (with recursive accounts as (
  select '' as account
  union all
  select n.account from accounts k cross join lateral (
    select account from (
      (select r.account from sync.runs r where r.account > k.account order by r.account limit 1)
      union all
      (select d.account from sync.webhook_deliveries d where d.account > k.account order by d.account limit 1)
    ) known order by account limit 1) n
)
select a.account, c.collection,
  case c.collection when 'warehouses' then (select count(*) from hive.warehouses t where t.account = a.account)
      - (select count(*) from hive.warehouses t where t.account = a.account and t._deleted_at is not null)
    when 'skus' then (select count(*) from hive.skus t where t.account = a.account)
      - (select count(*) from hive.skus t where t.account = a.account and t._deleted_at is not null)
    when 'orders' then (select count(*) from hive.orders t where t.account = a.account)
      - (select count(*) from hive.orders t where t.account = a.account and t._deleted_at is not null)
    when 'shipments' then (select count(*) from hive.shipments t where t.account = a.account)
      - (select count(*) from hive.shipments t where t.account = a.account and t._deleted_at is not null)
    when 'returns' then (select count(*) from hive.returns t where t.account = a.account)
      - (select count(*) from hive.returns t where t.account = a.account and t._deleted_at is not null)
    when 'restocking_shipments' then (select count(*) from hive.restocking_shipments t where t.account = a.account)
      - (select count(*) from hive.restocking_shipments t where t.account = a.account and t._deleted_at is not null) end as rows,
  case c.collection when 'warehouses' then (select count(*) from hive.warehouses t where t.account = a.account and t._lost is not null and t._deleted_at is null)
    when 'skus' then (select count(*) from hive.skus t where t.account = a.account and t._lost is not null and t._deleted_at is null)
    when 'orders' then (select count(*) from hive.orders t where t.account = a.account and t._lost is not null and t._deleted_at is null)
    when 'shipments' then (select count(*) from hive.shipments t where t.account = a.account and t._lost is not null and t._deleted_at is null)
    when 'returns' then (select count(*) from hive.returns t where t.account = a.account and t._lost is not null and t._deleted_at is null)
    when 'restocking_shipments' then (select count(*) from hive.restocking_shipments t where t.account = a.account and t._lost is not null and t._deleted_at is null) end as rows_with_lost_values,
  p.api_count, p.api_count_at, p.own_count, p.missing,
  p.whole_as_of as certified_up_to, p.new_up_to as new_records_up_to, p.open_up_to as open_records_up_to,
  success.finished_at as last_success_at, success.id as last_success_run_id,
  attempt.finished_at as last_attempt_at, attempt.id as last_attempt_run_id, attempt.state as last_attempt_state,
  (select count(*)::int from sync.dead_letters d
    where d.account = a.account and d.collection = c.collection and d.resolved_at is null) as open_dead_letters
from (select account from accounts where account <> '') a
cross join unnest(array['warehouses', 'skus', 'orders', 'shipments', 'returns', 'restocking_shipments']) as c (collection)
left join sync.proofs p on p.account = a.account and p.collection = c.collection
left join lateral (
  select r.id, r.finished_at from unnest(array['full', 'incremental']) as m (mode) cross join lateral (
    select r.id, r.finished_at from sync.runs r
    where r.account = a.account and r.mode = m.mode and r.state = 'complete' and c.collection = any(r.collections)
    order by r.finished_at desc limit 1) r
  order by r.finished_at desc limit 1
) success on true
left join lateral (
  select id, state, finished_at from sync.runs r
  where r.account = a.account and r.mode in ('full', 'incremental') and r.finished_at is not null and c.collection = any(r.collections)
  order by r.finished_at desc limit 1
) attempt on true);--> statement-breakpoint
CREATE VIEW "hive"."inventory_by_day" AS (select d.account, d.sku_id, d.warehouse_id, every.day::date as day, d.stocked, d.reserved, d.total,
  every.day::date = d.day as is_observed
from (
  select *, lead(day) over (partition by account, sku_id, warehouse_id order by day) as next_day from hive.inventory_daily
) d
cross join (select (now() at time zone timezone)::date as today from sync.installation) n
cross join lateral generate_series(
  d.day::timestamp, coalesce(d.next_day - 1, greatest(d.day, n.today))::timestamp, '1 day'
) as every(day)
where d.stocked is not null or d.reserved is not null or d.total is not null);--> statement-breakpoint
CREATE VIEW "hive"."inventory_by_warehouse" AS (select i.account, i.warehouse_id, w.name as warehouse, i.sku_id, s.merchant_sku_id, s.name as sku, s.status as sku_status,
  i.stocked, i.reserved, i.total, coalesce(b.batches, 0) as batches, b.next_expiry_date,
  coalesce(b.expired, 0) as expired_quantity, coalesce(b.in_30_days, 0) as quantity_expiring_in_30_days,
  coalesce(b.in_90_days, 0) as quantity_expiring_in_90_days
from (
  select distinct on (account, sku_id, warehouse_id, case when warehouse_id is null then position end) * from hive.sku_inventory
  order by account, sku_id, warehouse_id, case when warehouse_id is null then position end, position desc
) i
join hive.skus s on s.account = i.account and s.id = i.sku_id
left join hive.warehouses w on w.account = i.account and w.id = i.warehouse_id
left join (
  select q.account, q.sku_id, q.warehouse_id, count(*)::int as batches, min(b.expiry_date) as next_expiry_date,
    sum(q.quantity) filter (where b.expiry_date < n.today) as expired,
    sum(q.quantity) filter (where b.expiry_date between n.today and n.today + 30) as in_30_days,
    sum(q.quantity) filter (where b.expiry_date between n.today and n.today + 90) as in_90_days
  from (
    select distinct on (account, sku_id, warehouse_id, batch_position) * from hive.sku_batch_quantities
    order by account, sku_id, warehouse_id, batch_position, position desc
  ) q
  join hive.sku_batches b on b.account = q.account and b.sku_id = q.sku_id and b.position = q.batch_position
    and not exists (select from hive.sku_batches later where later.account = b.account and later.sku_id = b.sku_id
      and later.id = b.id and later.position > b.position)
  cross join (select (now() at time zone timezone)::date as today from sync.installation) n
  where q.quantity > 0
  group by q.account, q.sku_id, q.warehouse_id
) b on b.account = i.account and b.sku_id = i.sku_id and b.warehouse_id = i.warehouse_id
where s._deleted_at is null);--> statement-breakpoint
CREATE VIEW "hive"."order_fulfilment" AS (select account, order_id, merchant_order_id, status, created_at, first_shipped_at, delivered_at, hours_to_ship, hours_in_transit, hours_to_deliver, shipments, is_split, carrier, is_open from sync.order_fulfilment
where not exists (select from sync.order_fulfilment_touched)
union all
select account, order_id, merchant_order_id, status, created_at, first_shipped_at, delivered_at, hours_to_ship, hours_in_transit, hours_to_deliver, shipments, is_split, carrier, is_open from sync.order_fulfilment s
where exists (select from sync.order_fulfilment_touched)
  and not exists (select from (
    select account, order_id from sync.order_fulfilment_touched
    union all select null, null from generate_series(1, (select 0))) t where t.account = s.account and t.order_id = s.order_id)
union all
select o.account, o.id as order_id, o.merchant_order_id, o.status, o.created_at, s.first_shipped_at, s.delivered_at,
  round((extract(epoch from s.first_shipped_at - o.created_at) / 3600)::numeric, 1)::float8 as hours_to_ship,
  round((extract(epoch from s.delivered_at - s.first_shipped_at) / 3600)::numeric, 1)::float8 as hours_in_transit,
  round((extract(epoch from s.delivered_at - o.created_at) / 3600)::numeric, 1)::float8 as hours_to_deliver,
  s.shipments, s.shipments > 1 as is_split, s.carrier,
  coalesce(o.status = 'fulfillable', false) or s.is_open as is_open
from (select distinct account, order_id from sync.order_fulfilment_touched) t
cross join lateral (
  select o.account, o.id, o.merchant_order_id, o.status, o.created_at from hive.orders o
  where o.account = t.account and o.id = t.order_id and o._deleted_at is null offset 0
) o
cross join lateral (
  select count(*)::int as shipments, min(shipped_at) as first_shipped_at,
    case when o.status is distinct from 'fulfillable' and count(*) = count(case when delivery_status is distinct from 'Returned to sender' then delivered_at end) then max(delivered_at) end as delivered_at,
    string_agg(distinct nullif(shipment_provider, '') collate "C", ', ') collate "default" as carrier,
    coalesce(bool_or(delivered_at is null and coalesce(delivery_status not in ('Delivered', 'Returned to sender'), true)), false) as is_open
  from hive.shipments s
  where s.account = o.account and s.order_id = o.id and s._deleted_at is null and s.status is distinct from 'cancelled'
) s);--> statement-breakpoint
CREATE VIEW "hive"."restocking_accuracy" AS (select r.account, r.id as restocking_shipment_id, r.status, r.estimated_arrival_date, r.supplier_name, r.warehouse_id,
  w.name as warehouse, k.sku_id, coalesce(s.merchant_sku_id, i.merchant_sku_id) as merchant_sku_id,
  s.name as sku, i.announced_quantity as announced, n.arrived, n.damaged, n.missing,
  round(n.arrived::numeric / nullif(i.announced_quantity, 0), 3)::float8 as accuracy
from hive.restocking_shipments r
join hive.restocking_shipment_items i on i.account = r.account and i.restocking_shipment_id = r.id
  and not exists (select from hive.restocking_shipment_items later where later.account = i.account
    and later.restocking_shipment_id = i.restocking_shipment_id and later.id = i.id and later.position > i.position
    and later.position > 1)
cross join lateral (
  select case when r.status = 'restocked' then i.arrived_quantity end as arrived,
    case when r.status = 'restocked' then i.damaged_quantity end as damaged,
    case when r.status = 'restocked' then i.missing_quantity end as missing
) n
left join hive.warehouses w on w.account = r.account and w.id = r.warehouse_id
cross join lateral (select coalesce(i.sku_id, (select case when count(*) = 1 then min(o.id) end from hive.skus o
    where o.account = i.account and o.merchant_sku_id = nullif(i.merchant_sku_id, ''))) as sku_id) k
left join hive.skus s on s.account = i.account and s.id = k.sku_id
where r._deleted_at is null and r.status is distinct from 'cancelled');--> statement-breakpoint
CREATE VIEW "hive"."return_rates" AS (with reasons as (
  select r.account, p.sku_id, case when sku_id is null then named end as code, min(p.named collate "C") collate "default" as named,
    coalesce(p.reason, nullif(r.return_reason, ''), 'unknown') as reason, count(distinct r.id)::int as returns,
    coalesce(sum(p.announced), 0) as units_announced, coalesce(sum(p.handled), 0) as units_returned
  from hive.returns r
  join (
    select account, return_id, sku_id, named, reason, quantity as announced, 0 as handled from (
    select p.account, p.return_id, p.id, coalesce(p.sku_id, (select case when count(*) = 1 then min(o.id) end from hive.skus o
    where o.account = p.account and o.merchant_sku_id = nullif(p.merchant_sku_id, ''))) as sku_id, nullif(p.merchant_sku_id, '') as named, p.quantity, nullif(p.customer_return_reason, '') as reason
    from hive.return_items p
    where not exists (select from hive.return_items later where later.account = p.account and later.return_id = p.return_id
      and later.id = p.id and later.position > p.position and later.position > 1) offset 0
    ) a
    union all
    select h.account, h.return_id, h.sku_id, h.named, case when a.id is null then b.reason else a.reason end, 0, h.quantity
    from (
    select p.account, p.return_id, p.id, coalesce(p.sku_id, (select case when count(*) = 1 then min(o.id) end from hive.skus o
    where o.account = p.account and o.merchant_sku_id = nullif(p.merchant_sku_id, ''))) as sku_id, nullif(p.merchant_sku_id, '') as named, p.quantity, p.return_item_id
    from hive.return_line_items p
    where not exists (select from hive.return_line_items later where later.account = p.account and later.return_id = p.return_id
      and later.id = p.id and later.position > p.position and later.position > 1) offset 0
    ) h
    left join (
    select p.account, p.return_id, p.id, coalesce(p.sku_id, (select case when count(*) = 1 then min(o.id) end from hive.skus o
    where o.account = p.account and o.merchant_sku_id = nullif(p.merchant_sku_id, ''))) as sku_id, nullif(p.merchant_sku_id, '') as named, p.quantity, nullif(p.customer_return_reason, '') as reason
    from hive.return_items p
    where not exists (select from hive.return_items later where later.account = p.account and later.return_id = p.return_id
      and later.id = p.id and later.position > p.position and later.position > 1) offset 0
    ) a on a.return_id = h.return_id and a.id = h.return_item_id and a.account = h.account
    -- For what names no announced item. What names no SKU either is found by nobody.
    left join (
      select return_id, account, coalesce(sku_id, 0) as sku_id, coalesce(case when sku_id is null then named end, '') as code,
        case when count(reason) = count(*) and min(reason) = max(reason) then min(reason) end as reason
      from (
    select p.account, p.return_id, p.id, coalesce(p.sku_id, (select case when count(*) = 1 then min(o.id) end from hive.skus o
    where o.account = p.account and o.merchant_sku_id = nullif(p.merchant_sku_id, ''))) as sku_id, nullif(p.merchant_sku_id, '') as named, p.quantity, nullif(p.customer_return_reason, '') as reason
    from hive.return_items p
    where not exists (select from hive.return_items later where later.account = p.account and later.return_id = p.return_id
      and later.id = p.id and later.position > p.position and later.position > 1) offset 0
      ) a where sku_id is not null or named is not null
      group by 1, 2, 3, 4
    ) b on a.id is null and (h.sku_id is not null or h.named is not null) and b.return_id = h.return_id
      and b.sku_id = coalesce(h.sku_id, 0) and b.code = coalesce(case when h.sku_id is null then h.named end, '')
      and b.account = h.account
  ) p on p.account = r.account and p.return_id = r.id
  where r._deleted_at is null
  group by p.sku_id, case when sku_id is null then named end, coalesce(p.reason, nullif(r.return_reason, ''), 'unknown'), r.account
),
sold as (
  select account, sku_id, case when sku_id is null then named end as code, units
  from (
    select s.account, coalesce(s.sku_id, (select case when count(*) = 1 then min(o.id) end from hive.skus o
    where o.account = s.account and o.merchant_sku_id = nullif(s.merchant_sku_id, ''))) as sku_id, s.merchant_sku_id as named, s.units
    from (
      select account, sku_id, case when sku_id is null then merchant_sku_id end as merchant_sku_id, sum(units) as units from (
select account, day, sku_id, merchant_sku_id, currency, orders, units, revenue_in_cents, net_revenue_in_cents from sync.sku_sales
where not exists (select from sync.sku_sales_touched)
union all
select account, day, sku_id, merchant_sku_id, currency, orders, units, revenue_in_cents, net_revenue_in_cents from sync.sku_sales s
where exists (select from sync.sku_sales_touched)
  and not exists (select from (
    select account, day from sync.sku_sales_touched
    union all select null, null from generate_series(1, (select 0))) t where t.account = s.account and t.day = s.day)
union all
select t.account, t.day, i.sku_id, i.merchant_sku_id, o.currency, count(distinct o.id)::int as orders,
  sum(i.quantity) as units,
  case when sum(i.quantity::numeric * coalesce(i.price_per_unit_in_cents_with_discount, i.price_per_unit_in_cents)) between -9223372036854775808 and 9223372036854775807 then (sum(i.quantity::numeric * coalesce(i.price_per_unit_in_cents_with_discount, i.price_per_unit_in_cents)))::bigint end as revenue_in_cents,
  case when round(round(sum(case when o.total <> 0
    then i.quantity * (coalesce(i.price_per_unit_in_cents_with_discount, i.price_per_unit_in_cents) * 1.000000000000) * o.net / o.total
    else i.quantity::numeric * coalesce(i.price_per_unit_in_cents_with_discount, i.price_per_unit_in_cents) end), 9)) between -9223372036854775808 and 9223372036854775807 then (round(round(sum(case when o.total <> 0
    then i.quantity * (coalesce(i.price_per_unit_in_cents_with_discount, i.price_per_unit_in_cents) * 1.000000000000) * o.net / o.total
    else i.quantity::numeric * coalesce(i.price_per_unit_in_cents_with_discount, i.price_per_unit_in_cents) end), 9)))::bigint end as net_revenue_in_cents
from (
  select account, day, (select timezone from sync.installation) as zone from (select distinct account, day from sync.sku_sales_touched) k offset 0
) t
cross join lateral (
  select o.account, o.id, o.currency, o.total_net_revenue_in_cents as net,
    o.total_net_revenue_in_cents + o.total_tax_in_cents as total
  from hive.orders o
  where o.account = t.account
    and o.created_at >= (t.day::timestamp at time zone t.zone) - interval '3 hours'
    and o.created_at < ((t.day + 1)::timestamp at time zone t.zone) + interval '3 hours'
    and (o.created_at at time zone t.zone)::date = t.day
    and o._deleted_at is null and o.status is distinct from 'unfulfillable' offset 0
) o
cross join lateral (
  select i.sku_id, i.merchant_sku_id, i.quantity, i.price_per_unit_in_cents, i.price_per_unit_in_cents_with_discount
  from hive.order_items i
  where i.account = o.account and i.order_id = o.id offset 0
) i
group by t.account, t.day, i.sku_id, i.merchant_sku_id, o.currency
      ) sales group by sku_id, case when sku_id is null then merchant_sku_id end, account
    ) s
  ) s
  where sku_id is not null or named <> ''
)
-- What was sold is put beside the rows of its SKU, and not joined to them: there may be neither id nor code, and nobody
-- can tell the planner how many rows there will be.
select r.account, r.sku_id, coalesce(s.merchant_sku_id, r.named) as merchant_sku_id, s.name as sku, r.reason, r.returns,
  r.units_announced, r.units_returned, coalesce(r.units_sold, 0) as units_sold,
  round(r.units_returned::numeric / nullif(r.units_sold, 0), 4)::float8 as return_rate
from (
  select account, sku_id, reason, returns, units_announced, units_returned,
    min(named collate "C") over same collate "default" as named, (sum(units_sold) over same)::bigint as units_sold
  from (
    select account, sku_id, code, named, reason, returns, units_announced, units_returned, null::bigint as units_sold from reasons
    union all
    select account, sku_id, code, null, null, null, null, null, units from sold
  ) beside
  window same as (partition by sku_id, code, account)
) r
left join hive.skus s on s.account = r.account and s.id = r.sku_id
where r.returns is not null);--> statement-breakpoint
CREATE VIEW "hive"."sku_sales" AS (select d.*, case when d.sku_id is null then (select case when count(*) = 1 then min(o.name) end from hive.skus o
    where o.account = d.account and o.merchant_sku_id = nullif(d.merchant_sku_id, '')) else s.name end as sku
from (
select account, day, sku_id, merchant_sku_id, currency, orders, units, revenue_in_cents, net_revenue_in_cents from sync.sku_sales
where not exists (select from sync.sku_sales_touched)
union all
select account, day, sku_id, merchant_sku_id, currency, orders, units, revenue_in_cents, net_revenue_in_cents from sync.sku_sales s
where exists (select from sync.sku_sales_touched)
  and not exists (select from (
    select account, day from sync.sku_sales_touched
    union all select null, null from generate_series(1, (select 0))) t where t.account = s.account and t.day = s.day)
union all
select t.account, t.day, i.sku_id, i.merchant_sku_id, o.currency, count(distinct o.id)::int as orders,
  sum(i.quantity) as units,
  case when sum(i.quantity::numeric * coalesce(i.price_per_unit_in_cents_with_discount, i.price_per_unit_in_cents)) between -9223372036854775808 and 9223372036854775807 then (sum(i.quantity::numeric * coalesce(i.price_per_unit_in_cents_with_discount, i.price_per_unit_in_cents)))::bigint end as revenue_in_cents,
  case when round(round(sum(case when o.total <> 0
    then i.quantity * (coalesce(i.price_per_unit_in_cents_with_discount, i.price_per_unit_in_cents) * 1.000000000000) * o.net / o.total
    else i.quantity::numeric * coalesce(i.price_per_unit_in_cents_with_discount, i.price_per_unit_in_cents) end), 9)) between -9223372036854775808 and 9223372036854775807 then (round(round(sum(case when o.total <> 0
    then i.quantity * (coalesce(i.price_per_unit_in_cents_with_discount, i.price_per_unit_in_cents) * 1.000000000000) * o.net / o.total
    else i.quantity::numeric * coalesce(i.price_per_unit_in_cents_with_discount, i.price_per_unit_in_cents) end), 9)))::bigint end as net_revenue_in_cents
from (
  select account, day, (select timezone from sync.installation) as zone from (select distinct account, day from sync.sku_sales_touched) k offset 0
) t
cross join lateral (
  select o.account, o.id, o.currency, o.total_net_revenue_in_cents as net,
    o.total_net_revenue_in_cents + o.total_tax_in_cents as total
  from hive.orders o
  where o.account = t.account
    and o.created_at >= (t.day::timestamp at time zone t.zone) - interval '3 hours'
    and o.created_at < ((t.day + 1)::timestamp at time zone t.zone) + interval '3 hours'
    and (o.created_at at time zone t.zone)::date = t.day
    and o._deleted_at is null and o.status is distinct from 'unfulfillable' offset 0
) o
cross join lateral (
  select i.sku_id, i.merchant_sku_id, i.quantity, i.price_per_unit_in_cents, i.price_per_unit_in_cents_with_discount
  from hive.order_items i
  where i.account = o.account and i.order_id = o.id offset 0
) i
group by t.account, t.day, i.sku_id, i.merchant_sku_id, o.currency
) d
left join hive.skus s on s.account = d.account and s.id = d.sku_id);
--> statement-breakpoint
-- What older releases proved, as of the earliest request of it.
UPDATE "sync"."windows" w SET as_of = coalesce((
    SELECT least(w.to_at, min(p.requested_at)) FROM "sync"."pages" p
    WHERE p.window_id = w.id AND p.pass >= w.base_pass AND p.state = 'read'), w.to_at, w.started_at)
  WHERE w.state = 'certified';--> statement-breakpoint
UPDATE "sync"."windows" w SET counted_at = coalesce(w.started_at, w.finished_at)
  WHERE w.last_item_count IS NOT NULL;
--> statement-breakpoint
-- Hand-written: what is counted otherwise than before.
INSERT INTO sync.order_fulfilment_touched (account, order_id)
SELECT s.account, s.order_id FROM hive.shipments s JOIN hive.orders o ON o.account = s.account AND o.id = s.order_id
WHERE s.delivered_at IS NOT NULL AND (o.status = 'fulfillable' OR s.delivery_status IS DISTINCT FROM 'Delivered')
UNION SELECT account, order_id FROM sync.order_fulfilment WHERE carrier LIKE '%, %';--> statement-breakpoint
INSERT INTO sync.carrier_performance_touched (account, week) SELECT DISTINCT account, week FROM sync.carrier_performance;--> statement-breakpoint
INSERT INTO sync.sku_sales_touched (account, day) SELECT DISTINCT account, day FROM sync.sku_sales;--> statement-breakpoint
-- Hand-written: SKUs that are gone, or were gone for some days. Until now no row of nulls was written when they went, and
-- none when they came back with the stock of before.
WITH gone AS (
	SELECT c.account, c.record_id AS sku_id, (c.new::timestamptz AT TIME ZONE i.timezone)::date AS from_day,
		(SELECT (back.observed_at AT TIME ZONE i.timezone)::date FROM hive.status_changes back
			WHERE back.account = c.account AND back.collection = 'skus' AND back.record_id = c.record_id
				AND back.field = '_deleted_at' AND back.new IS NULL AND back.id > c.id ORDER BY back.id LIMIT 1) AS to_day
	FROM hive.status_changes c, sync.installation i
	WHERE c.collection = 'skus' AND c.field = '_deleted_at' AND c.new IS NOT NULL
	UNION
	SELECT s.account, s.id, (s._deleted_at AT TIME ZONE i.timezone)::date, NULL FROM hive.skus s, sync.installation i
	WHERE s._deleted_at IS NOT NULL
), shelved AS (
	SELECT g.account, g.sku_id, g.from_day, g.to_day, d.warehouse_id, d.day, d.stocked, d.reserved, d.total
	FROM gone g
	CROSS JOIN LATERAL (
		SELECT DISTINCT ON (warehouse_id) * FROM hive.inventory_daily d
		WHERE d.account = g.account AND d.sku_id = g.sku_id AND (d.day <= g.from_day OR g.to_day IS NULL)
		ORDER BY warehouse_id, day DESC
	) d
	WHERE (d.stocked IS NOT NULL OR d.reserved IS NOT NULL OR d.total IS NOT NULL)
		AND (g.to_day IS NULL OR g.to_day > g.from_day)
), ends AS (
	SELECT account, sku_id, warehouse_id, greatest(from_day, day) AS day,
		NULL::int AS stocked, NULL::int AS reserved, NULL::int AS total, true AS is_end
	FROM shelved
	UNION ALL
	SELECT s.account, s.sku_id, s.warehouse_id, s.to_day, s.stocked, s.reserved, s.total, false
	FROM shelved s
	WHERE s.to_day IS NOT NULL AND NOT EXISTS (
		SELECT FROM hive.inventory_daily d WHERE d.account = s.account AND d.sku_id = s.sku_id
			AND d.warehouse_id = s.warehouse_id AND d.day > s.from_day AND d.day <= s.to_day)
)
INSERT INTO hive.inventory_daily (account, sku_id, warehouse_id, day, stocked, reserved, total)
SELECT DISTINCT ON (account, sku_id, warehouse_id, day) account, sku_id, warehouse_id, day, stocked, reserved, total
FROM ends ORDER BY account, sku_id, warehouse_id, day, is_end DESC
ON CONFLICT (account, sku_id, warehouse_id, day) DO UPDATE
SET stocked = excluded.stocked, reserved = excluded.reserved, total = excluded.total;
