DROP VIEW "hive"."inventory_by_warehouse";--> statement-breakpoint
DROP VIEW "hive"."return_rates";--> statement-breakpoint
DROP VIEW "hive"."sku_sales";--> statement-breakpoint
ALTER TABLE "sync"."sku_sales" ALTER COLUMN "units" SET DATA TYPE bigint;--> statement-breakpoint
CREATE VIEW "hive"."inventory_by_warehouse" AS (select i.account, i.warehouse_id, w.name as warehouse, i.sku_id, s.merchant_sku_id, s.name as sku, s.status as sku_status,
  i.stocked, i.reserved, i.total, coalesce(b.batches, 0) as batches, b.next_expiry_date,
  coalesce(b.expired, 0) as expired_quantity, coalesce(b.in_30_days, 0) as quantity_expiring_in_30_days,
  coalesce(b.in_90_days, 0) as quantity_expiring_in_90_days
from hive.sku_inventory i
join hive.skus s on s.account = i.account and s.id = i.sku_id
left join hive.warehouses w on w.account = i.account and w.id = i.warehouse_id
left join (
  select q.account, q.sku_id, q.warehouse_id, count(*)::int as batches, min(b.expiry_date) as next_expiry_date,
    sum(q.quantity) filter (where b.expiry_date < current_date) as expired,
    sum(q.quantity) filter (where b.expiry_date between current_date and current_date + 30) as in_30_days,
    sum(q.quantity) filter (where b.expiry_date between current_date and current_date + 90) as in_90_days
  from hive.sku_batch_quantities q
  join hive.sku_batches b on b.account = q.account and b.sku_id = q.sku_id and b.position = q.batch_position
  where q.quantity > 0
  group by q.account, q.sku_id, q.warehouse_id
) b on b.account = i.account and b.sku_id = i.sku_id and b.warehouse_id = i.warehouse_id
where s._deleted_at is null);--> statement-breakpoint
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
    left join hive.return_items i on i.account = l.account and i.return_id = l.return_id and i.id = l.return_item_id
  ) p on p.account = r.account and p.return_id = r.id
  where r._deleted_at is null
  group by r.account, p.sku_id, coalesce(nullif(p.reason, ''), nullif(r.return_reason, ''), 'unknown')
) r
left join hive.skus s on s.account = r.account and s.id = r.sku_id
left join (
  select account, sku_id, sum(units)::bigint as units from (
select account, day, sku_id, merchant_sku_id, currency, orders, units, revenue_in_cents, net_revenue_in_cents from sync.sku_sales s
where not exists (select from sync.sku_sales_touched t where t.account = s.account and t.day = s.day)
union all
select t.account, t.day, i.sku_id, i.merchant_sku_id, o.currency, count(distinct o.id)::int as orders,
  sum(i.quantity) as units,
  case when abs(sum(i.quantity::numeric * i.price_per_unit_in_cents_with_discount)) < 9.2e18 then (sum(i.quantity::numeric * i.price_per_unit_in_cents_with_discount))::bigint end as revenue_in_cents,
  case when abs(round(sum(i.quantity::float8 * i.price_per_unit_in_cents_with_discount
    * coalesce(o.total_net_revenue_in_cents::float8
      / nullif(o.total_net_revenue_in_cents::float8 + o.total_tax_in_cents, 0), 1)))) < 9.2e18 then (round(sum(i.quantity::float8 * i.price_per_unit_in_cents_with_discount
    * coalesce(o.total_net_revenue_in_cents::float8
      / nullif(o.total_net_revenue_in_cents::float8 + o.total_tax_in_cents, 0), 1))))::bigint end as net_revenue_in_cents
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
  select i.sku_id, i.merchant_sku_id, i.quantity, i.price_per_unit_in_cents_with_discount from hive.order_items i
  where i.account = o.account and i.order_id = o.id offset 0
) i
group by t.account, t.day, i.sku_id, i.merchant_sku_id, o.currency
  ) sales group by account, sku_id
) sold on sold.account = r.account and sold.sku_id = r.sku_id);--> statement-breakpoint
CREATE VIEW "hive"."sku_sales" AS (select d.*, s.name as sku
from (
select account, day, sku_id, merchant_sku_id, currency, orders, units, revenue_in_cents, net_revenue_in_cents from sync.sku_sales s
where not exists (select from sync.sku_sales_touched t where t.account = s.account and t.day = s.day)
union all
select t.account, t.day, i.sku_id, i.merchant_sku_id, o.currency, count(distinct o.id)::int as orders,
  sum(i.quantity) as units,
  case when abs(sum(i.quantity::numeric * i.price_per_unit_in_cents_with_discount)) < 9.2e18 then (sum(i.quantity::numeric * i.price_per_unit_in_cents_with_discount))::bigint end as revenue_in_cents,
  case when abs(round(sum(i.quantity::float8 * i.price_per_unit_in_cents_with_discount
    * coalesce(o.total_net_revenue_in_cents::float8
      / nullif(o.total_net_revenue_in_cents::float8 + o.total_tax_in_cents, 0), 1)))) < 9.2e18 then (round(sum(i.quantity::float8 * i.price_per_unit_in_cents_with_discount
    * coalesce(o.total_net_revenue_in_cents::float8
      / nullif(o.total_net_revenue_in_cents::float8 + o.total_tax_in_cents, 0), 1))))::bigint end as net_revenue_in_cents
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
  select i.sku_id, i.merchant_sku_id, i.quantity, i.price_per_unit_in_cents_with_discount from hive.order_items i
  where i.account = o.account and i.order_id = o.id offset 0
) i
group by t.account, t.day, i.sku_id, i.merchant_sku_id, o.currency
) d
left join hive.skus s on s.account = d.account and s.id = d.sku_id);