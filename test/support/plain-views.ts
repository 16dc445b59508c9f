// What the views are to say, counted from the tables in the plainest SQL there is: no sums made beforehand, no tricks.
import { sql } from 'drizzle-orm';
import { expect } from 'vitest';
import type { Executor } from '../../src/db/database.js';

const zone = '(select timezone from sync.installation)';
const today = `(now() at time zone ${zone})::date`;
const hours = (from: string, to: string) => `round(extract(epoch from ${to} - ${from}) / 3600, 1)::float8`;
const price = 'coalesce(i.price_per_unit_in_cents_with_discount, i.price_per_unit_in_cents)';
const isSold = "o._deleted_at is null and coalesce(o.status, '') <> 'unfulfillable' and o.created_at is not null";
const isParcel = "s._deleted_at is null and coalesce(s.status, '') <> 'cancelled'";

const plainViews: Readonly<Record<string, string>> = {
  order_fulfilment: `
    select account, id, merchant_order_id, status, created_at, first, delivered, ${hours('created_at', 'first')},
      ${hours('first', 'delivered')}, ${hours('created_at', 'delivered')}, parcels, parcels > 1, carrier,
      coalesce(status, '') = 'fulfillable' or coalesce(moving, false)
    from (
      select o.account, o.id, o.merchant_order_id, o.status, o.created_at, count(s.id)::int as parcels,
        min(s.shipped_at) as first, case when count(s.id) = count(s.delivered_at) then max(s.delivered_at) end as delivered,
        string_agg(distinct nullif(s.shipment_provider, ''), ', ') as carrier,
        bool_or(s.id is not null and coalesce(s.delivery_status, '') not in ('Delivered', 'Returned to sender')) as moving
      from hive.orders o left join hive.shipments s on s.account = o.account and s.order_id = o.id and ${isParcel}
      where o._deleted_at is null group by 1, 2, 3, 4, 5) counted`,
  carrier_performance: `
    select account, carrier, week, count(*)::int, count(delivered_at)::int,
      round(count(delivered_at)::numeric / count(*), 3)::float8,
      round(percentile_cont(0.5) within group (order by hours)::numeric, 1)::float8,
      round(percentile_cont(0.9) within group (order by hours)::numeric, 1)::float8,
      count(*) filter (where delivery_status = 'Returned to sender')::int,
      count(*) filter (where delivery_status = 'Action required')::int
    from (
      select *, coalesce(nullif(shipment_provider, ''), 'unknown') as carrier,
        date_trunc('week', shipped_at at time zone ${zone})::date as week,
        (extract(epoch from delivered_at - shipped_at) / 3600)::float8 as hours
      from hive.shipments s where shipped_at is not null and ${isParcel}) shipped
    group by 1, 2, 3`,
  sku_sales: `
    select o.account, (o.created_at at time zone ${zone})::date, i.sku_id, i.merchant_sku_id, o.currency,
      count(distinct o.id)::int, sum(i.quantity), sum(i.quantity::numeric * ${price})::bigint,
      round(sum(i.quantity::numeric * ${price} * coalesce(o.total_net_revenue_in_cents::numeric
        / nullif(o.total_net_revenue_in_cents + o.total_tax_in_cents, 0), 1)), 0)::bigint,
      (select name from hive.skus k where k.account = o.account and k.id = i.sku_id)
    from hive.orders o join hive.order_items i on i.account = o.account and i.order_id = o.id
    where ${isSold} group by 1, 2, 3, 4, 5, 10`,
  return_rates: `
    select account, sku_id, merchant_sku_id, sku, reason, returns, announced, handled, coalesce(sold, 0),
      round(handled / nullif(sold, 0)::numeric, 4)::float8
    from (
      select r.account, p.sku_id, (select merchant_sku_id from hive.skus k where k.account = r.account and k.id = p.sku_id),
        (select name from hive.skus k where k.account = r.account and k.id = p.sku_id) as sku,
        coalesce(nullif(p.reason, ''), nullif(r.return_reason, ''), 'unknown') as reason,
        count(distinct r.id)::int as returns, coalesce(sum(announced), 0) as announced, coalesce(sum(handled), 0) as handled,
        (select sum(i.quantity)::bigint from hive.orders o join hive.order_items i on i.account = o.account and i.order_id = o.id
          where ${isSold} and o.account = r.account and i.sku_id = p.sku_id) as sold
      from hive.returns r join (
        select account, return_id, sku_id, customer_return_reason as reason, quantity as announced, 0 as handled
        from hive.return_items
        union all
        select account, return_id, sku_id, (select min(customer_return_reason) from hive.return_items i
          where i.account = l.account and i.return_id = l.return_id and i.id = l.return_item_id), 0, quantity
        from hive.return_line_items l) p on p.account = r.account and p.return_id = r.id
      where r._deleted_at is null group by r.account, p.sku_id, 3, 4, 5) counted`,
  inventory_by_warehouse: `
    select i.account, i.warehouse_id, (select name from hive.warehouses w where w.account = i.account and w.id = i.warehouse_id),
      i.sku_id, k.merchant_sku_id, k.name, k.status, i.stocked, i.reserved, i.total, count(b.quantity)::int,
      min(b.expiry_date), coalesce(sum(b.quantity) filter (where b.expiry_date < ${today}), 0),
      coalesce(sum(b.quantity) filter (where b.expiry_date >= ${today} and b.expiry_date <= ${today} + 30), 0),
      coalesce(sum(b.quantity) filter (where b.expiry_date >= ${today} and b.expiry_date <= ${today} + 90), 0)
    from hive.sku_inventory i join hive.skus k on k.account = i.account and k.id = i.sku_id
    left join (select q.account, q.sku_id, q.warehouse_id, q.quantity, b.expiry_date
      from hive.sku_batch_quantities q, hive.sku_batches b
      where b.account = q.account and b.sku_id = q.sku_id and b.position = q.batch_position and q.quantity > 0) b
      on b.account = i.account and b.sku_id = i.sku_id and b.warehouse_id = i.warehouse_id
    where k._deleted_at is null
      -- Where the API lists a warehouse twice, the later one counts.
      and not exists (select from hive.sku_inventory l where l.account = i.account and l.sku_id = i.sku_id
        and l.warehouse_id = i.warehouse_id and l.position > i.position)
    group by i.account, i.sku_id, i.position, i.warehouse_id, 3, 4, 5, 6, 7, 8, 9, 10`,
  restocking_accuracy: `
    select r.account, r.id, r.status, r.estimated_arrival_date, r.supplier_name, r.warehouse_id,
      (select name from hive.warehouses w where w.account = r.account and w.id = r.warehouse_id), i.sku_id,
      coalesce((select merchant_sku_id from hive.skus k where k.account = r.account and k.id = i.sku_id), i.merchant_sku_id),
      (select name from hive.skus k where k.account = r.account and k.id = i.sku_id), i.announced_quantity,
      i.arrived_quantity, i.damaged_quantity, i.missing_quantity,
      round(i.arrived_quantity::numeric / nullif(i.announced_quantity, 0), 3)::float8
    from hive.restocking_shipments r, hive.restocking_shipment_items i
    where i.account = r.account and i.restocking_shipment_id = r.id
      and r._deleted_at is null and coalesce(r.status, '') <> 'cancelled'`,
};

/** One statement per view, so both sides are of one instant, whoever writes meanwhile. */
export async function expectPlainTruth(db: Executor, views = Object.keys(plainViews)): Promise<void> {
  for (const view of views) {
    const [said, plain] = [sql.raw(`(select * from hive.${view})`), sql.raw(`(${plainViews[view]})`)];
    const [row] = await db.execute<{ only_said: unknown; only_plain: unknown }>(sql`
      select (select jsonb_agg(d) from (${said} except all ${plain}) d) as only_said,
        (select jsonb_agg(d) from (${plain} except all ${said}) d) as only_plain`);
    expect({ view, ...row }).toEqual({ view, only_said: null, only_plain: null });
  }
}
