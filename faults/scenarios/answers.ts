// The API answers with an error, late, not whole, or with something else than JSON.
import type { FaultRule } from '../../src/simulator/index.js';
import type { Scenario } from '../scenario.js';

const orders = (page: number, respond: FaultRule['respond'], times: number | null = 1): FaultRule => ({
  match: { path: '/orders', page },
  times,
  respond,
});

const answer = (trouble: string, ...faults: FaultRule[]): Scenario => ({
  group: 'Answers',
  trouble,
  simulator: { faults },
});

const status = (code: number, times: number, headers: Record<string, string> = {}): Scenario =>
  answer(`${code} on a page of orders, ${times} times`, orders(4, { status: code, headers }, times));

/** As long as the first sync runs. */
const lasting = (trouble: string, fault: FaultRule): Scenario => ({
  ...answer(trouble, { ...fault, times: null }),
  mend: ({ simulator }) => simulator.clearFaults(),
  mustBeTold: true,
});

const tooMany = (form: string, headers: Record<string, string>): Scenario => ({
  group: 'Retry-After',
  trouble: `429 with Retry-After ${form}`,
  simulator: {
    faults: [orders(5, { status: 429, headers, body: { success: false, errors: ['rate limit exceeded'] } })],
  },
});

const list = (trouble: string, ...faults: FaultRule[]): Scenario => ({ ...answer(trouble, ...faults), group: 'Lists' });

/** What a search index that is out of date answers: as if there were nothing. */
const NOTHING = { data: [], pagination: { current_page: 1, item_count: 0, page_count: 1, items_per_page: 20 } };

const lists: readonly Scenario[] = [
  list('page_count 200,000 in the first answer', orders(1, { patchPagination: { page_count: 200_000 } })),
  list('page_count 1 in the first answer', orders(1, { patchPagination: { page_count: 1 } })),
  list('item_count 7 in an answer in the middle', orders(5, { patchPagination: { item_count: 7 } })),
  list('page_count as text that is no number, everywhere', {
    ...orders(1, { patchPagination: { page_count: 'many' } }, null),
    match: { path: '/orders' },
  }),
  list('one page in the middle is empty, beside the right numbers', {
    ...orders(5, {
      status: 200,
      body: { data: [], pagination: { ...NOTHING.pagination, item_count: 200, page_count: 10 } },
    }),
  }),
  list('the whole list is empty, once', { match: { path: '/returns' }, respond: { status: 200, body: NOTHING } }),
  {
    ...list('the list becomes shorter, and pages past its end are not found'),
    simulator: {
      pastEnd: 'not-found',
      drift: [
        {
          before: { path: '/shipments', page: 6 },
          do: Array.from({ length: 45 }, () => ({
            kind: 'delete' as const,
            collection: 'shipments' as const,
            position: 150,
          })),
        },
      ],
    },
  },
  { ...list('pages past the end show the last page again'), simulator: { pastEnd: 'last-page' } },
  { ...list('the filter by created_at is ignored'), simulator: { ignoresFilters: true } },
  { ...list('all records are dated ten years ahead'), simulator: { endAt: '2036-11-01T12:00:00Z' } },
];

export const answers: readonly Scenario[] = [
  status(500, 3),
  status(502, 2),
  status(503, 4),
  status(504, 2),
  status(408, 2),
  answer('a gateway answers with a page of HTML, 502', orders(3, { html: true, status: 502 })),
  answer('a page of HTML with status 200', orders(3, { html: true, status: 200 }, 2)),
  answer('half of the JSON, with status 200', orders(6, { brokenJson: true }, 2)),
  answer('JSON of another shape, with status 200', orders(6, { status: 200, body: ['what'] }, 2)),
  answer('an empty body, with status 200', orders(6, { status: 200, body: '' }, 2)),
  answer('a redirect to another place', orders(6, { status: 302, headers: { location: 'http://127.0.0.1:9/' } })),
  answer('the connection is cut before the headers', orders(7, { cut: 'before-headers' }, 3)),
  answer('the connection is cut in the middle of the body', orders(7, { cut: 'mid-body' }, 3)),
  {
    ...answer('an answer that never comes (timeout 1 s)', orders(8, { hang: true })),
    env: { HIVE_TIMEOUT_MS: '1000' },
  },
  { ...answer('an answer after the timeout (1 s)', orders(8, { delayMs: 1_500 })), env: { HIVE_TIMEOUT_MS: '1000' } },
  answer('one answer in between takes 3 s', orders(2, { delayMs: 3_000 })),
  lasting('400 on a page, lasting', orders(4, { status: 400 })),
  lasting('404 on a page, lasting', orders(4, { status: 404 })),
  lasting(
    '422 on a page, lasting, with an errors array',
    orders(4, { status: 422, body: { success: false, errors: ["Name can't be blank"] } }),
  ),
  lasting('500 on a page, lasting', orders(4, { status: 500 })),
  lasting('403 on a whole collection, lasting', { match: { path: '/returns' }, respond: { status: 403 } }),
  lasting('404 on the first page of a collection, lasting', orders(1, { status: 404 })),
  lasting('a record without an id', orders(4, { patchRecords: [{ index: 3, merge: { id: null } }] })),
  lasting('a record whose items are no list', orders(4, { patchRecords: [{ index: 5, merge: { items: 'none' } }] })),
  lasting('a record that is no object', orders(4, { patchRecords: [{ index: 7, value: 17 }] })),
  lasting(
    'a record that is nested 4,000 deep',
    orders(4, { patchRecords: [{ index: 9, field: 'tags', levels: 4_000 }] }),
  ),
  lasting('a record of 5 MiB', orders(4, { patchRecords: [{ index: 11, field: 'note', length: 5 * 2 ** 20 }] })),
  tooMany('2 (integer)', { 'retry-after': '2' }),
  tooMany('1.6 (fraction)', { 'retry-after': '1.6' }),
  tooMany('0', { 'retry-after': '0' }),
  tooMany('-5', { 'retry-after': '-5' }),
  tooMany('as an HTTP date 2 s ahead', { 'retry-after': new Date(Date.now() + 2_000).toUTCString() }),
  tooMany('as an HTTP date in the past', { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }),
  tooMany('as nonsense', { 'retry-after': 'soon' }),
  tooMany('missing', {}),
  {
    group: 'Retry-After',
    trouble: 'somebody else uses half of the limit with the same key (20 requests per 2 s)',
    simulator: { rate: { limit: 20, windowMs: 2_000, others: 10 } },
    env: { HIVE_RATE_WINDOW_MS: '2000' },
  },
  {
    group: 'Retry-After',
    trouble: 'the limit is a quarter of what was assumed, and falls again while reading',
    simulator: { rate: { limit: 25, windowMs: 2_000 } },
    env: { HIVE_RATE_WINDOW_MS: '2000' },
    during: async ({ request, simulator }) => {
      await request(8);
      simulator.setRate({ limit: 10, windowMs: 2_000 });
    },
  },
  ...lists,
];
