// Three questions that an analyst would ask first, with SQL on the views that works on the demo's data.
export const demoQueries = [
  {
    question: 'How did sales in euros go in the last months?',
    query: `select to_char(day, 'YYYY-MM') as month, sum(units)::int as units,
  round(sum(net_revenue_in_cents) / 100.0)::int as net_revenue
from hive.sku_sales
where currency = 'EUR'
group by 1 order by 1 desc limit 6`,
  },
  {
    question: 'Which carriers deliver, and how fast?',
    query: `select carrier, sum(shipments)::int as shipments,
  round(100.0 * sum(delivered) / sum(shipments))::int as delivered_percent,
  round((sum(median_hours * delivered)
    / nullif(sum(delivered), 0))::numeric)::int as about_median_hours
from hive.carrier_performance
group by 1 order by 2 desc`,
  },
  {
    question: 'What is in stock where?',
    query: `select warehouse, count(*)::int as skus,
  sum(stocked)::int as sellable, sum(reserved)::int as reserved
from hive.inventory_by_warehouse
group by 1 order by 3 desc`,
  },
] as const;
