// What lies where, and what of it expires soon? One row per SKU and warehouse.
import { day, id, integer, sum, text } from '../db/columns.js';
import { ACCOUNT, defineView } from './view.js';

export const inventoryByWarehouse = defineView({
  name: 'inventory_by_warehouse',
  comment:
    'The stock as of the last sync: one row per SKU and warehouse that Hive lists for it; of a warehouse that is listed twice the last element counts, and what names no warehouse has a row each. SKUs that the API holds no more (_deleted_at) are left out; SKUs that the shop deleted are there with sku_status deleted. What expires is told by the day in SYNC_TIMEZONE. For the past see hive.inventory_by_day.',
  columns: {
    account: text(ACCOUNT, { personal: false }),
    warehouse_id: id("Hive's id of the warehouse: hive.warehouses.id; null when Hive names none."),
    warehouse: text('Name of the warehouse; null when not known.', { personal: false }),
    sku_id: id("Hive's id of the SKU: hive.skus.id."),
    merchant_sku_id: text("The shop's own code of the SKU.", { personal: false }),
    sku: text('Name of the SKU.', { personal: false }),
    sku_status: text('active | deleted: see hive.skus.status.', { personal: false }),
    stocked: integer('Pieces that can be sold.'),
    reserved: integer('Pieces held for orders.'),
    total: integer('Pieces available; equals stocked when there is no buffer.'),
    batches: integer(
      'Batches with pieces in this warehouse; 0 for SKUs without batches. A batch that is listed twice (the same id), or twice with this warehouse, counts once, as it is listed last.',
    ),
    next_expiry_date: day(
      'Earliest day on which one of these batches expires, also when it has passed; null when none does.',
    ),
    expired_quantity: sum('Pieces in batches whose day has passed.'),
    quantity_expiring_in_30_days: sum('Pieces in batches that expire today or in the next 30 days.'),
    quantity_expiring_in_90_days: sum('Pieces in batches that expire today or in the next 90 days.'),
  },
  query: `
select i.account, i.warehouse_id, w.name as warehouse, i.sku_id, s.merchant_sku_id, s.name as sku, s.status as sku_status,
  i.stocked, i.reserved, i.total, coalesce(b.batches, 0) as batches, b.next_expiry_date,
  coalesce(b.expired, 0) as expired_quantity, coalesce(b.in_30_days, 0) as quantity_expiring_in_30_days,
  coalesce(b.in_90_days, 0) as quantity_expiring_in_90_days
from (
  select distinct on (account, sku_id, warehouse_id, case when warehouse_id is null then position end) * from hive.sku_inventory
  order by account, sku_id, warehouse_id, case when warehouse_id is null then position end, position desc
) i
join hive.skus s on s.account = i.account and s.id = i.sku_id
left join hive.warehouses w on w.account = i.account and w.id = i.warehouse_id
left join (
  select q.account, q.sku_id, q.warehouse_id, count(*)::int as batches, min(b.expiry_date) as next_expiry_date,
    sum(q.quantity) filter (where b.expiry_date < n.today) as expired,
    sum(q.quantity) filter (where b.expiry_date between n.today and n.today + 30) as in_30_days,
    sum(q.quantity) filter (where b.expiry_date between n.today and n.today + 90) as in_90_days
  from (
    select distinct on (account, sku_id, warehouse_id, batch_position) * from hive.sku_batch_quantities
    order by account, sku_id, warehouse_id, batch_position, position desc
  ) q
  join hive.sku_batches b on b.account = q.account and b.sku_id = q.sku_id and b.position = q.batch_position
    and not exists (select from hive.sku_batches later where later.account = b.account and later.sku_id = b.sku_id
      and later.id = b.id and later.position > b.position)
  cross join (select (now() at time zone timezone)::date as today from sync.installation) n
  where q.quantity > 0
  group by q.account, q.sku_id, q.warehouse_id
) b on b.account = i.account and b.sku_id = i.sku_id and b.warehouse_id = i.warehouse_id
where s._deleted_at is null`,
});
