// GET of a collection: filters, paging, newest first.
import type { Account } from '../account.js';
import { parseInstant } from '../berlin-time.js';
import type { SimulatorSettings } from '../options.js';
import type { ApiRecord, CollectionName } from '../records.js';
import { type Answer, errorAnswer, jsonAnswer, notFound } from './answer.js';

/** The collections that filter by created_at; the others ignore it, like any unknown parameter. */
const filterable: readonly CollectionName[] = ['orders', 'skus'];

/** A part of the list: positions from `from` to before `to`. */
interface Range {
  from: number;
  to: number;
}

/** The number of the page asked for; NaN when it is none. Default 1. */
export function pageOf(query: URLSearchParams): number {
  const text = query.get('page') ?? '1';
  return /^0*[1-9]\d*$/.test(text) ? Number(text) : Number.NaN;
}

/** How lists answer where the documentation leaves it open. */
export type ListOptions = Pick<SimulatorSettings, 'emptyPageCount' | 'pastEnd' | 'ignoresFilters'>;

export function answerList(
  account: Account,
  collection: CollectionName,
  query: URLSearchParams,
  { emptyPageCount, pastEnd, ignoresFilters }: ListOptions,
): Answer {
  const asked = pageOf(query);
  if (Number.isNaN(asked)) return errorAnswer(400, ['page must be a positive integer']);
  const list = account.list(collection);
  const isFiltered = filterable.includes(collection) && !ignoresFilters;
  const range = isFiltered ? rangeOf(account, collection, query) : { from: 0, to: list.count };
  if (typeof range === 'string') return errorAnswer(400, [range]);
  const codes = collection === 'skus' ? query.getAll('merchant_sku_ids[]') : [];
  const chosen = codes.length > 0 ? withCodes(account, range, codes) : undefined;
  const itemCount = chosen ? chosen.length : Math.max(0, range.to - range.from);
  const size = account.itemsPerPage;
  const pageCount = itemCount === 0 ? emptyPageCount : Math.ceil(itemCount / size);
  const isPastEnd = asked > Math.max(1, pageCount);
  if (isPastEnd && pastEnd === 'not-found') return notFound();
  const page = isPastEnd && pastEnd === 'last-page' ? Math.max(1, pageCount) : asked;
  const start = (page - 1) * size;
  const data: ApiRecord[] = [];
  for (let n = start; n < Math.min(start + size, itemCount); n++) {
    const record = chosen ? chosen[n] : list.at(range.from + n);
    if (record) data.push(record);
  }
  const pagination = { current_page: page, item_count: itemCount, page_count: pageCount, items_per_page: size };
  return jsonAnswer({ data, pagination });
}

/** The part of the list that meets the created_at filters, or what is wrong with them. */
function rangeOf(account: Account, collection: CollectionName, query: URLSearchParams): Range | string {
  const list = account.list(collection);
  const range = { from: 0, to: list.count };
  for (const [name, text] of query) {
    if (!name.startsWith('created_at')) continue;
    const operator = /^created_at\[(lt|lte|gt|gte)\]$/.exec(name)?.[1];
    if (!operator) return `${name} is not a filter`;
    const ms = parseInstant(text);
    if (ms === undefined) return `${name} is not an ISO 8601 datetime`;
    // Stored instants are whole milliseconds, so "not after t" is "before the next one".
    const after = Math.floor(ms) + 1;
    const bound = operator === 'lt' || operator === 'gte' ? Math.ceil(ms) : after;
    const position = list.count - list.countBefore(bound);
    if (operator.startsWith('l')) range.from = Math.max(range.from, position);
    else range.to = Math.min(range.to, position);
  }
  return range;
}

function withCodes(account: Account, range: Range, codes: readonly string[]): ApiRecord[] {
  const wanted = new Set(codes);
  const list = account.list('skus');
  const found: ApiRecord[] = [];
  for (let position = range.from; position < range.to; position++) {
    const sku = list.at(position);
    if (sku && wanted.has(String(sku.merchant_sku_id))) found.push(sku);
  }
  return found;
}
