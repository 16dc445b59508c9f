// Lists: pages cover the collection exactly, and filters are exact to the millisecond.
import { describe, expect, it } from 'vitest';
import { collectionNames } from '../../src/simulator/index.js';
import { getPage, noRecords, send, walk, withSimulator } from './support.js';

describe('a list', () => {
  it.each([0, 1, 20, 21, 400])('of %i orders is covered exactly by its pages', async (size) => {
    await withSimulator({ sizes: { ...noRecords, skus: 10, orders: size } }, async (sim) => {
      expect(await walk(sim, '/orders')).toEqual(sim.truth('orders'));
      const { pagination } = await getPage(sim, '/orders');
      const pageCount = size === 0 ? 1 : Math.ceil(size / 20);
      expect(pagination).toEqual({ current_page: 1, item_count: size, page_count: pageCount, items_per_page: 20 });
    });
  });

  it('is paged for all six collections, and each record can be fetched alone', async () => {
    await withSimulator({ itemsPerPage: 7 }, async (sim) => {
      for (const name of collectionNames) {
        const truth = sim.truth(name);
        expect(await walk(sim, `/${name}`)).toEqual(truth);
        for (const record of truth.slice(0, 30))
          expect((await send(`${sim.url}/${name}/${record.id}`)).json).toEqual(record);
      }
    });
  });

  it('ends with empty pages, and can say that an empty collection has no page', async () => {
    await withSimulator({ sizes: { orders: 21, returns: 0 }, emptyPageCount: 0 }, async (sim) => {
      const past = await getPage(sim, '/orders?page=99');
      const pagination = { current_page: 99, item_count: 21, page_count: 2, items_per_page: 20 };
      expect(past).toEqual({ data: [], pagination });
      expect((await getPage(sim, '/returns')).pagination.page_count).toBe(0);
    });
  });

  it.each(['0', '-1', 'x', '1.5', ''])('refuses page %j with 400', async (page) => {
    await withSimulator({}, async (sim) => {
      const reply = await send(`${sim.url}/orders?page=${page}`);
      expect(reply.status).toBe(400);
      expect(reply.json).toEqual({ success: false, errors: ['page must be a positive integer'] });
    });
  });

  it('of a million orders serves its last page and any single order', async () => {
    await withSimulator({ sizes: { orders: 1_000_000, shipments: 1_050_000 } }, async (sim) => {
      const last = await getPage(sim, '/orders?page=50000');
      expect(last.data).toHaveLength(20);
      expect(last.pagination).toMatchObject({ item_count: 1_000_000, page_count: 50_000 });
      expect((await getPage(sim, '/orders?page=50001')).data).toEqual([]);
      const [oldest] = last.data.slice(-1);
      expect(oldest?.created_at).toBe('2024-11-01T13:00:00.000+01:00');
      expect((await send(`${sim.url}/orders/${oldest?.id}`)).json).toEqual(oldest);
      const lte = await getPage(sim, '/orders?created_at[lte]=2024-11-01T12:00:00.000Z');
      expect(lte.data.map(({ id }) => id)).toContain(oldest?.id);
      expect((await getPage(sim, '/shipments?page=52500')).data).toHaveLength(20);
    });
  });
});

describe('a created_at filter', () => {
  const meets: Record<string, (ms: number, bound: number) => boolean> = {
    lt: (ms, bound) => ms < bound,
    lte: (ms, bound) => ms <= bound,
    gt: (ms, bound) => ms > bound,
    gte: (ms, bound) => ms >= bound,
  };

  it.each(Object.keys(meets))('[%s] is exact to the millisecond, ties included', async (operator) => {
    await withSimulator({ sizes: { orders: 200 }, ties: { share: 0.3, run: 3 } }, async (sim) => {
      for (let n = 0; n < 20; n++) sim.apply({ kind: 'insertBackdated', collection: 'orders', position: n * 9 });
      for (let n = 0; n < 20; n++) sim.apply({ kind: 'delete', collection: 'orders', position: n * 7 });
      const truth = sim.truth('orders');
      for (let n = 0; n < truth.length; n += 11) {
        const at = Date.parse(String(truth[n]?.created_at));
        for (const bound of [at - 1, at, at + 1]) {
          const expected = truth.filter(({ created_at }) => meets[operator]?.(Date.parse(String(created_at)), bound));
          const query = `created_at[${operator}]=${new Date(bound).toISOString()}`;
          const { data, pagination } = await getPage(sim, `/orders?${query}`);
          expect(pagination.item_count).toBe(expected.length);
          expect(data).toEqual(expected.slice(0, 20));
        }
      }
    });
  });

  it('can be a range, with an encoded offset, on SKUs too', async () => {
    await withSimulator({}, async (sim) => {
      const truth = sim.truth('skus');
      const [newer, older] = [truth[10]?.created_at, truth[40]?.created_at];
      const query = new URLSearchParams({ 'created_at[lte]': String(newer), 'created_at[gt]': String(older) });
      expect(await walk(sim, `/skus?${query}`)).toEqual(truth.slice(10, 40));
      const nothing = new URLSearchParams({ 'created_at[lt]': String(older), 'created_at[gt]': String(newer) });
      expect((await getPage(sim, `/skus?${nothing}`)).pagination.item_count).toBe(0);
    });
  });

  it.each([
    'created_at[lte]=soon',
    'created_at[lte]=2026-01-01T00:00:00.000+01:00',
    'created_at[before]=2026-01-01T00:00:00Z',
  ])('is refused with 400 when it is malformed, as in %s', async (query) => {
    await withSimulator({}, async (sim) => {
      const reply = await send(`${sim.url}/orders?${query}`);
      expect(reply.status).toBe(400);
      expect(reply.json).toMatchObject({ success: false });
    });
  });

  it('is ignored by the collections that have no filters', async () => {
    await withSimulator({}, async (sim) => {
      const { pagination } = await getPage(sim, '/shipments?created_at[lte]=nonsense&colour=red');
      expect(pagination.item_count).toBe(850);
    });
  });

  it('by merchant_sku_ids[] returns just those SKUs', async () => {
    await withSimulator({}, async (sim) => {
      const chosen = sim.truth('skus').slice(5, 8);
      const query = new URLSearchParams({ 'merchant_sku_ids[]': 'unknown' });
      for (const sku of chosen) query.append('merchant_sku_ids[]', String(sku.merchant_sku_id));
      expect((await getPage(sim, `/skus?${query}`)).data).toEqual(chosen);
    });
  });
});
