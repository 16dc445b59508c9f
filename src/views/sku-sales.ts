// What sells, when? One row per SKU, day and currency.
import { text } from '../db/columns.js';
import { skuSales as rollup } from '../db/rollups/sku-sales.js';
import { ofCode } from './sku-codes.js';
import { defineView } from './view.js';

export const skuSales = defineView({
  name: rollup.name,
  comment:
    'What was sold: one row per SKU as the order names it (sku_id and merchant_sku_id), day and currency, for days with sales; every line of an order counts. Deleted orders, unfulfillable ones (not shipped, or cancelled) and those without created_at are left out. Returns and refunds are not taken off, shipping fees are not in it.',
  columns: {
    ...rollup.columns,
    sku: text(
      "Name of the SKU today, where sku_id is null that of the SKU that alone has the shop's code; null when the SKU is not known.",
      { personal: false },
    ),
  },
  query: `
select d.*, case when d.sku_id is null then ${ofCode('d', 'name')} else s.name end as sku
from (
${rollup.select}
) d
left join hive.skus s on s.account = d.account and s.id = d.sku_id`,
});
