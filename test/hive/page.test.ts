import { describe, expect, test } from 'vitest';
import { HiveBodyError } from '../../src/errors.js';
import { readPage } from '../../src/hive/page.js';

const URL = 'https://hive.example/orders?page=1';
const rows = (n: number) => Array.from({ length: n }, (_, i) => ({ id: i + 1 }));
const body = (n: number, pagination: object) => ({ data: rows(n), pagination: { page_count: 1, ...pagination } });

describe('item_count is proof of completeness unless the answer contradicts it', () => {
  test.each<[what: string, rowsOnPage: number, pageCount: number, itemCount: unknown, expected: number | undefined]>([
    ['the only page holds all of them', 2, 1, 2, 2],
    ['an empty list', 0, 1, 0, 0],
    ['an empty list that says it has no page', 0, 0, 0, 0],
    ['a full first page of several', 20, 3, 45, 45],
    ['a short last page of several', 5, 3, 45, 45],
    ['one more than a full page', 20, 2, 21, 21],
    ['more records than the only page holds', 2, 1, 3, 3],
    ['fewer than the rows of this page', 20, 1, 19, undefined],
    ['only the rows of this page, while there are more pages', 20, 3, 20, undefined],
    ['only the rows of a short last page', 5, 3, 5, undefined],
    ['zero beside rows', 1, 1, 0, undefined],
    ['absent', 2, 1, undefined, undefined],
    ['null', 2, 1, null, undefined],
    ['text', 2, 1, '2', undefined],
    ['negative', 2, 1, -1, undefined],
    ['with decimals', 2, 1, 2.5, undefined],
    ['more than the ledger can hold', 2, 1, 3_000_000_000, undefined],
  ])('%s', (_what, rowsOnPage, pageCount, itemCount, expected) => {
    const page = readPage(body(rowsOnPage, { page_count: pageCount, item_count: itemCount }), URL);
    expect(page.itemCount).toBe(expected);
    expect(page.records).toHaveLength(rowsOnPage);
    expect(page.pageCount).toBe(pageCount);
  });
});

test.each([
  [20, 20],
  [undefined, undefined],
  [null, undefined],
  ['20', undefined],
  [-1, undefined],
  [0, undefined],
])('items_per_page %j is read as %j and never assumed', (given, expected) => {
  expect(readPage(body(1, { items_per_page: given }), URL).itemsPerPage).toBe(expected);
});

test('records are handed on unread, whatever they are', () => {
  const data = [null, 1, 'x', [], { id: 'no' }];
  expect(readPage({ data, pagination: { page_count: 1 } }, URL).records).toEqual(data);
});

test('fields beside data and pagination do not matter', () => {
  expect(readPage({ ...body(1, { current_page: 'one' }), success: true }, URL).records).toHaveLength(1);
});

test.each<[what: string, body: unknown]>([
  ['null', null],
  ['a list without an envelope', rows(2)],
  ['text', 'ok'],
  ['a single record', { id: 1 }],
  ['no pagination', { data: [] }],
  ['no data', { pagination: { page_count: 1 } }],
  ['data that is an object', { data: {}, pagination: { page_count: 1 } }],
  ['no page_count', { data: [], pagination: { item_count: 0 } }],
  ['a page_count in words', { data: [], pagination: { page_count: 'three' } }],
  ['a negative page_count', { data: [], pagination: { page_count: -1 } }],
  ['a page_count that the ledger cannot hold', { data: [], pagination: { page_count: 3_000_000_000 } }],
])('%s is not a page, and the error says where', (_what, given) => {
  expect(() => readPage(given, URL)).toThrow(HiveBodyError);
  expect(() => readPage(given, URL)).toThrow(/not a list with data and pagination \(.+: .+\)/);
});
