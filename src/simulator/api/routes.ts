// Which request does what.
import type { Account } from '../account.js';
import { isObject } from '../merge-patch.js';
import { type CollectionName, collectionNames, type JsonObject } from '../records.js';
import { type Answer, badRequest, errorAnswer, jsonAnswer, notFound } from './answer.js';
import { answerList, type ListOptions } from './list.js';
import { createOrder, updateOrder } from './order-writes.js';
import { createRestockingShipment, replaceRestockingShipment } from './restocking-writes.js';
import { createSku, deleteSku, updateSku, upsertSkus } from './sku-writes.js';

export interface ApiRequest {
  method: string;
  /** Below the base path, without a slash at the end. */
  path: string;
  query: URLSearchParams;
  authorization: string | undefined;
  contentType: string | undefined;
  body: string;
}

export interface ApiState {
  account: Account;
  /** Undefined when no key is valid. */
  apiKey: string | undefined;
  listOptions: ListOptions;
}

type Write = (account: Account, body: JsonObject, id: number) => Answer;

const writes: Record<string, Write> = {
  'POST /skus': createSku,
  'POST /skus/bulk_upsert': upsertSkus,
  'PATCH /skus/:id': (account, body, id) => updateSku(account, id, body),
  'POST /orders': createOrder,
  'PATCH /orders/:id': (account, body, id) => updateOrder(account, id, body),
  'POST /restocking_shipments': createRestockingShipment,
  'PUT /restocking_shipments/:id': (account, body, id) => replaceRestockingShipment(account, id, body),
};

export function answerRequest(state: ApiState, request: ApiRequest): Answer {
  if (state.apiKey === undefined || request.authorization !== `Bearer ${state.apiKey}`)
    return errorAnswer(401, ['authentication required']);
  const [, name, rest, ...deeper] = request.path.split('/');
  const collection = collectionNames.find((candidate) => candidate === name);
  if (!collection || deeper.length > 0) return notFound();
  const id = rest === undefined ? undefined : /^\d{1,15}$/.test(rest) ? Number(rest) : Number.NaN;
  if (request.method === 'GET') return answerRead(state, collection, id, request.query);
  if (request.method === 'DELETE' && collection === 'skus' && id !== undefined) return deleteSku(state.account, id);
  const template = id === undefined ? `/${name}` : Number.isNaN(id) ? `/${name}/${rest}` : `/${name}/:id`;
  const write = writes[`${request.method} ${template}`];
  if (!write) return notFound();
  const body = parseBody(request);
  return body ? write(state.account, body, id ?? 0) : badRequest();
}

function answerRead(
  state: ApiState,
  collection: CollectionName,
  id: number | undefined,
  query: URLSearchParams,
): Answer {
  if (id === undefined) return answerList(state.account, collection, query, state.listOptions);
  const record = state.account.get(collection, id);
  return record ? jsonAnswer(record) : notFound();
}

function parseBody({ body, contentType }: ApiRequest): JsonObject | undefined {
  if (!/^application\/json\b/i.test(contentType ?? '')) return undefined;
  try {
    const parsed: unknown = JSON.parse(body);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
