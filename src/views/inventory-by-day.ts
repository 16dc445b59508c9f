// How was the stock at the end of each day? hive.inventory_daily with the days in between filled in.
import { bool, day, id, integer, text } from '../db/columns.js';
import { ACCOUNT, defineView } from './view.js';

export const inventoryByDay = defineView({
  name: 'inventory_by_day',
  comment:
    'The stock of each SKU in each warehouse at the end of each day, from the day on which it was first seen up to today: one row per SKU, warehouse and day. A day on which nothing was seen to change has the stock of the day before. There are no rows for days at whose end Hive did not list the warehouse for the SKU with any number, or at whose end the SKU was known to be gone from Hive (_deleted_at): from the day on which that was seen up to the day before it was seen again. What is seen later changes no earlier day.',
  columns: {
    account: text(ACCOUNT, { personal: false }),
    sku_id: id("Hive's id of the SKU: hive.skus.id."),
    warehouse_id: id("Hive's id of the warehouse: hive.warehouses.id."),
    day: day('Day in SYNC_TIMEZONE, as that was when the stock was seen.'),
    stocked: integer('Pieces that could be sold at the end of the day.'),
    reserved: integer('Pieces held for orders at the end of the day.'),
    total: integer('Pieces available at the end of the day.'),
    is_observed: bool(
      'True when the stock was seen to be another on that day, for the first time or in between too; false when it is that of a day before.',
    ),
  },
  // The end of a SKU is in hive.inventory_daily like that of a warehouse's listing: a day with nulls.
  query: `
select d.account, d.sku_id, d.warehouse_id, every.day::date as day, d.stocked, d.reserved, d.total,
  every.day::date = d.day as is_observed
from (
  select *, lead(day) over (partition by account, sku_id, warehouse_id order by day) as next_day from hive.inventory_daily
) d
cross join (select (now() at time zone timezone)::date as today from sync.installation) n
cross join lateral generate_series(
  d.day::timestamp, coalesce(d.next_day - 1, greatest(d.day, n.today))::timestamp, '1 day'
) as every(day)
where d.stocked is not null or d.reserved is not null or d.total is not null`,
});
