// Shipments: each belongs to an order that exists and carries its items; where there are more shipments than orders, orders are split.
import { formatInstant } from '../berlin-time.js';
import type { OrderItem, Shipment, ShipmentItem } from '../records.js';
import { type OrderFacts, orderFacts } from './orders.js';
import { makeTracking, pickCarrier } from './places.js';
import { type SkuFacts, skuBefore, skuFacts } from './skus.js';
import { warehouseIdFor } from './warehouses.js';
import { dayMs, type Generate, hourMs, type World } from './world.js';

const openStatuses = [
  'waiting_for_picking',
  'waiting_for_picking',
  'on_hold',
  'picking_assigned',
  'in_picking',
  'picked',
  'in_packing',
  'packed',
  'in_shipping',
] as const;

/** The order of a shipment, and which of the order's shipments it is. */
interface Part {
  order: OrderFacts;
  nth: number;
  of: number;
}

function partOf(world: World, index: number): Part | undefined {
  const orders = world.size('orders');
  const shipments = Math.max(1, world.size('shipments'));
  if (orders === 0) return undefined;
  // Tied neighbours are moved back in time, hence the lag: no shipment may be older than its order.
  const lag = 1 + Math.ceil(((world.options.ties.run - 1) * orders) / shipments);
  const place = Math.floor((Math.min(index, shipments - 1) * orders) / shipments);
  const orderIndex = Math.max(0, place - lag);
  const first = orderIndex === 0 ? 0 : Math.ceil((place * shipments) / orders);
  const last = Math.ceil(((orderIndex + lag + 1) * shipments) / orders) - 1;
  const of = Math.max(1, last - first + 1);
  return { order: orderFacts(world, orderIndex), nth: Math.min(of - 1, Math.max(0, index - first)), of };
}

function makeItem(shipmentId: number, nth: number, line: OrderItem | undefined, sku: SkuFacts): ShipmentItem {
  const quantity = line?.quantity ?? 1;
  const batch = sku.batches[shipmentId % Math.max(1, sku.batches.length)];
  const batches = batch
    ? [{ expiry_date: batch.expiry_date, name: batch.name, quantity, tracking_code: batch.tracking_code }]
    : [];
  const serials = sku.hasSerials ? quantity : 0;
  return {
    batches,
    id: shipmentId * 8 + nth,
    merchant_item_id: line?.merchant_item_id ?? null,
    quantity,
    serial_numbers: Array.from({ length: serials }, (_, n) => ({
      serial_number: `SN-${sku.id}-${shipmentId}-${n + 1}`,
    })),
    sku_id: sku.id,
    merchant_sku_id: sku.merchantSkuId,
  };
}

function makeItems(world: World, id: number, part: Part | undefined, addOn: SkuFacts | undefined): ShipmentItem[] {
  const lines = part?.order.items ?? [];
  const mine = lines.filter((_, line) => part && line % part.of === part.nth);
  const items: ShipmentItem[] = [];
  for (const line of mine.length > 0 ? mine : lines.slice(0, 1)) {
    const index = world.indexOf('skus', line.sku_id);
    if (index !== undefined) items.push(makeItem(id, items.length, line, skuFacts(world, index)));
  }
  if (addOn) items.push(makeItem(id, items.length, undefined, addOn));
  return items;
}

function deliveryStatus(sinceShippedMs: number, isDelivered: boolean, luck: number): string {
  if (isDelivered) return luck < 0.98 ? 'Delivered' : 'Returned to sender';
  if (sinceShippedMs < 6 * hourMs) return 'Information transmitted to the carrier';
  return luck < 0.05 ? 'Action required' : luck < 0.8 ? 'In transit' : 'Out for delivery';
}

export const generateShipment: Generate = (world, { createdMs, id, index, isNew }): Shipment => {
  const random = world.random('shipments', index);
  const part = partOf(world, index);
  const endMs = Math.max(world.options.endAtMs, createdMs);
  const orderStatus = isNew ? 'fulfillable' : (part?.order.status ?? 'fulfilled');
  const open = isNew ? 'waiting_for_picking' : random.pick(openStatuses);
  const isShipped = orderStatus === 'fulfilled';
  const carrier = pickCarrier(random, random.pick(['DE', 'DE', 'FR', 'ES', 'IT', 'NL']));
  const tracking = makeTracking(random, carrier);
  const shippedMs = Math.min(createdMs + random.between(2, 30) * hourMs, Math.floor((createdMs + endMs) / 2));
  // The courier's scan has no milliseconds, yet they are written.
  const arrivalMs = Math.ceil((shippedMs + random.between(18, 110) * hourMs + random.between(0, dayMs)) / 1000) * 1000;
  const isDelivered = isShipped && arrivalMs <= endMs && random.chance(0.995);
  const delivery = isShipped ? deliveryStatus(endMs - shippedMs, isDelivered, random.next()) : null;
  const deliveredMs = delivery === 'Delivered' ? arrivalMs : undefined;
  const addOn = random.chance(0.04) ? skuBefore(world, createdMs, random.bits()) : undefined;
  return {
    created_at: formatInstant(createdMs),
    delivered_at: deliveredMs === undefined ? null : formatInstant(deliveredMs),
    delivery_status: delivery,
    id,
    items: makeItems(world, id, part, addOn),
    merchant_order_id: part?.order.merchantOrderId ?? null,
    order_id: part?.order.id ?? null,
    shipment_provider: isShipped ? carrier : null,
    shipped_at: isShipped ? formatInstant(shippedMs) : null,
    status: isShipped ? 'shipped' : orderStatus === 'unfulfillable' ? 'cancelled' : open,
    tracking_code: isShipped ? tracking.code : null,
    tracking_url: isShipped ? tracking.url : null,
    updated_at: formatInstant(deliveredMs ?? (isShipped ? shippedMs : createdMs)),
    warehouse_id: warehouseIdFor(world, random.bits()),
  };
};
