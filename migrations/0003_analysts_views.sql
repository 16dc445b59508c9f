CREATE INDEX "order_items_sku_id" ON "hive"."order_items" USING btree ("sku_id");--> statement-breakpoint
CREATE INDEX "orders_account_deleted_at" ON "hive"."orders" USING btree ("account","_deleted_at") WHERE _deleted_at is not null;--> statement-breakpoint
CREATE INDEX "orders_created_at" ON "hive"."orders" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "orders_merchant_order_id" ON "hive"."orders" USING btree ("merchant_order_id");--> statement-breakpoint
CREATE INDEX "orders_status_created_at" ON "hive"."orders" USING btree ("status","created_at") WHERE status <> 'fulfilled';--> statement-breakpoint
CREATE INDEX "restocking_shipment_items_sku_id" ON "hive"."restocking_shipment_items" USING btree ("sku_id");--> statement-breakpoint
CREATE INDEX "restocking_shipments_account_deleted_at" ON "hive"."restocking_shipments" USING btree ("account","_deleted_at") WHERE _deleted_at is not null;--> statement-breakpoint
CREATE INDEX "return_items_sku_id" ON "hive"."return_items" USING btree ("sku_id");--> statement-breakpoint
CREATE INDEX "return_line_items_sku_id" ON "hive"."return_line_items" USING btree ("sku_id");--> statement-breakpoint
CREATE INDEX "returns_account_deleted_at" ON "hive"."returns" USING btree ("account","_deleted_at") WHERE _deleted_at is not null;--> statement-breakpoint
CREATE INDEX "returns_order_id" ON "hive"."returns" USING btree ("order_id");--> statement-breakpoint
CREATE INDEX "returns_created_at" ON "hive"."returns" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "returns_status_created_at" ON "hive"."returns" USING btree ("status","created_at") WHERE status <> 'handling_completed';--> statement-breakpoint
CREATE INDEX "shipment_items_sku_id" ON "hive"."shipment_items" USING btree ("sku_id");--> statement-breakpoint
CREATE INDEX "shipments_account_deleted_at" ON "hive"."shipments" USING btree ("account","_deleted_at") WHERE _deleted_at is not null;--> statement-breakpoint
CREATE INDEX "shipments_order_id" ON "hive"."shipments" USING btree ("order_id");--> statement-breakpoint
CREATE INDEX "shipments_merchant_order_id" ON "hive"."shipments" USING btree ("merchant_order_id");--> statement-breakpoint
CREATE INDEX "shipments_created_at" ON "hive"."shipments" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "shipments_shipped_at" ON "hive"."shipments" USING btree ("shipped_at");--> statement-breakpoint
CREATE INDEX "shipments_delivery_status_shipped_at" ON "hive"."shipments" USING btree ("delivery_status","shipped_at") WHERE delivery_status <> 'Delivered';--> statement-breakpoint
CREATE INDEX "shipments_status_created_at" ON "hive"."shipments" USING btree ("status","created_at") WHERE status <> 'shipped';--> statement-breakpoint
CREATE INDEX "skus_account_deleted_at" ON "hive"."skus" USING btree ("account","_deleted_at") WHERE _deleted_at is not null;--> statement-breakpoint
CREATE INDEX "skus_merchant_sku_id" ON "hive"."skus" USING btree ("merchant_sku_id");--> statement-breakpoint
CREATE INDEX "warehouses_account_deleted_at" ON "hive"."warehouses" USING btree ("account","_deleted_at") WHERE _deleted_at is not null;--> statement-breakpoint
CREATE VIEW "hive"."carrier_performance" AS (select account, carrier, week, count(*)::int as shipments, count(delivered_at)::int as delivered,
  round(count(delivered_at)::numeric / count(*), 3)::float8 as delivered_share,
  round((percentile_cont(0.5) within group (order by hours))::numeric, 1)::float8 as median_hours,
  round((percentile_cont(0.9) within group (order by hours))::numeric, 1)::float8 as p90_hours,
  count(*) filter (where delivery_status = 'Returned to sender')::int as returned_to_sender,
  count(*) filter (where delivery_status = 'Action required')::int as action_required
from (
  select account, coalesce(nullif(shipment_provider, ''), 'unknown') as carrier, delivered_at, delivery_status,
    date_trunc('week', shipped_at at time zone (select timezone from sync.installation))::date as week,
    extract(epoch from delivered_at - shipped_at)::float8 / 3600 as hours
  from hive.shipments
  where _deleted_at is null and shipped_at is not null and status is distinct from 'cancelled'
) shipped
group by account, carrier, week);--> statement-breakpoint
CREATE VIEW "hive"."freshness" AS (select a.account, c.collection, c.rows,
  (select w.last_item_count from sync.windows w
    where w.account = a.account and w.collection = c.collection and w.from_at is null
      and (w.kind = 'whole' or w.to_at is null) and w.last_item_count is not null
    order by w.id desc limit 1) as api_count,
  (select max(coalesce(w.to_at, w.started_at)) from sync.windows w
    where w.account = a.account and w.collection = c.collection and w.state = 'certified'
      and w.kind in ('whole', 'head')) as certified_up_to,
  r.id as last_run_id, r.state as last_run_state, r.finished_at as last_run_at,
  (select count(*)::int from sync.dead_letters d
    where d.account = a.account and d.collection = c.collection and d.resolved_at is null) as open_dead_letters
from (select distinct account from sync.runs) a
cross join lateral (
    select 'warehouses' as collection, (select count(*) from hive.warehouses t where t.account = a.account)
      - (select count(*) from hive.warehouses t where t.account = a.account and t._deleted_at is not null) as rows
    union all
    select 'skus' as collection, (select count(*) from hive.skus t where t.account = a.account)
      - (select count(*) from hive.skus t where t.account = a.account and t._deleted_at is not null) as rows
    union all
    select 'orders' as collection, (select count(*) from hive.orders t where t.account = a.account)
      - (select count(*) from hive.orders t where t.account = a.account and t._deleted_at is not null) as rows
    union all
    select 'shipments' as collection, (select count(*) from hive.shipments t where t.account = a.account)
      - (select count(*) from hive.shipments t where t.account = a.account and t._deleted_at is not null) as rows
    union all
    select 'returns' as collection, (select count(*) from hive.returns t where t.account = a.account)
      - (select count(*) from hive.returns t where t.account = a.account and t._deleted_at is not null) as rows
    union all
    select 'restocking_shipments' as collection, (select count(*) from hive.restocking_shipments t where t.account = a.account)
      - (select count(*) from hive.restocking_shipments t where t.account = a.account and t._deleted_at is not null) as rows
  ) c
left join lateral (
    select id, state, finished_at from sync.runs r
    where r.account = a.account and c.collection = any(r.collections) and r.finished_at is not null
    order by r.id desc limit 1
  ) r on true);--> statement-breakpoint
CREATE VIEW "hive"."inventory_by_warehouse" AS (select i.account, i.warehouse_id, w.name as warehouse, i.sku_id, s.merchant_sku_id, s.name as sku, s.status as sku_status,
  i.stocked, i.reserved, i.total, coalesce(b.batches, 0) as batches, b.next_expiry_date,
  coalesce(b.expired, 0) as expired_quantity, coalesce(b.in_30_days, 0) as quantity_expiring_in_30_days,
  coalesce(b.in_90_days, 0) as quantity_expiring_in_90_days
from hive.sku_inventory i
join hive.skus s on s.account = i.account and s.id = i.sku_id
left join hive.warehouses w on w.account = i.account and w.id = i.warehouse_id
left join (
  select q.account, q.sku_id, q.warehouse_id, count(*)::int as batches, min(b.expiry_date) as next_expiry_date,
    (sum(q.quantity) filter (where b.expiry_date < current_date))::int as expired,
    (sum(q.quantity) filter (where b.expiry_date between current_date and current_date + 30))::int as in_30_days,
    (sum(q.quantity) filter (where b.expiry_date between current_date and current_date + 90))::int as in_90_days
  from hive.sku_batch_quantities q
  join hive.sku_batches b on b.account = q.account and b.sku_id = q.sku_id and b.position = q.batch_position
  where q.quantity > 0
  group by q.account, q.sku_id, q.warehouse_id
) b on b.account = i.account and b.sku_id = i.sku_id and b.warehouse_id = i.warehouse_id
where s._deleted_at is null);--> statement-breakpoint
CREATE VIEW "hive"."order_fulfilment" AS (select o.account, o.id as order_id, o.merchant_order_id, o.status, o.created_at, s.first_shipped_at, s.delivered_at,
  round((extract(epoch from s.first_shipped_at - o.created_at) / 3600)::numeric, 1)::float8 as hours_to_ship,
  round((extract(epoch from s.delivered_at - s.first_shipped_at) / 3600)::numeric, 1)::float8 as hours_in_transit,
  round((extract(epoch from s.delivered_at - o.created_at) / 3600)::numeric, 1)::float8 as hours_to_deliver,
  s.shipments, s.shipments > 1 as is_split, s.carrier,
  coalesce(o.status = 'fulfillable', false) or s.is_open as is_open
from hive.orders o
cross join lateral (
  select count(*)::int as shipments, min(shipped_at) as first_shipped_at,
    case when count(*) = count(delivered_at) then max(delivered_at) end as delivered_at,
    string_agg(distinct shipment_provider, ', ') as carrier,
    coalesce(bool_or(coalesce(delivery_status not in ('Delivered', 'Returned to sender'), true)), false) as is_open
  from hive.shipments s
  where s.account = o.account and s.order_id = o.id and s._deleted_at is null and s.status is distinct from 'cancelled'
) s
where o._deleted_at is null);--> statement-breakpoint
CREATE VIEW "hive"."restocking_accuracy" AS (select r.account, r.id as restocking_shipment_id, r.status, r.estimated_arrival_date, r.supplier_name, r.warehouse_id,
  w.name as warehouse, i.sku_id, coalesce(s.merchant_sku_id, i.merchant_sku_id) as merchant_sku_id, s.name as sku,
  i.announced_quantity as announced, i.arrived_quantity as arrived, i.damaged_quantity as damaged,
  i.missing_quantity as missing,
  round(i.arrived_quantity::numeric / nullif(i.announced_quantity, 0), 3)::float8 as accuracy
from hive.restocking_shipments r
join hive.restocking_shipment_items i on i.account = r.account and i.restocking_shipment_id = r.id
left join hive.warehouses w on w.account = r.account and w.id = r.warehouse_id
left join hive.skus s on s.account = i.account and s.id = i.sku_id
where r._deleted_at is null and r.status is distinct from 'cancelled');--> statement-breakpoint
CREATE VIEW "hive"."return_rates" AS (select r.account, r.sku_id, s.merchant_sku_id, s.name as sku, r.reason, r.returns, r.units_announced, r.units_returned,
  coalesce(sold.units, 0) as units_sold, round(r.units_returned::numeric / nullif(sold.units, 0), 4)::float8 as return_rate
from (
  select r.account, p.sku_id,
    coalesce(nullif(p.reason, ''), nullif(r.return_reason, ''), 'unknown') as reason, count(distinct r.id)::int as returns,
    coalesce(sum(p.announced), 0)::int as units_announced, coalesce(sum(p.handled), 0)::int as units_returned
  from hive.returns r
  join (
    select account, return_id, sku_id, customer_return_reason as reason, quantity as announced, 0 as handled
    from hive.return_items
    union all
    select l.account, l.return_id, l.sku_id, i.customer_return_reason, 0, l.quantity
    from hive.return_line_items l
    left join hive.return_items i on i.account = l.account and i.return_id = l.return_id and i.id = l.return_item_id
  ) p on p.account = r.account and p.return_id = r.id
  where r._deleted_at is null
  group by r.account, p.sku_id, coalesce(nullif(p.reason, ''), nullif(r.return_reason, ''), 'unknown')
) r
left join hive.skus s on s.account = r.account and s.id = r.sku_id
left join (
  select i.account, i.sku_id, sum(i.quantity)::int as units
  from hive.order_items i
  join hive.orders o on o.account = i.account and o.id = i.order_id
  where o._deleted_at is null and o.status is distinct from 'unfulfillable'
  group by i.account, i.sku_id
) sold on sold.account = r.account and sold.sku_id = r.sku_id);--> statement-breakpoint
CREATE VIEW "hive"."sku_sales" AS (select d.account, d.day, d.sku_id, d.merchant_sku_id, s.name as sku, d.currency, d.orders, d.units,
  d.revenue_in_cents, d.net_revenue_in_cents
from (
  select o.account, (o.created_at at time zone (select timezone from sync.installation))::date as day,
    i.sku_id, i.merchant_sku_id, o.currency, count(distinct o.id)::int as orders, sum(i.quantity)::int as units,
    sum(i.quantity * i.price_per_unit_in_cents_with_discount)::bigint as revenue_in_cents,
    round(sum(i.quantity * i.price_per_unit_in_cents_with_discount
      * coalesce(o.total_net_revenue_in_cents::float8
        / nullif(o.total_net_revenue_in_cents + o.total_tax_in_cents, 0), 1)))::bigint as net_revenue_in_cents
  from hive.orders o
  join hive.order_items i on i.account = o.account and i.order_id = o.id
  where o._deleted_at is null and o.status is distinct from 'unfulfillable' and o.created_at is not null
  group by o.account, day, i.sku_id, i.merchant_sku_id, o.currency
) d
left join hive.skus s on s.account = d.account and s.id = d.sku_id);