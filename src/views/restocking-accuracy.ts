// Did the warehouse get what was announced? One row per item of a restocking shipment.
import { day, id, integer, number, text } from '../db/columns.js';
import { skuIdOf } from './sku-codes.js';
import { ACCOUNT, defineView } from './view.js';

export const restockingAccuracy = defineView({
  name: 'restocking_accuracy',
  comment:
    'What was announced to a warehouse and what was counted there: one row per item of a restocking shipment; of an item that is listed twice (the same id) the last element counts. Deleted and cancelled restocking shipments are left out. The counts are null until the status is restocked, also where Hive sends some before.',
  columns: {
    account: text(ACCOUNT, { personal: false }),
    restocking_shipment_id: id("Hive's id of the restocking shipment: hive.restocking_shipments.id."),
    status: text('State of the restocking shipment: see hive.restocking_shipments.status.', { personal: false }),
    estimated_arrival_date: day('Day on which the shop expected the goods.'),
    supplier_name: text('Name of the supplier; null when not given.', { personal: true }),
    warehouse_id: id("Hive's id of the warehouse: hive.warehouses.id."),
    warehouse: text('Name of the warehouse; null when not known.', { personal: false }),
    sku_id: id(
      "Hive's id of the SKU: hive.skus.id. Where the item names only the shop's own code, the SKU that alone has this code; null when there is none.",
    ),
    merchant_sku_id: text("The shop's own code of the SKU today; when not known, as the item names it.", {
      personal: false,
    }),
    sku: text('Name of the SKU today; null when the SKU is not known.', { personal: false }),
    announced: integer('Pieces announced.'),
    arrived: integer('Pieces that arrived, damaged ones not counted; null until restocked.'),
    damaged: integer('Pieces that arrived damaged; null until restocked.'),
    missing: integer('Pieces that did not arrive; null until restocked.'),
    accuracy: number('arrived / announced, to three decimals; null until restocked, or when no pieces were announced.'),
  },
  query: `
select r.account, r.id as restocking_shipment_id, r.status, r.estimated_arrival_date, r.supplier_name, r.warehouse_id,
  w.name as warehouse, k.sku_id, coalesce(s.merchant_sku_id, i.merchant_sku_id) as merchant_sku_id,
  s.name as sku, i.announced_quantity as announced, n.arrived, n.damaged, n.missing,
  round(n.arrived::numeric / nullif(i.announced_quantity, 0), 3)::float8 as accuracy
from hive.restocking_shipments r
join hive.restocking_shipment_items i on i.account = r.account and i.restocking_shipment_id = r.id
  and not exists (select from hive.restocking_shipment_items later where later.account = i.account
    and later.restocking_shipment_id = i.restocking_shipment_id and later.id = i.id and later.position > i.position
    and later.position > 1)
cross join lateral (
  select case when r.status = 'restocked' then i.arrived_quantity end as arrived,
    case when r.status = 'restocked' then i.damaged_quantity end as damaged,
    case when r.status = 'restocked' then i.missing_quantity end as missing
) n
left join hive.warehouses w on w.account = r.account and w.id = r.warehouse_id
cross join lateral (select ${skuIdOf('i')} as sku_id) k
left join hive.skus s on s.account = i.account and s.id = k.sku_id
where r._deleted_at is null and r.status is distinct from 'cancelled'`,
});
