// Orders: one to five lines of existing SKUs; old ones are done, the newest are open.
import { formatInstant } from '../berlin-time.js';
import type { JsonObject, Order, OrderItem, OrderStatus } from '../records.js';
import { makeAddress, pickCarrier } from './places.js';
import { skuBefore } from './skus.js';
import { dayMs, type Generate, type Slot, type World } from './world.js';

/** What shipments and returns need to know of an order. */
export interface OrderFacts {
  id: number;
  merchantOrderId: string;
  customerOrderNumber: string | null;
  createdMs: number;
  status: OrderStatus;
  items: OrderItem[];
}

export function orderFacts(world: World, index: number): OrderFacts {
  const slot = world.slot('orders', index);
  return {
    id: slot.id,
    merchantOrderId: merchantOrderIdAt(world, index),
    customerOrderNumber: customerOrderNumberAt(world, index),
    createdMs: slot.createdMs,
    status: orderStatus(world, slot),
    items: orderItems(world, slot),
  };
}

/** A UUID that ends in the index, so that a merchant's id leads back to the order without a lookup table. */
function merchantOrderIdAt(world: World, index: number): string {
  const hex = world.random('orders', index, 1).hex(18);
  const tail = index.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(12, 15)}-a${hex.slice(15, 18)}-${tail}`;
}

/** The index of the generated order with this merchant id. */
export function indexOfMerchantOrder(world: World, merchantOrderId: string): number | undefined {
  const index = Number.parseInt(merchantOrderId.slice(-12), 16);
  const isOurs = index < world.size('orders') && merchantOrderIdAt(world, index) === merchantOrderId;
  return isOurs ? index : undefined;
}

function customerOrderNumberAt(world: World, index: number): string | null {
  return world.random('orders', index, 2).chance(0.4) ? null : `#${10_001 + index}`;
}

function orderStatus(world: World, { createdMs, index, isNew }: Slot): OrderStatus {
  if (isNew) return 'fulfillable';
  const { oldOpenShare, openDays } = world.options;
  const luck = world.random('orders', index, 3).next();
  const age = world.ageMs(createdMs) / dayMs;
  const openShare = age < openDays ? 1 - 0.7 * (age / openDays) : oldOpenShare;
  if (luck < openShare) return 'fulfillable';
  return luck > 0.975 ? 'unfulfillable' : 'fulfilled';
}

function orderItems(world: World, { createdMs, index }: Slot): OrderItem[] {
  const random = world.random('orders', index, 4);
  const count = 1 + Math.floor(random.next() * random.next() * 5);
  const hasDiscount = random.chance(0.2);
  const items: OrderItem[] = [];
  for (let line = 1; line <= count; line++) {
    const sku = skuBefore(world, createdMs, random.bits());
    if (!sku) continue;
    items.push({
      sku_id: sku.id,
      quantity: random.chance(0.8) ? 1 : random.between(2, 4),
      merchant_item_id: String(line),
      price_per_unit_in_cents: sku.priceCents,
      price_per_unit_in_cents_with_discount: hasDiscount ? Math.round(sku.priceCents * 0.85) : sku.priceCents,
      merchant_sku_id: sku.merchantSkuId,
    });
  }
  return items;
}

const tags = ['first_order', 'gift', 'subscription', 'vip', 'influencer'] as const;

function customMetadata(luck: number, index: number): JsonObject | null {
  if (luck > 0.12) return null;
  if (luck > 0.06) return { source: 'shopify', checkout_id: `chk_${index}` };
  return {
    gift: { wrapped: true, message: 'Alles Gute! 🎉 — «à bientôt»' },
    utm: { campaign: '', term: null },
    score: 0.5,
  };
}

export const generateOrder: Generate = (world, slot): Order => {
  const { createdMs, id, index } = slot;
  const random = world.random('orders', index);
  const status = orderStatus(world, slot);
  const items = orderItems(world, slot);
  const address = makeAddress(random);
  const goods = items.reduce((sum, item) => sum + item.quantity * item.price_per_unit_in_cents_with_discount, 0);
  const price = goods === 0 ? 0 : goods + (goods < 5000 ? 490 : 0);
  const tax = price - Math.round(price / 1.19);
  const isRefunded = status === 'unfulfillable' || random.chance(0.02);
  return {
    id,
    merchant_order_id: merchantOrderIdAt(world, index),
    customer_order_number: customerOrderNumberAt(world, index),
    status,
    carrier_preference: random.chance(0.12) ? pickCarrier(random, address.country_code) : null,
    created_at: formatInstant(createdMs),
    financial_status: random.chance(0.1) ? null : isRefunded ? 'refunded' : random.chance(0.97) ? 'paid' : 'pending',
    payment_method: random.chance(0.2) ? null : random.pick(['paypal', 'credit_card', 'klarna', 'sepa_debit']),
    currency: address.country_code === 'CH' ? 'CHF' : address.country_code === 'PL' ? 'PLN' : 'EUR',
    total_price_in_cents: price,
    total_net_revenue_in_cents: price - tax,
    total_tax_in_cents: tax,
    total_net_refunds_in_cents: isRefunded ? price - tax : 0,
    total_tax_refunds_in_cents: isRefunded ? tax : 0,
    shipping_address: address,
    items,
    tags: tags.filter(() => random.chance(0.08)),
    custom_metadata: customMetadata(random.next(), index),
  };
};
