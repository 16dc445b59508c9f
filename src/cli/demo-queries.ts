// Three questions that an analyst would ask first, with SQL that works on the demo's data.
export const demoQueries = [
  {
    question: 'How did sales in euros go in the last months?',
    query: `select to_char(date_trunc('month', created_at), 'YYYY-MM') as month, count(*)::int as orders,
  round(sum(total_net_revenue_in_cents) / 100.0)::int as net_revenue
from hive.orders
where status <> 'unfulfillable' and currency = 'EUR' and _deleted_at is null
group by 1 order by 1 desc limit 6`,
  },
  {
    question: 'Which carriers deliver, and how fast?',
    query: `select shipment_provider as carrier, count(*)::int as shipments,
  round(100.0 * count(delivered_at) / count(*))::int as delivered_percent,
  round((percentile_cont(0.5) within group (order by extract(epoch from delivered_at - shipped_at)) / 3600)::numeric)::int
    as median_hours
from hive.shipments
where status <> 'cancelled' and _deleted_at is null
group by 1 order by 2 desc`,
  },
  {
    question: 'What is in stock where?',
    query: `select w.name as warehouse, count(distinct i.sku_id)::int as skus, sum(i.stocked)::int as sellable,
  sum(i.reserved)::int as reserved
from hive.sku_inventory i join hive.warehouses w on (w.account, w.id) = (i.account, i.warehouse_id)
group by 1 order by 3 desc`,
  },
] as const;
