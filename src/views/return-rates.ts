// What comes back, and why? One row per SKU and reason.
import { id, integer, number, sum, text } from '../db/columns.js';
import { skuSales } from '../db/rollups/sku-sales.js';
import { ACCOUNT, defineView } from './view.js';

export const returnRates = defineView({
  name: 'return_rates',
  comment:
    'What came back: one row per SKU and reason, over all time. Left out are deleted returns, and those that name no goods yet: not announced in the customer portal and not handled either. units_sold and return_rate are of the whole SKU, so the rates of its reasons add up to the rate of the SKU.',
  columns: {
    account: text(ACCOUNT, { personal: false }),
    sku_id: id("Hive's id of the SKU: hive.skus.id; null when the return does not name it."),
    merchant_sku_id: text("The shop's own code of the SKU.", { personal: false }),
    sku: text('Name of the SKU today; null when the SKU is not known.', { personal: false }),
    reason: text(
      'What the shopper chose (hive.return_items.customer_return_reason), else the reason of the parcel (hive.returns.return_reason), else unknown.',
      { personal: false },
    ),
    returns: integer('Returns with this SKU and reason.'),
    units_announced: sum('Pieces that shoppers announced in the customer portal.'),
    units_returned: sum('Pieces that the warehouse handled. Less than announced while parcels are on their way.'),
    units_sold: sum(
      'Pieces of the SKU in orders, as in hive.sku_sales, which says what is left out; orders that do not name the sku_id are not in it.',
    ),
    return_rate: number('units_returned / units_sold; null when none was sold.'),
  },
  query: `
select r.account, r.sku_id, s.merchant_sku_id, s.name as sku, r.reason, r.returns, r.units_announced, r.units_returned,
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
${skuSales.select}
  ) sales group by account, sku_id
) sold on sold.account = r.account and sold.sku_id = r.sku_id`,
});
