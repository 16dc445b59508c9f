// Returns: parcels that came back, of orders that were fulfilled some days before.
import { formatInstant } from '../berlin-time.js';
import type { Random } from '../random.js';
import type { Return, ReturnItem, ReturnLineItem } from '../records.js';
import { type OrderFacts, orderFacts } from './orders.js';
import { makeTracking, pickCarrier } from './places.js';
import { skuFacts } from './skus.js';
import { dayMs, type Generate, hourMs, type World } from './world.js';

const statuses = ['on_the_way', 'arrived', 'processing', 'handling_completed'] as const;

const passiveReasons: readonly [string, ...string[]] = [
  'not_picked_up',
  'invalid_address',
  'rejected_by_customer',
  'customs_documents_missing',
  'other',
];

function orderOf(world: World, createdMs: number, daysBefore: number): OrderFacts | undefined {
  if (world.size('orders') === 0) return undefined;
  const last = Math.max(0, world.timelines.orders.countBefore(createdMs - daysBefore * dayMs) - 1);
  for (let index = last; index > Math.max(0, last - 10); index--) {
    const order = orderFacts(world, index);
    if (order.status === 'fulfilled') return order;
  }
  return orderFacts(world, last);
}

function reasonOf(random: Random): { type: string | null; reason: string | null } {
  const luck = random.next();
  if (luck < 0.05) return { type: null, reason: null };
  if (luck < 0.1) return { type: '', reason: '' };
  return luck < 0.75
    ? { type: 'active', reason: 'customer_return' }
    : { type: 'passive', reason: random.pick(passiveReasons) };
}

function announced(random: Random, id: number, order: OrderFacts | undefined): ReturnItem[] {
  return (order?.items ?? []).slice(0, random.between(1, 2)).map((item, nth) => ({
    customer_return_message: random.chance(0.3) ? 'Too small, sorry.\nDanke!' : random.chance(0.5) ? '' : null,
    customer_return_reason: random.pick(['too_small', 'too_large', 'damaged', 'changed_mind', null]),
    id: id * 10 + nth,
    merchant_sku_id: item.merchant_sku_id,
    quantity: random.between(1, item.quantity),
    sku_id: item.sku_id,
  }));
}

function handled(world: World, random: Random, id: number, order: OrderFacts | undefined, items: ReturnItem[]) {
  const source = items.length > 0 ? items : (order?.items ?? []).slice(0, 1).map((item) => ({ ...item, id: null }));
  return source.map((item, nth): ReturnLineItem => {
    const condition = random.pick(['A', 'A', 'B', 'C'] as const);
    const index = world.indexOf('skus', item.sku_id);
    const batch = index === undefined ? undefined : skuFacts(world, index).batches[0];
    return {
      condition,
      follow_up_action: condition === 'C' ? 'dispose' : random.pick(['restock', 'restock', 'send_back']),
      id: id * 10 + 5 + nth,
      inventory_batch_id: batch?.id ?? null,
      merchant_sku_id: item.merchant_sku_id,
      quantity: item.quantity,
      return_item_id: item.id,
      sku_id: item.sku_id,
    };
  });
}

export const generateReturn: Generate = (world, { createdMs, id, index, isNew }): Return => {
  const random = world.random('returns', index);
  const age = isNew ? 0 : world.ageMs(createdMs);
  const order = orderOf(world, createdMs, random.between(6, 30));
  const { type, reason } = reasonOf(random);
  const marks = [random.between(1, 6) * dayMs, 0, 0];
  marks[1] = (marks[0] ?? 0) + random.between(2, 40) * hourMs;
  marks[2] = (marks[1] ?? 0) + random.between(5, 500) * 60_000;
  const reached = marks.filter((mark) => mark <= age).length;
  const isStuck = reached === 2 ? random.chance(0.5) : reached === 3 && random.chance(0.01);
  const times = marks.map((mark, nth) => (nth < (isStuck ? 2 : reached) ? formatInstant(createdMs + mark) : null));
  const status = isStuck ? 'action_required' : (statuses[reached] ?? 'on_the_way');
  const items = type === 'passive' ? [] : announced(random, id, order);
  const hasCarrier = random.chance(0.9);
  const carrier = pickCarrier(random, 'DE');
  const tracking = makeTracking(random, carrier);
  const isHandled = status === 'handling_completed';
  return {
    carrier: hasCarrier ? carrier : random.chance(0.5) ? '' : null,
    completed_handling_at: times[2] ?? null,
    created_at: formatInstant(createdMs),
    id,
    order: order
      ? {
          id: order.id,
          merchant_order_id: order.merchantOrderId,
          customer_order_number: order.customerOrderNumber,
        }
      : null,
    photos: isHandled && random.chance(0.3) ? [photo(id, 0, 'inside'), photo(id, 1, 'outside')] : [],
    received_at: times[0] ?? null,
    return_items: items,
    return_line_items: isHandled ? handled(world, random, id, order, items) : [],
    return_reason: reason,
    return_reason_type: type,
    started_processing_at: times[1] ?? null,
    status,
    tracking_code: hasCarrier ? tracking.code : null,
    tracking_url: hasCarrier ? tracking.url : '',
  };
};

function photo(returnId: number, nth: number, type: string) {
  const id = returnId * 4 + nth;
  return { id, image_url: `https://cdn.example.com/returns/${id}.jpg`, photo_type: type };
}
