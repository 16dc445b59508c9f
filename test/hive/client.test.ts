import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import {
  AccountHaltedError,
  HiveBodyError,
  HiveHttpError,
  HiveNetworkError,
  HiveTimeoutError,
  isAbort,
} from '../../src/errors.js';
import type { FaultResponse } from '../../src/simulator/index.js';
import { openTestDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import { API_KEY, errorFrom, everythingIn, openTestClient, openTestSimulator } from './client-parts.js';

const { db } = await openTestDatabase();

test('a page comes with its records, its counts, its address and the time of its request', async () => {
  const sim = await openTestSimulator({ sizes: { orders: 45 } });
  const client = openTestClient(db, sim.url);
  const [before] = await db.execute<{ ms: number }>(
    sql`select extract(epoch from clock_timestamp())::float8 * 1000 as ms`,
  );
  const answer = await client.list('/orders', { 'created_at[lte]': '2026-11-02T00:00:00.000Z', page: 3 });
  expect(answer.body).toMatchObject({ pageCount: 3, itemCount: 45, itemsPerPage: 20 });
  expect(answer.body.records).toEqual(sim.truth('orders').slice(40));
  expect(answer.url).toBe(`${sim.url}/orders?created_at%5Blte%5D=2026-11-02T00%3A00%3A00.000Z&page=3`);
  expect(answer.requestedAt).toBeGreaterThanOrEqual((before?.ms ?? 0) - 1);
  expect(sim.requests).toMatchObject([{ path: '/orders', page: 3, status: 200 }]);
});

test('a record comes as it is', async () => {
  const sim = await openTestSimulator({ sizes: { orders: 1 } });
  const [order] = sim.truth('orders');
  const answer = await openTestClient(db, sim.url).get(`/orders/${order?.id}`);
  expect(answer.body).toEqual(order);
});

test.each([3_600_000, -3_600_000])(
  'a date in Retry-After is read by the clock that wrote it, %i ms from ours',
  async (ms) => {
    const at = (more: number) => new Date(Date.now() + ms + more).toUTCString();
    const headers = { date: at(0), 'retry-after': at(3_000) };
    const sim = await openTestSimulator({ faults: [{ match: {}, respond: { status: 429, headers } }] });
    const error = (await errorFrom(openTestClient(db, sim.url).list('/orders', { page: 1 }))) as HiveHttpError;
    expect(error.retryAfterMs).toBeGreaterThanOrEqual(3_000);
    expect(error.retryAfterMs).toBeLessThan(5_000);
  },
);

test('one call is one request, whatever comes back', async () => {
  const sim = await openTestSimulator({ faults: [{ match: {}, times: null, respond: { status: 503 } }] });
  await errorFrom(openTestClient(db, sim.url).list('/orders', { page: 1 }));
  expect(sim.requests).toHaveLength(1);
});

describe('an answer that is none', () => {
  const http = (status: number, errors: string[], more: object = {}) => ({ status, errors, ...more });
  test.each<[what: string, respond: FaultResponse, kind: new (...args: never) => Error, expected: object]>([
    [
      '422',
      { status: 422, body: { success: false, errors: ["Name can't be blank", 'x'] } },
      HiveHttpError,
      http(422, ["Name can't be blank", 'x'], { bodyExcerpt: undefined }),
    ],
    ['404 without a body', { status: 404, body: '' }, HiveHttpError, http(404, [], { bodyExcerpt: undefined })],
    [
      '400 with something else',
      { status: 400, body: { message: 'no' } },
      HiveHttpError,
      http(400, [], { bodyExcerpt: '{"message":"no"}' }),
    ],
    [
      'a gateway page',
      { html: true },
      HiveHttpError,
      http(502, [], { bodyExcerpt: expect.stringContaining('<html>') }),
    ],
    [
      '503 with Retry-After',
      { status: 503, headers: { 'retry-after': '3.2' } },
      HiveHttpError,
      http(503, ['scripted fault 503'], { retryAfterMs: 3_200 }),
    ],
    ['503 without', { status: 503 }, HiveHttpError, http(503, ['scripted fault 503'], { retryAfterMs: undefined })],
    ['HTML with status 200', { html: true, status: 200 }, HiveBodyError, { status: 200, reason: 'it is not JSON' }],
    ['half of the JSON', { brokenJson: true }, HiveBodyError, { status: 200, reason: 'it is not JSON' }],
    [
      'JSON that is no list',
      { status: 200, body: [] },
      HiveBodyError,
      { reason: expect.stringContaining('not a list') },
    ],
    [
      'a cut before the headers',
      { cut: 'before-headers' },
      HiveNetworkError,
      { code: expect.stringMatching(/ECONNRESET|UND_ERR/) },
    ],
    [
      'a cut in the middle of the body',
      { cut: 'mid-body' },
      HiveNetworkError,
      { code: expect.stringMatching(/ECONNRESET|UND_ERR/) },
    ],
    ['silence', { hang: true }, HiveTimeoutError, { timeoutMs: 500 }],
    ['an answer that is too late', { delayMs: 2_000 }, HiveTimeoutError, { timeoutMs: 500 }],
  ])('%s', async (_what, respond, kind, expected) => {
    const sim = await openTestSimulator({ faults: [{ match: {}, respond }] });
    const client = openTestClient(db, sim.url, { timeoutMs: 500 });
    const error = await errorFrom(client.list('/orders', { page: 1 }));
    expect(error).toBeInstanceOf(kind);
    expect(error).toMatchObject({ ...expected, url: `${sim.url}/orders?page=1` });
    expect(everythingIn(error)).not.toContain(API_KEY);
  });
});

test('the second 401 in a row halts the account before a third request is sent', async () => {
  const sim = await openTestSimulator({ apiKey: 'another key' });
  const client = openTestClient(db, sim.url);
  for (let i = 0; i < 2; i++) {
    expect(await errorFrom(client.list('/orders', { page: 1 }))).toMatchObject({ status: 401 });
  }
  expect(await errorFrom(client.list('/orders', { page: 1 }))).toBeInstanceOf(AccountHaltedError);
  expect(sim.requests).toHaveLength(2);
});

test('a 401 that was a mistake is forgotten with the next answer', async () => {
  const sim = await openTestSimulator({ faults: [{ match: {}, respond: { status: 401 } }] });
  const client = openTestClient(db, sim.url);
  expect(await errorFrom(client.list('/orders', { page: 1 }))).toMatchObject({ status: 401 });
  await client.list('/orders', { page: 1 });
  expect(await client.budget.reserve()).toMatchObject({ suspected: false });
});

test('a 429 holds back the next request of the account for as long as it said', async () => {
  const sim = await openTestSimulator({
    faults: [{ match: {}, respond: { status: 429, headers: { 'retry-after': '0.6' } } }],
  });
  const [client, other] = [
    openTestClient(db, sim.url, { account: 'shared' }),
    openTestClient(db, sim.url, { account: 'shared' }),
  ];
  expect(await errorFrom(client.list('/orders', { page: 1 }))).toMatchObject({ status: 429, retryAfterMs: 600 });
  await other.list('/orders', { page: 1 });
  const [refused, next] = sim.requests;
  expect((next?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThanOrEqual(595);
});

test('a 429 without Retry-After still waits', async () => {
  const sim = await openTestSimulator({ faults: [{ match: {}, respond: { status: 429 } }] });
  const client = openTestClient(db, sim.url);
  expect(await errorFrom(client.list('/orders', { page: 1 }))).toMatchObject({ status: 429, retryAfterMs: 5_000 });
});

test('X-Rate-Limit-Max of an answer is the limit of the next request', async () => {
  const sim = await openTestSimulator({ rate: { limit: 37 } });
  const client = openTestClient(db, sim.url);
  await client.list('/orders', { page: 1 });
  expect(await client.budget.reserve()).toMatchObject({ limit: 37 });
});

describe('an abort', () => {
  test('during the request ends it at once, as an abort', async () => {
    const sim = await openTestSimulator({ faults: [{ match: {}, respond: { hang: true } }] });
    const stopping = new AbortController();
    const outcome = errorFrom(openTestClient(db, sim.url).list('/orders', { page: 1 }, stopping.signal));
    await until('the request has arrived', () => sim.requests.length === 1);
    stopping.abort();
    expect(isAbort(await outcome)).toBe(true);
  });

  test('beforehand sends nothing', async () => {
    const sim = await openTestSimulator();
    const outcome = errorFrom(openTestClient(db, sim.url).get('/orders/1', AbortSignal.abort()));
    expect(isAbort(await outcome)).toBe(true);
    expect(sim.requests).toEqual([]);
  });
});
