// The next step in the life of a record, with the fields that change along.
import { formatInstant } from './berlin-time.js';
import { isObject } from './merge-patch.js';
import type { ApiRecord, CollectionName, JsonObject } from './records.js';

const chains: Record<CollectionName, readonly string[]> = {
  warehouses: [],
  skus: ['active', 'deleted'],
  orders: ['fulfillable', 'fulfilled'],
  shipments: [
    'waiting_for_picking',
    'picking_assigned',
    'in_picking',
    'picked',
    'in_packing',
    'packed',
    'in_shipping',
    'shipped',
  ],
  returns: ['on_the_way', 'arrived', 'processing', 'handling_completed'],
  restocking_shipments: ['created', 'shipped', 'delivered', 'arrived', 'processing', 'restocked'],
};

const deliveries: readonly string[] = [
  'Information transmitted to the carrier',
  'In transit',
  'Out for delivery',
  'Delivered',
];

const returnTimes: Record<string, string> = {
  arrived: 'received_at',
  processing: 'started_processing_at',
  handling_completed: 'completed_handling_at',
};

/** The patch that moves a record one step on; undefined when it is at its end. A status off the chain goes back to its second place. */
export function nextStep(collection: CollectionName, record: ApiRecord, nowMs: number): JsonObject | undefined {
  const chain = chains[collection];
  const now = formatInstant(nowMs);
  const place = chain.indexOf(String(record.status));
  const status = chain[place < 0 ? 1 : place + 1];
  if (collection === 'shipments') return shipmentStep(record, status, now);
  if (status === undefined) return undefined;
  if (collection === 'returns') return { status, [returnTimes[status] ?? 'received_at']: now };
  return status === 'restocked' ? { status, restocking_shipment_items: countedItems(record) } : { status };
}

function shipmentStep(record: ApiRecord, status: string | undefined, now: string): JsonObject | undefined {
  if (status === 'shipped') {
    return { status, shipped_at: now, delivery_status: deliveries[0], shipment_provider: 'DHL', updated_at: now };
  }
  if (status !== undefined) return { status, updated_at: now };
  const place = deliveries.indexOf(String(record.delivery_status));
  const delivery = deliveries[place < 0 ? 1 : place + 1];
  if (delivery === undefined) return undefined;
  return { delivery_status: delivery, updated_at: now, ...(delivery === 'Delivered' && { delivered_at: now }) };
}

function countedItems(record: ApiRecord): unknown[] {
  const items = record.restocking_shipment_items;
  if (!Array.isArray(items)) return [];
  return items.map((item: unknown) => {
    if (!isObject(item)) return item;
    const batches = Array.isArray(item.inventory_batches) ? item.inventory_batches : [];
    const arrived = item.announced_quantity;
    return {
      ...item,
      arrived_quantity: arrived,
      damaged_quantity: 0,
      missing_quantity: 0,
      inventory_batches: batches.map((batch: unknown) =>
        isObject(batch) ? { ...batch, arrived_quantity: arrived } : batch,
      ),
    };
  });
}
