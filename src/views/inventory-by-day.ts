// How was the stock at the end of each day? hive.inventory_daily with the days in between filled in.
import { bool, day, id, integer, text } from '../db/columns.js';
import { ACCOUNT, defineView } from './view.js';

export const inventoryByDay = defineView({
  name: 'inventory_by_day',
  comment:
    'The stock of each SKU in each warehouse at the end of each day, from the day on which it was first seen up to today: one row per SKU, warehouse and day. A day on which nothing was seen to change has the stock of the day before. There are no rows for days on which Hive did not list the warehouse for the SKU, and none after the day on which the SKU was seen to be deleted at Hive (_deleted_at).',
  columns: {
    account: text(ACCOUNT, { personal: false }),
    sku_id: id("Hive's id of the SKU: hive.skus.id."),
    warehouse_id: id("Hive's id of the warehouse: hive.warehouses.id."),
    day: day('Day in SYNC_TIMEZONE.'),
    stocked: integer('Pieces that could be sold at the end of the day.'),
    reserved: integer('Pieces held for orders at the end of the day.'),
    total: integer('Pieces available at the end of the day.'),
    is_observed: bool('True when the stock was seen to be another on that day; false when it is that of a day before.'),
  },
  query: `
select d.account, d.sku_id, d.warehouse_id, every.day::date as day, d.stocked, d.reserved, d.total,
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
where d.stocked is not null or d.reserved is not null or d.total is not null`,
});
