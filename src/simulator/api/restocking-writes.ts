// Announcing and replacing restocking shipments.
import type { Account } from '../account.js';
import { isObject } from '../merge-patch.js';
import type { ApiRecord, JsonObject } from '../records.js';
import { type Answer, errorAnswer, jsonAnswer, notFound } from './answer.js';
import { isBlank } from './fields.js';

const deliveryOptions: readonly unknown[] = ['postal', 'courier', 'dropoff', 'hive_freight'];

/** Statuses in which it may still be replaced. */
const replaceable: readonly unknown[] = ['shipped', 'created'];

// The page lists the items of a request as `items` in one place and by the object's own name in another.
function itemsOf(body: JsonObject): unknown[] {
  const items = body.restocking_shipment_items ?? body.items;
  return Array.isArray(items) ? items : [];
}

function skuOf(account: Account, item: JsonObject): ApiRecord | undefined {
  const id = typeof item.sku_id === 'number' ? item.sku_id : account.skuId(String(item.merchant_sku_id));
  return id === undefined ? undefined : account.get('skus', id);
}

function problemsOf(account: Account, body: JsonObject): string[] {
  const problems: string[] = [];
  const items = itemsOf(body);
  if (typeof body.warehouse_id !== 'number' || !account.get('warehouses', body.warehouse_id))
    problems.push('Warehouse must exist');
  if (isBlank(body.estimated_arrival_date)) problems.push("Estimated arrival date can't be blank");
  if (!deliveryOptions.includes(body.delivery_option)) problems.push('Delivery option is not included in the list');
  if (items.length === 0) problems.push("Restocking shipment items can't be blank");
  if (!items.every((item) => isObject(item) && skuOf(account, item))) problems.push('Sku must exist');
  if (!items.every((item) => isObject(item) && Number.isInteger(item.announced_quantity)))
    problems.push("Announced quantity can't be blank");
  return problems;
}

function fieldsOf(account: Account, body: JsonObject, id: number): JsonObject {
  const items = itemsOf(body).filter(isObject);
  return {
    warehouse_id: body.warehouse_id,
    estimated_arrival_date: String(body.estimated_arrival_date).slice(0, 10),
    delivery_option: body.delivery_option,
    tracking_code: body.tracking_code ?? null,
    po_number: body.po_number ?? null,
    supplier_name: body.supplier_name ?? null,
    status: 'shipped',
    restocking_shipment_items: items.map((item, nth) => ({
      id: id * 8 + nth,
      sku_id: skuOf(account, item)?.id,
      merchant_sku_id: skuOf(account, item)?.merchant_sku_id,
      announced_quantity: item.announced_quantity,
      remarks: item.remarks ?? null,
      total_cost_in_cents: item.total_cost_in_cents ?? null,
      inventory_batches: Array.isArray(item.inventory_batches) ? item.inventory_batches : [],
    })),
  };
}

export function createRestockingShipment(account: Account, body: JsonObject): Answer {
  const problems = problemsOf(account, body);
  if (problems.length > 0) return errorAnswer(422, problems);
  const id = account.nextId('restocking_shipments');
  return jsonAnswer(account.insert('restocking_shipments', fieldsOf(account, body, id)), 201);
}

/** A whole replacement: what the body leaves out is null afterwards. */
export function replaceRestockingShipment(account: Account, id: number, body: JsonObject): Answer {
  const old = account.get('restocking_shipments', id);
  if (!old) return notFound();
  if (!replaceable.includes(old.status))
    return errorAnswer(422, [`Restocking shipment can't be updated when ${old.status}`]);
  const problems = problemsOf(account, body);
  if (problems.length > 0) return errorAnswer(422, problems);
  return jsonAnswer(
    account.replace('restocking_shipments', { ...old, ...fieldsOf(account, body, id), status: old.status }),
  );
}
