// Creating and changing orders. Method and path of a change are assumed (PATCH /orders/{id}): the API's page was cut there.
import type { Account } from '../account.js';
import { isObject, mergePatch } from '../merge-patch.js';
import type { JsonObject } from '../records.js';
import { type Answer, errorAnswer, jsonAnswer, notFound } from './answer.js';
import { instantField, isBlank, pickFields } from './fields.js';

const amounts = [
  'total_price_in_cents',
  'total_net_revenue_in_cents',
  'total_tax_in_cents',
  'total_net_refunds_in_cents',
  'total_tax_refunds_in_cents',
] as const;

const optional = [
  'customer_order_number',
  'carrier_preference',
  'financial_status',
  'payment_method',
  'custom_metadata',
] as const;

const writable = [
  'merchant_order_id',
  'shipping_address',
  'items',
  'currency',
  'tags',
  ...amounts,
  ...optional,
] as const;

const emptyAddress = Object.fromEntries(
  [
    'first_name',
    'last_name',
    'full_name',
    'email',
    'phone',
    'company',
    'line1',
    'line2',
    'city',
    'country_code',
    'postal_code',
    'parcel_point_id',
  ].map((field) => [field, null]),
);

function completeItem(account: Account, item: JsonObject): JsonObject {
  const skuId = typeof item.sku_id === 'number' ? item.sku_id : account.skuId(String(item.merchant_sku_id));
  const sku = skuId === undefined ? undefined : account.get('skus', skuId);
  return {
    sku_id: sku?.id,
    quantity: item.quantity ?? 1,
    merchant_item_id: item.merchant_item_id,
    price_per_unit_in_cents: item.price_per_unit_in_cents,
    price_per_unit_in_cents_with_discount: item.price_per_unit_in_cents_with_discount ?? item.price_per_unit_in_cents,
    merchant_sku_id: sku?.merchant_sku_id,
  };
}

function itemProblems(account: Account, items: readonly unknown[]): string[] {
  const problems = new Set<string>();
  const seen = new Set<unknown>();
  for (const item of items) {
    if (!isObject(item)) return ['Items is invalid'];
    if (isBlank(item.merchant_item_id)) problems.add("Merchant item can't be blank");
    if (seen.has(item.merchant_item_id)) problems.add('Merchant item has already been taken');
    if (isBlank(item.price_per_unit_in_cents)) problems.add("Price per unit in cents can't be blank");
    if (completeItem(account, item).sku_id === undefined) problems.add('Sku must exist');
    seen.add(item.merchant_item_id);
  }
  return [...problems];
}

function problemsOf(account: Account, body: JsonObject): string[] {
  const problems: string[] = [];
  if ('merchant_order_id' in body && account.hasOrder(String(body.merchant_order_id)))
    problems.push('Merchant order has already been taken');
  if (Number.isNaN(instantField(body.created_at))) problems.push('Created at is invalid');
  if (Array.isArray(body.items)) problems.push(...itemProblems(account, body.items));
  return problems;
}

function fieldsOf(account: Account, body: JsonObject): JsonObject {
  const fields = pickFields(body, writable);
  if (Array.isArray(body.items)) fields.items = body.items.filter(isObject).map((item) => completeItem(account, item));
  return fields;
}

export function createOrder(account: Account, body: JsonObject): Answer {
  const problems: string[] = [];
  if (isBlank(body.merchant_order_id)) problems.push("Merchant order can't be blank");
  if (!isObject(body.shipping_address)) problems.push("Shipping address can't be blank");
  if (!Array.isArray(body.items) || body.items.length === 0) problems.push("Items can't be blank");
  problems.push(...problemsOf(account, body));
  if (problems.length > 0) return errorAnswer(422, problems);
  const values = {
    ...Object.fromEntries(amounts.map((field) => [field, 0])),
    ...Object.fromEntries(optional.map((field) => [field, null])),
    currency: 'EUR',
    tags: [],
    ...fieldsOf(account, body),
    shipping_address: { ...emptyAddress, ...(body.shipping_address as JsonObject) },
    status: 'fulfillable',
  };
  return jsonAnswer(account.insert('orders', values, instantField(body.created_at)), 201);
}

/** Cancelling is assumed to be `{"status":"unfulfillable"}` (or `cancelled`), as that is the state after it. */
export function updateOrder(account: Account, id: number, body: JsonObject): Answer {
  const order = account.get('orders', id);
  if (!order) return notFound();
  const { merchant_order_id: merchantId, ...rest } = body;
  const problems = problemsOf(account, merchantId === order.merchant_order_id ? rest : body);
  const isCancelled = body.status === 'unfulfillable' || body.status === 'cancelled';
  if (body.status !== undefined && !isCancelled && body.status !== order.status)
    problems.push('Status is not included in the list');
  if (order.status === 'fulfilled') problems.push("Order can't be changed once it is fulfilled");
  if (problems.length > 0) return errorAnswer(422, problems);
  const patch = { ...fieldsOf(account, body), ...(isCancelled && { status: 'unfulfillable' }) };
  return jsonAnswer(account.replace('orders', mergePatch(order, patch)));
}
