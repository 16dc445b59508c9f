// What comes back, and why? One row per SKU and reason.
import { id, integer, number, sum, text } from '../db/columns.js';
import { skuSales } from '../db/rollups/sku-sales.js';
import { skuIdOf } from './sku-codes.js';
import { ACCOUNT, defineView } from './view.js';

/**
 * The parts of a return; of those with the same id only the last. Positions count from 1. "offset 0" keeps the question
 * for the SKU in one place, to be asked once for each part.
 */
const partsOf = (table: string, columns: string): string => `
    select p.account, p.return_id, p.id, ${skuIdOf('p')} as sku_id, nullif(p.merchant_sku_id, '') as named, p.quantity, ${columns}
    from hive.${table} p
    where not exists (select from hive.${table} later where later.account = p.account and later.return_id = p.return_id
      and later.id = p.id and later.position > p.position and later.position > 1) offset 0`;
const ANNOUNCED = partsOf('return_items', "nullif(p.customer_return_reason, '') as reason");
/** The code where it stands for the SKU. */
const code = 'case when sku_id is null then named end';

export const returnRates = defineView({
  name: 'return_rates',
  comment:
    "What came back: one row per SKU and reason, over all time. A SKU is named by its id; where the return names only the shop's own code, it is the SKU that alone has this code, and where there is none, the code stands for it. Left out are deleted returns, and those that name no goods yet: not announced in the customer portal and not handled either. Of parts of a return that are listed twice (the same id) the last one counts. units_sold and return_rate are of the whole SKU, so the rates of its reasons add up to the rate of the SKU.",
  columns: {
    account: text(ACCOUNT, { personal: false }),
    sku_id: id("Hive's id of the SKU: hive.skus.id; null when neither the return nor the shop's own code tells it."),
    merchant_sku_id: text(
      "The shop's own code of the SKU today; when not known, as the returns name it (of several the first in the order of their letters); null when they do not name it either.",
      { personal: false },
    ),
    sku: text('Name of the SKU today; null when the SKU is not known.', { personal: false }),
    reason: text(
      'What the shopper chose (hive.return_items.customer_return_reason), else the reason of the parcel (hive.returns.return_reason), else unknown. Handled pieces have the reason of the announced item that they name (return_item_id). Those that name none have the reason of what the same return announces of the same SKU; where it announces the SKU several times with different reasons (or once without one), nobody knows which came, and the reason of the parcel stands.',
      { personal: false },
    ),
    returns: integer('Returns with this SKU and reason.'),
    units_announced: sum('Pieces that shoppers announced in the customer portal.'),
    units_returned: sum('Pieces that the warehouse handled. Less than announced while parcels are on their way.'),
    units_sold: sum(
      'Pieces of the SKU in orders, as in hive.sku_sales, which says what is left out; orders name it in one of the same ways. 0 for goods that the returns do not name.',
    ),
    return_rate: number('units_returned / units_sold, to four decimals; null when none was sold.'),
  },
  query: `
with reasons as (
  select r.account, p.sku_id, ${code} as code, min(p.named collate "C") collate "default" as named,
    coalesce(p.reason, nullif(r.return_reason, ''), 'unknown') as reason, count(distinct r.id)::int as returns,
    coalesce(sum(p.announced), 0) as units_announced, coalesce(sum(p.handled), 0) as units_returned
  from hive.returns r
  join (
    select account, return_id, sku_id, named, reason, quantity as announced, 0 as handled from (${ANNOUNCED}
    ) a
    union all
    select h.account, h.return_id, h.sku_id, h.named, case when a.id is null then b.reason else a.reason end, 0, h.quantity
    from (${partsOf('return_line_items', 'p.return_item_id')}
    ) h
    left join (${ANNOUNCED}
    ) a on a.return_id = h.return_id and a.id = h.return_item_id and a.account = h.account
    -- For what names no announced item. What names no SKU either is found by nobody.
    left join (
      select return_id, account, coalesce(sku_id, 0) as sku_id, coalesce(${code}, '') as code,
        case when count(reason) = count(*) and min(reason) = max(reason) then min(reason) end as reason
      from (${ANNOUNCED}
      ) a where sku_id is not null or named is not null
      group by 1, 2, 3, 4
    ) b on a.id is null and (h.sku_id is not null or h.named is not null) and b.return_id = h.return_id
      and b.sku_id = coalesce(h.sku_id, 0) and b.code = coalesce(case when h.sku_id is null then h.named end, '')
      and b.account = h.account
  ) p on p.account = r.account and p.return_id = r.id
  where r._deleted_at is null
  group by p.sku_id, ${code}, coalesce(p.reason, nullif(r.return_reason, ''), 'unknown'), r.account
),
sold as (
  select account, sku_id, ${code} as code, units
  from (
    select s.account, ${skuIdOf('s')} as sku_id, s.merchant_sku_id as named, s.units
    from (
      select account, sku_id, case when sku_id is null then merchant_sku_id end as merchant_sku_id, sum(units) as units from (
${skuSales.select}
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
where r.returns is not null`,
});
