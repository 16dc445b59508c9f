// Restocking shipments: goods on their way into a warehouse. Counts appear once they are on the shelf.
import { formatDate } from '../berlin-time.js';
import type { RestockingShipment, RestockingShipmentItem } from '../records.js';
import { skuBefore } from './skus.js';
import { warehouseIdFor } from './warehouses.js';
import { dayMs, type Generate } from './world.js';

const statusesByAge = ['shipped', 'delivered', 'arrived', 'processing'] as const;

export const generateRestockingShipment: Generate = (world, { createdMs, id, index, isNew }): RestockingShipment => {
  const random = world.random('restocking_shipments', index);
  const ageDays = isNew ? 0 : world.ageMs(createdMs) / dayMs;
  const isCancelled = random.chance(0.04) && !isNew;
  const status = isCancelled ? 'cancelled' : (statusesByAge[Math.floor(ageDays / 5)] ?? 'restocked');
  const isRestocked = status === 'restocked';
  const items: RestockingShipmentItem[] = [];
  const start = random.bits();
  const count = random.between(1, Math.min(6, Math.max(1, world.size('skus'))));
  for (let nth = 0; nth < count; nth++) {
    const sku = skuBefore(world, createdMs, start + nth);
    if (!sku) break;
    const announced = random.between(5, 400) * 2;
    const missing = random.chance(0.15) ? random.between(1, 5) : 0;
    const damaged = random.chance(0.15) ? random.between(1, 5) : 0;
    const arrived = announced - missing - damaged;
    items.push({
      id: id * 8 + nth,
      sku_id: sku.id,
      merchant_sku_id: sku.merchantSkuId,
      announced_quantity: announced,
      ...(isRestocked && { arrived_quantity: arrived, damaged_quantity: damaged, missing_quantity: missing }),
      remarks: random.chance(0.1) ? 'Please count twice.' : random.chance(0.1) ? '' : null,
      total_cost_in_cents: random.chance(0.5) ? null : announced * Math.round(sku.priceCents * 0.28),
      inventory_batches: sku.batches
        .slice(0, 1)
        .map((batch) => ({ ...batch, ...(isRestocked && { arrived_quantity: arrived }) })),
    });
  }
  return {
    id,
    warehouse_id: warehouseIdFor(world, random.bits()),
    estimated_arrival_date: formatDate(createdMs + random.between(4, 25) * dayMs),
    delivery_option: random.pick(['postal', 'courier', 'dropoff', 'hive_freight']),
    tracking_code: random.chance(0.2) ? null : random.digits(12),
    po_number: random.chance(0.4) ? null : `PO-${20_000 + index}`,
    supplier_name: random.chance(0.4)
      ? null
      : random.pick(['Manufatura Lda.', 'Kräuterhof GmbH', 'Atelier Textile SAS']),
    status,
    barcode: `RS.${id}`,
    restocking_shipment_items: items,
  };
};
