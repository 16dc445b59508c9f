// Creating, changing, upserting and (softly) deleting SKUs.
import type { Account } from '../account.js';
import { isObject, mergePatch } from '../merge-patch.js';
import type { ApiRecord, JsonObject } from '../records.js';
import { type Answer, badRequest, errorAnswer, jsonAnswer, notFound } from './answer.js';
import { isBlank, pickFields } from './fields.js';

const writable = [
  'merchant_sku_id',
  'name',
  'barcode',
  'batch_tracking_enabled',
  'cost_in_cents',
  'country_code_of_origin',
  'hs_code',
  'image_url',
  'weight_in_kg',
] as const;

/** What a SKU has that was never sent to a warehouse, whatever the made-up one would have had. */
const blank: JsonObject = {
  ...Object.fromEntries(writable.map((field) => [field, null])),
  batch_tracking_enabled: false,
  inventory_batches: [],
  dangerous_good: false,
  hazardous_good: false,
  h_codes: [],
  un_names: [],
};

function problemsOf(account: Account, body: JsonObject, own?: ApiRecord): string[] {
  const whole = { ...own, ...body };
  const problems: string[] = [];
  if (isBlank(whole.name)) problems.push("Name can't be blank");
  if (isBlank(whole.merchant_sku_id)) problems.push("Merchant sku can't be blank");
  const holder = account.skuId(String(whole.merchant_sku_id));
  if (holder !== undefined && holder !== own?.id) problems.push('Merchant sku has already been taken');
  return problems;
}

function existing(account: Account, body: JsonObject): ApiRecord | undefined {
  const id = account.skuId(String(body.merchant_sku_id));
  return id === undefined ? undefined : account.get('skus', id);
}

/** A deleted SKU comes back to life under its old id; an active one with that code is refused. */
export function createSku(account: Account, body: JsonObject): Answer {
  const old = existing(account, body);
  const own = old?.status === 'deleted' ? old : undefined;
  const problems = problemsOf(account, body, own);
  if (problems.length > 0) return errorAnswer(422, problems);
  return jsonAnswer(own ? change(account, own, body) : insert(account, body), 201);
}

export function updateSku(account: Account, id: number, body: JsonObject): Answer {
  const sku = account.get('skus', id);
  if (!sku) return notFound();
  const problems = problemsOf(account, body, sku);
  return problems.length > 0 ? errorAnswer(422, problems) : jsonAnswer(change(account, sku, body));
}

export function deleteSku(account: Account, id: number): Answer {
  const sku = account.get('skus', id);
  return sku ? jsonAnswer(account.replace('skus', { ...sku, status: 'deleted' })) : notFound();
}

/** All or nothing. What it returns is not documented: the final SKUs, as an array in the order sent. */
export function upsertSkus(account: Account, body: JsonObject): Answer {
  const skus = body.skus;
  if (!Array.isArray(skus) || !skus.every(isObject)) return badRequest();
  if (skus.length < 1 || skus.length > 100) return errorAnswer(422, ['Skus must be 1 to 100']);
  const problems = skus.flatMap((sku) => problemsOf(account, sku, existing(account, sku)));
  if (problems.length > 0) return errorAnswer(422, [...new Set(problems)]);
  return jsonAnswer(skus.map((sku) => upsert(account, sku)));
}

function upsert(account: Account, body: JsonObject): ApiRecord {
  const old = existing(account, body);
  if (!old) return insert(account, body);
  const { batch_tracking_enabled: kept } = old;
  const omitted = Object.fromEntries(writable.map((field) => [field, null]));
  return change(account, old, { ...omitted, batch_tracking_enabled: kept, ...pickFields(body, writable) });
}

function insert(account: Account, body: JsonObject): ApiRecord {
  return account.insert('skus', { ...blank, ...pickFields(body, writable) });
}

function change(account: Account, sku: ApiRecord, body: JsonObject): ApiRecord {
  return account.replace('skus', mergePatch(sku, { ...pickFields(body, writable), status: 'active' }));
}
