// Sales by day, SKU and currency.
import { cents, day, id, integer, sum, text } from '../columns.js';
import { defineRollup } from './rollup.js';

/** The API shows no null in it, but demands only the price before discounts. */
const PRICE = 'coalesce(i.price_per_unit_in_cents_with_discount, i.price_per_unit_in_cents)';

/** Nonsense in one order must not take the sums of all others with it: what fits no bigint is null. */
const inBigint = (sql: string): string =>
  `case when ${sql} between -9223372036854775808 and 9223372036854775807 then (${sql})::bigint end`;

export const skuSales = defineRollup({
  name: 'sku_sales',
  key: ['account', 'day'],
  columns: {
    account: text('Label of the Hive account (API key), as in HIVE_ACCOUNT.', { personal: false }),
    day: day('Day on which the orders were created, in the time zone of SYNC_TIMEZONE.'),
    sku_id: id("Hive's id of the SKU: hive.skus.id; null when the order names only the shop's own code."),
    merchant_sku_id: text("The shop's own code of the SKU, as in the order.", { personal: false }),
    currency: text('ISO 4217 code of the money in this row; null when the orders name none.', { personal: false }),
    orders: integer('Orders with this SKU.'),
    units: sum('Pieces ordered; lines without a quantity add nothing, and null when none has one.'),
    revenue_in_cents: cents(
      'Pieces times their price after discounts (or before, where the order names no other), with tax, in cents of currency. Lines without a quantity or a price add nothing; null when none has both, or when the orders name so much that no 64 bits hold it.',
    ),
    net_revenue_in_cents: cents(
      'The same without tax, in cents of currency, rounded once for the whole row. The share of tax is that of the whole order: total_tax / (total_net_revenue + total_tax); none is taken off where the order does not tell it, or where that sum is 0.',
    ),
  },
  // Net revenue is multiplied before it is divided, with twelve decimals more, and rounded to nine of them first: so half a
  // cent stays half a cent, however large the sum, and the order of adding up does not show.
  // The days of some time zones begin at another hour than midnight says: hence the hours to spare. "offset 0" keeps
  // the planner from joining in another order than from the keys on, which is a matter of seconds on new tables.
  count: (keys) =>
    `
select t.account, t.day, i.sku_id, i.merchant_sku_id, o.currency, count(distinct o.id)::int as orders,
  sum(i.quantity) as units,
  ${inBigint(`sum(i.quantity::numeric * ${PRICE})`)} as revenue_in_cents,
  ${inBigint(`round(round(sum(case when o.total <> 0
    then i.quantity * (${PRICE} * 1.000000000000) * o.net / o.total
    else i.quantity::numeric * ${PRICE} end), 9))`)} as net_revenue_in_cents
from (
  select account, day, (select timezone from sync.installation) as zone from ${keys} k offset 0
) t
cross join lateral (
  select o.account, o.id, o.currency, o.total_net_revenue_in_cents as net,
    o.total_net_revenue_in_cents + o.total_tax_in_cents as total
  from hive.orders o
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
group by t.account, t.day, i.sku_id, i.merchant_sku_id, o.currency`.trim(),
});

export const [skuSalesSums, skuSalesTouched] = skuSales.tables;
