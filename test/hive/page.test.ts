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
    ['a number in text', 2, 1, '2', 2],
    ['text', 2, 1, 'two', undefined],
    ['negative', 2, 1, -1, undefined],
    ['with decimals', 2, 1, 2.5, undefined],
    ['more than the ledger can hold', 2, 1, 3_000_000_000, undefined],
  ])('%s', (_what, rowsOnPage, pageCount, itemCount, expected) => {
    const page = readPage(body(rowsOnPage, { page_count: pageCount, item_count: itemCount }), URL, 1);
    expect(page.itemCount).toBe(expected);
    expect(page.records).toHaveLength(rowsOnPage);
  });
});

test.each([
  [20, 20],
  [undefined, undefined],
  [null, undefined],
  ['20', 20],
  ['twenty', undefined],
  [-1, undefined],
  [0, undefined],
])('items_per_page %j is read as %j and never assumed', (given, expected) => {
  expect(readPage(body(1, { items_per_page: given }), URL, 1).itemsPerPage).toBe(expected);
});

test('records are handed on unread, whatever they are', () => {
  const data = [null, 1, 'x', [], { id: 'no' }];
  expect(readPage({ data, pagination: { page_count: 1 } }, URL, 1).records).toEqual(data);
});

test('fields beside data and pagination do not matter', () => {
  expect(readPage({ ...body(1, { current_page: 'one' }), success: true }, URL, 1).records).toHaveLength(1);
});

test.each<[what: string, body: unknown]>([
  ['null', null],
  ['a list without an envelope', rows(2)],
  ['text', 'ok'],
  ['a single record', { id: 1 }],
  ['no data', { pagination: { page_count: 1 } }],
  ['data that is an object', { data: {}, pagination: { page_count: 1 } }],
])('%s is not a page, and the error says where', (_what, given) => {
  expect(() => readPage(given, URL, 1)).toThrow(HiveBodyError);
  expect(() => readPage(given, URL, 1)).toThrow(/not a list with data and pagination \(.+: .+\)/);
});

describe('what is said of the list is held against itself, and the records are kept whatever it says', () => {
  const said = (rowsOnPage: number, asked: number, pagination: unknown) => {
    const { records, ...page } = readPage({ data: rows(rowsOnPage), pagination }, URL, asked);
    return { ...page, rows: records.length };
  };
  const ODD = [-1, 1.5, 3_000_000_000, null, undefined, 'three', '', {}, [], true];

  test.each(ODD)('a page_count of %j says nothing', (page_count) => {
    expect(said(20, 2, { page_count, item_count: 60, items_per_page: 20 })).toMatchObject({
      pageCount: undefined,
      rows: 20,
    });
  });

  test.each([undefined, null, 'text', [], 7])('pagination that is %j says nothing', (pagination) => {
    expect(said(20, 1, pagination)).toEqual({
      ...{ pageCount: undefined, itemCount: undefined, itemsPerPage: undefined, isBeyond: false, rows: 20 },
    });
  });

  test.each<[what: string, rowsOnPage: number, asked: number, pagination: object]>([
    ['200,000 pages of 400 records', 20, 1, { page_count: 200_000, item_count: 400, items_per_page: 20 }],
    ['one page of 400 records', 20, 1, { page_count: 1, item_count: 400, items_per_page: 20 }],
    ['no page beside records', 20, 1, { page_count: 0, item_count: 400, items_per_page: 20 }],
    ['fewer pages than the one that shows records', 20, 3, { page_count: 2, item_count: 40, items_per_page: 20 }],
  ])('%s contradict each other: neither is believed', (_what, rowsOnPage, asked, pagination) => {
    expect(said(rowsOnPage, asked, pagination)).toMatchObject({
      pageCount: undefined,
      rows: rowsOnPage,
      isBeyond: false,
    });
  });

  test('a page that is not full has no page after it, whatever it counts', () => {
    expect(said(2, 1, { page_count: 3_000, items_per_page: 3 })).toMatchObject({ pageCount: undefined, rows: 2 });
    expect(said(3, 1, { page_count: 3_000, items_per_page: 3 })).toMatchObject({ pageCount: 3_000 });
    expect(said(2, 7, { page_count: 7, items_per_page: 3 })).toMatchObject({ pageCount: 7 });
    expect(said(2, 1, { page_count: 2, item_count: 5, items_per_page: 3 })).toMatchObject({
      ...{ pageCount: undefined, itemCount: 5 },
    });
  });

  test('more rows than items_per_page say that it is not that', () => {
    expect(said(21, 1, { page_count: 3, item_count: 60, items_per_page: 20 })).toMatchObject({
      itemsPerPage: undefined,
    });
  });

  test('a page without records after the first lies beyond the end', () => {
    const page = { page_count: 2, item_count: 40, items_per_page: 20 };
    expect(said(0, 3, page)).toMatchObject({ isBeyond: true, pageCount: 2, itemCount: 40 });
    expect(said(0, 1, { page_count: 0, item_count: 0, items_per_page: 20 })).toMatchObject({
      isBeyond: false,
      pageCount: 0,
    });
    // It claims that there are more pages than where it ends.
    expect(said(0, 3, { page_count: 200, item_count: 4_000, items_per_page: 20 })).toMatchObject({
      ...{ isBeyond: true, pageCount: undefined },
    });
  });

  test('the last page again, in answer to one beyond the end, is no page of its own; its records are kept', () => {
    const page = { current_page: 2, page_count: 2, item_count: 40, items_per_page: 20 };
    expect(said(20, 3, page)).toMatchObject({ isBeyond: true, pageCount: 2, rows: 20 });
    expect(said(20, 2, page)).toMatchObject({ isBeyond: false, pageCount: 2, rows: 20 });
  });
});
