DROP VIEW "hive"."freshness";--> statement-breakpoint
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
        and o.state not in ('certified', 'done', 'split'))
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
) attempt on true);
--> statement-breakpoint
-- What older releases proved, as of the earliest request of it.
UPDATE "sync"."windows" w SET as_of = coalesce((
    SELECT least(w.to_at, min(p.requested_at)) FROM "sync"."pages" p
    WHERE p.window_id = w.id AND p.pass >= w.base_pass AND p.state = 'read'), w.to_at, w.started_at)
  WHERE w.state = 'certified';--> statement-breakpoint
UPDATE "sync"."windows" w SET counted_at = coalesce(w.started_at, w.finished_at)
  WHERE w.last_item_count IS NOT NULL;
