// Where the API's documentation leaves it open, an answer may be odd: each way over the wire.
import { expect, test } from 'vitest';
import { type ApiRecord, parseInstant } from '../../src/simulator/index.js';
import { type Page, send, withSimulator } from './support.js';

const small = { sizes: { orders: 7, shipments: 3 }, itemsPerPage: 3, backdatedShare: 0 };
const paginationOf = (json: unknown) => (json as Page).pagination as unknown as Record<string, unknown>;

test('a fault changes single numbers of the pagination, or takes one away, and leaves the records', async () => {
  await withSimulator(small, async (sim) => {
    const right = await send(`${sim.url}/orders`);
    sim.addFault({
      match: { path: '/orders' },
      respond: { patchPagination: { page_count: '3000' }, without: ['item_count'] },
    });
    const odd = await send(`${sim.url}/orders`);
    expect((odd.json as Page).data).toEqual((right.json as Page).data);
    expect(paginationOf(odd.json)).toEqual({ current_page: 1, page_count: '3000', items_per_page: 3 });
    expect(paginationOf((await send(`${sim.url}/orders`)).json).page_count).toBe(3);
  });
});

test('a page past the end is empty, a 404, or the last one again', async () => {
  const ask = async (pastEnd: 'empty' | 'not-found' | 'last-page') => {
    let reply: Awaited<ReturnType<typeof send>> | undefined;
    await withSimulator({ ...small, pastEnd }, async (sim) => {
      reply = await send(`${sim.url}/orders?page=4`);
    });
    return { status: reply?.status, data: (reply?.json as Page | undefined)?.data, of: paginationOf(reply?.json) };
  };
  expect(await ask('empty')).toMatchObject({ status: 200, data: [], of: { current_page: 4, page_count: 3 } });
  expect((await ask('not-found')).status).toBe(404);
  const last = await ask('last-page');
  expect(last).toMatchObject({ status: 200, of: { current_page: 3, page_count: 3 } });
  expect(last.data?.length).toBe(1);
});

test('filters can be ignored', async () => {
  await withSimulator({ ...small, ignoresFilters: true }, async (sim) => {
    const reply = await send(`${sim.url}/orders?created_at[lte]=2000-01-01T00:00:00Z`);
    expect(paginationOf(reply.json).item_count).toBe(7);
  });
});

test("the API's clock can be ahead: in what it stamps and in the header Date, not in the history", async () => {
  const now = Date.UTC(2027, 0, 1);
  await withSimulator({ ...small, now: () => now, clockAheadMs: 300_000, keepsVersions: true }, async (sim) => {
    const made = sim.apply({ kind: 'insert', collection: 'orders' }) as ApiRecord;
    expect(parseInstant(String(made.created_at))).toBe(now + 300_000);
    expect(sim.history.at(-1)?.at).toBe(now);
    expect((await send(`${sim.url}/orders`)).headers.date).toBe(new Date(now + 300_000).toUTCString());
  });
});

test('whoever watches is told of a request before its answer is made, and holds it back', async () => {
  const told: string[] = [];
  const options = {
    ...small,
    onRequest: ({ n, path }: { n: number; path: string }) => {
      told.push(`${n} ${path}`);
    },
    onAnswer: (_: unknown, { status }: { status: number }) => {
      told.push(`${status}`);
    },
  };
  await withSimulator(options, async (sim) => {
    sim.addFault({ match: { path: '/skus' }, respond: { status: 503 } });
    await send(`${sim.url}/orders`);
    await send(`${sim.url}/skus`);
    expect(told).toEqual(['1 /orders', '200', '2 /skus', '503']);
  });
});
