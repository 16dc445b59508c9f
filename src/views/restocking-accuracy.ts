// Did the warehouse get what was announced? One row per item of a restocking shipment.
import { day, id, integer, number, text } from '../db/columns.js';
import { ACCOUNT, defineView } from './view.js';

export const restockingAccuracy = defineView({
  name: 'restocking_accuracy',
  comment:
    'What was announced to a warehouse and what was counted there: one row per item of a restocking shipment. Deleted and cancelled restocking shipments are left out. The counts are null until the status is restocked.',
  columns: {
    account: text(ACCOUNT, { personal: false }),
    restocking_shipment_id: id("Hive's id of the restocking shipment: hive.restocking_shipments.id."),
    status: text('State of the restocking shipment: see hive.restocking_shipments.status.', { personal: false }),
    estimated_arrival_date: day('Day on which the shop expected the goods.'),
    supplier_name: text('Name of the supplier; null when not given.', { personal: true }),
    warehouse_id: id("Hive's id of the warehouse: hive.warehouses.id."),
    warehouse: text('Name of the warehouse; null when not known.', { personal: false }),
    sku_id: id("Hive's id of the SKU: hive.skus.id."),
    merchant_sku_id: text("The shop's own code of the SKU.", { personal: false }),
    sku: text('Name of the SKU today; null when the SKU is not known.', { personal: false }),
    announced: integer('Pieces announced.'),
    arrived: integer('Pieces that arrived, damaged ones not counted; null until restocked.'),
    damaged: integer('Pieces that arrived damaged; null until restocked.'),
    missing: integer('Pieces that did not arrive; null until restocked.'),
    accuracy: number('arrived / announced; null until restocked.'),
  },
  query: `
select r.account, r.id as restocking_shipment_id, r.status, r.estimated_arrival_date, r.supplier_name, r.warehouse_id,
  w.name as warehouse, i.sku_id, coalesce(s.merchant_sku_id, i.merchant_sku_id) as merchant_sku_id, s.name as sku,
  i.announced_quantity as announced, i.arrived_quantity as arrived, i.damaged_quantity as damaged,
  i.missing_quantity as missing,
  round(i.arrived_quantity::numeric / nullif(i.announced_quantity, 0), 3)::float8 as accuracy
from hive.restocking_shipments r
join hive.restocking_shipment_items i on i.account = r.account and i.restocking_shipment_id = r.id
left join hive.warehouses w on w.account = r.account and w.id = r.warehouse_id
left join hive.skus s on s.account = i.account and s.id = i.sku_id
where r._deleted_at is null and r.status is distinct from 'cancelled'`,
});
