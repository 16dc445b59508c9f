DROP VIEW "hive"."carrier_performance";--> statement-breakpoint
DROP VIEW "hive"."inventory_by_day";--> statement-breakpoint
DROP VIEW "hive"."inventory_by_warehouse";--> statement-breakpoint
DROP VIEW "hive"."order_fulfilment";--> statement-breakpoint
DROP VIEW "hive"."return_rates";--> statement-breakpoint
DROP VIEW "hive"."sku_sales";--> statement-breakpoint
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
  round((percentile_cont(0.5) within group (order by hours))::numeric, 1)::float8 as median_hours,
  round((percentile_cont(0.9) within group (order by hours))::numeric, 1)::float8 as p90_hours,
  count(*) filter (where delivery_status = 'Returned to sender')::int as returned_to_sender,
  count(*) filter (where delivery_status = 'Action required')::int as action_required
from (
  select t.account, s.carrier, t.week, s.delivered_at, s.delivery_status, s.hours
  from (
    select account, week, (select timezone from sync.installation) as zone from (select distinct account, week from sync.carrier_performance_touched) k offset 0
  ) t
  cross join lateral (
    select coalesce(nullif(s.shipment_provider, ''), 'unknown') as carrier, s.delivered_at, s.delivery_status,
      extract(epoch from s.delivered_at - s.shipped_at)::float8 / 3600 as hours
    from hive.shipments s
    where s.account = t.account
      and s.shipped_at >= (t.week::timestamp at time zone t.zone) - interval '3 hours'
      and s.shipped_at < ((t.week + 7)::timestamp at time zone t.zone) + interval '3 hours'
      and date_trunc('week', s.shipped_at at time zone t.zone)::date = t.week
      and s._deleted_at is null and s.status is distinct from 'cancelled' offset 0
  ) s
) shipped
group by account, carrier, week);--> statement-breakpoint
CREATE VIEW "hive"."inventory_by_day" AS (select d.account, d.sku_id, d.warehouse_id, every.day::date as day, d.stocked, d.reserved, d.total,
  every.day::date = d.day as is_observed
from (
  select *, lead(day) over (partition by account, sku_id, warehouse_id order by day) as next_day from hive.inventory_daily
) d
cross join sync.installation i
left join hive.skus s on s.account = d.account and s.id = d.sku_id
cross join lateral generate_series(
  d.day::timestamp, coalesce(d.next_day - 1, greatest(d.day, (coalesce(s._deleted_at, now()) at time zone i.timezone)::date))::timestamp,
  '1 day'
) as every(day)
where d.stocked is not null or d.reserved is not null or d.total is not null);--> statement-breakpoint
CREATE VIEW "hive"."inventory_by_warehouse" AS (select i.account, i.warehouse_id, w.name as warehouse, i.sku_id, s.merchant_sku_id, s.name as sku, s.status as sku_status,
  i.stocked, i.reserved, i.total, coalesce(b.batches, 0) as batches, b.next_expiry_date,
  coalesce(b.expired, 0) as expired_quantity, coalesce(b.in_30_days, 0) as quantity_expiring_in_30_days,
  coalesce(b.in_90_days, 0) as quantity_expiring_in_90_days
from (
  select distinct on (account, sku_id, warehouse_id) * from hive.sku_inventory
  order by account, sku_id, warehouse_id, position desc
) i
join hive.skus s on s.account = i.account and s.id = i.sku_id
left join hive.warehouses w on w.account = i.account and w.id = i.warehouse_id
left join (
  select q.account, q.sku_id, q.warehouse_id, count(*)::int as batches, min(b.expiry_date) as next_expiry_date,
    sum(q.quantity) filter (where b.expiry_date < n.today) as expired,
    sum(q.quantity) filter (where b.expiry_date between n.today and n.today + 30) as in_30_days,
    sum(q.quantity) filter (where b.expiry_date between n.today and n.today + 90) as in_90_days
  from hive.sku_batch_quantities q
  join hive.sku_batches b on b.account = q.account and b.sku_id = q.sku_id and b.position = q.batch_position
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
    case when count(*) = count(delivered_at) then max(delivered_at) end as delivered_at,
    string_agg(distinct nullif(shipment_provider, ''), ', ') as carrier,
    coalesce(bool_or(coalesce(delivery_status not in ('Delivered', 'Returned to sender'), true)), false) as is_open
  from hive.shipments s
  where s.account = o.account and s.order_id = o.id and s._deleted_at is null and s.status is distinct from 'cancelled'
) s);--> statement-breakpoint
CREATE VIEW "hive"."return_rates" AS (select r.account, r.sku_id, s.merchant_sku_id, s.name as sku, r.reason, r.returns, r.units_announced, r.units_returned,
  coalesce(sold.units, 0) as units_sold, round(r.units_returned::numeric / nullif(sold.units, 0), 4)::float8 as return_rate
from (
  select r.account, p.sku_id,
    coalesce(nullif(p.reason, ''), nullif(r.return_reason, ''), 'unknown') as reason, count(distinct r.id)::int as returns,
    coalesce(sum(p.announced), 0) as units_announced, coalesce(sum(p.handled), 0) as units_returned
  from hive.returns r
  join (
    select account, return_id, sku_id, customer_return_reason as reason, quantity as announced, 0 as handled
    from hive.return_items
    union all
    select l.account, l.return_id, l.sku_id, i.customer_return_reason, 0, l.quantity
    from hive.return_line_items l
    left join (
      select account, return_id, id, min(customer_return_reason) as customer_return_reason from hive.return_items
      where id is not null group by account, return_id, id
    ) i on i.account = l.account and i.return_id = l.return_id and i.id = l.return_item_id
  ) p on p.account = r.account and p.return_id = r.id
  where r._deleted_at is null
  group by r.account, p.sku_id, coalesce(nullif(p.reason, ''), nullif(r.return_reason, ''), 'unknown')
) r
left join hive.skus s on s.account = r.account and s.id = r.sku_id
left join (
  select account, sku_id, sum(units)::bigint as units from (
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
  case when abs(sum(i.quantity::numeric * coalesce(i.price_per_unit_in_cents_with_discount, i.price_per_unit_in_cents))) < 9.2e18 then (sum(i.quantity::numeric * coalesce(i.price_per_unit_in_cents_with_discount, i.price_per_unit_in_cents)))::bigint end as revenue_in_cents,
  case when abs(round((sum(i.quantity::float8 * coalesce(i.price_per_unit_in_cents_with_discount, i.price_per_unit_in_cents)
    * coalesce(o.total_net_revenue_in_cents::float8
      / nullif(o.total_net_revenue_in_cents::float8 + o.total_tax_in_cents, 0), 1)))::numeric)) < 9.2e18 then (round((sum(i.quantity::float8 * coalesce(i.price_per_unit_in_cents_with_discount, i.price_per_unit_in_cents)
    * coalesce(o.total_net_revenue_in_cents::float8
      / nullif(o.total_net_revenue_in_cents::float8 + o.total_tax_in_cents, 0), 1)))::numeric))::bigint end as net_revenue_in_cents
from (
  select account, day, (select timezone from sync.installation) as zone from (select distinct account, day from sync.sku_sales_touched) k offset 0
) t
cross join lateral (
  select o.account, o.id, o.currency, o.total_net_revenue_in_cents, o.total_tax_in_cents from hive.orders o
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
  ) sales group by account, sku_id
) sold on sold.account = r.account and sold.sku_id = r.sku_id);--> statement-breakpoint
CREATE VIEW "hive"."sku_sales" AS (select d.*, s.name as sku
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
  case when abs(sum(i.quantity::numeric * coalesce(i.price_per_unit_in_cents_with_discount, i.price_per_unit_in_cents))) < 9.2e18 then (sum(i.quantity::numeric * coalesce(i.price_per_unit_in_cents_with_discount, i.price_per_unit_in_cents)))::bigint end as revenue_in_cents,
  case when abs(round((sum(i.quantity::float8 * coalesce(i.price_per_unit_in_cents_with_discount, i.price_per_unit_in_cents)
    * coalesce(o.total_net_revenue_in_cents::float8
      / nullif(o.total_net_revenue_in_cents::float8 + o.total_tax_in_cents, 0), 1)))::numeric)) < 9.2e18 then (round((sum(i.quantity::float8 * coalesce(i.price_per_unit_in_cents_with_discount, i.price_per_unit_in_cents)
    * coalesce(o.total_net_revenue_in_cents::float8
      / nullif(o.total_net_revenue_in_cents::float8 + o.total_tax_in_cents, 0), 1)))::numeric))::bigint end as net_revenue_in_cents
from (
  select account, day, (select timezone from sync.installation) as zone from (select distinct account, day from sync.sku_sales_touched) k offset 0
) t
cross join lateral (
  select o.account, o.id, o.currency, o.total_net_revenue_in_cents, o.total_tax_in_cents from hive.orders o
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
left join hive.skus s on s.account = d.account and s.id = d.sku_id);--> statement-breakpoint
-- What is counted otherwise than before.
INSERT INTO sync.order_fulfilment_touched (account, order_id)
SELECT DISTINCT account, order_id FROM hive.shipments WHERE shipment_provider = '' AND order_id IS NOT NULL;--> statement-breakpoint
INSERT INTO sync.sku_sales_touched (account, day) SELECT DISTINCT account, day FROM sync.sku_sales;
