// The simulator from another process, and what it remembers of its own life.
import { describe, expect, it } from 'vitest';
import { openSimulator, type RateOptions, SimulatorOptionError } from '../../src/simulator/index.js';
import { getPage, noRecords, send, withSimulator } from './support.js';

const tell = (url: string, body: unknown) => send(url, { method: 'POST', body, key: null });

describe('a control endpoint', () => {
  it('streams the whole truth without a key, and without a trace in budget and log', async () => {
    await withSimulator({ sizes: { ...noRecords, skus: 5, orders: 3000 }, rate: { limit: 1 } }, async (sim) => {
      const reply = await send(`${sim.origin}/__truth/orders`, { key: null });
      expect(reply.json).toEqual(sim.truth('orders'));
      expect((await send(`${sim.origin}/__truth/returns`)).json).toEqual([]);
      expect((await send(`${sim.origin}/__truth/nothing`)).status).toBe(404);
      expect(sim.requests).toEqual([]);
      expect((await send(`${sim.url}/orders`)).headers['x-rate-limit-used']).toBe('1');
    });
  });

  it('adds faults and drift, applies changes and revokes the key', async () => {
    await withSimulator({}, async (sim) => {
      await tell(`${sim.origin}/__faults`, { match: { path: '/skus' }, times: null, respond: { status: 503 } });
      await tell(`${sim.origin}/__drift`, { before: {}, do: [{ kind: 'insert', collection: 'orders' }] });
      const made = await tell(`${sim.origin}/__apply`, { kind: 'delete', collection: 'orders', position: 5 });
      expect(made.json).toHaveProperty('merchant_order_id');
      expect((await send(`${sim.url}/skus`)).status).toBe(503);
      expect((await send(`${sim.url}/skus`)).status).toBe(503);
      expect((await getPage(sim, '/orders')).pagination.item_count).toBe(800);
      await tell(`${sim.origin}/__key`, { valid: false });
      expect((await send(`${sim.url}/orders`)).status).toBe(401);
      await tell(`${sim.origin}/__key`, { valid: true });
      expect((await send(`${sim.url}/orders`)).status).toBe(200);
    });
  });

  it('tells what was asked, and forgets it when told to', async () => {
    await withSimulator({}, async (sim) => {
      await send(`${sim.url}/orders?page=3&created_at[lte]=2026-01-01T00:00:00Z`);
      await send(`${sim.url}/skus/1`);
      const { json } = await send(`${sim.origin}/__requests`);
      expect(json).toMatchObject([
        { n: 1, method: 'GET', path: '/orders', collection: 'orders', page: 3, status: 200, used: 1 },
        { n: 2, path: '/skus/1', query: '', collection: 'skus', status: 404, used: 2 },
      ]);
      expect((await send(`${sim.origin}/__stats`)).json).toMatchObject({ requests: 2, byStatus: { 200: 1, 404: 1 } });
      await tell(`${sim.origin}/__reset-requests`, {});
      expect(sim.stats()).toMatchObject({ requests: 0, byStatus: {}, maxInAnyWindow: 0 });
      await send(`${sim.url}/skus`);
      expect(sim.requests.map(({ n }) => n)).toEqual([1]);
    });
  });

  it.each([
    ['__apply', { kind: 'delete', collection: 'orders', id: 1 }],
    ['__apply', { kind: 'explode' }],
    ['__apply', { kind: 'insert', collection: 'nothing' }],
    ['__faults', { match: {} }],
    ['__faults', 'not json'],
    ['__drift', { before: {} }],
    ['__rate', { limit: 0 }],
  ])('%s refuses %j with 400', async (path, body) => {
    await withSimulator({}, async (sim) => {
      expect((await tell(`${sim.origin}/${path}`, body)).status).toBe(400);
    });
  });
});

describe('a simulator', () => {
  it('remembers only the last requests', async () => {
    await withSimulator({ requestLogSize: 5 }, async (sim) => {
      for (let n = 0; n < 40; n++) await send(`${sim.url}/orders?page=${n + 1}`);
      expect(sim.requests.length).toBeLessThan(20);
      expect(sim.requests.at(-1)?.n).toBe(40);
      expect(sim.stats().requests).toBe(40);
    });
  });

  it('answers no sooner than its latency', async () => {
    await withSimulator({ latencyMs: [40, 60] }, async (sim) => {
      const before = performance.now();
      await send(`${sim.url}/warehouses`);
      expect(performance.now() - before).toBeGreaterThan(38);
    });
  });

  it.each([
    { sizes: { orders: -1 } },
    { sizes: { nothing: 1 } },
    { port: 70_000 },
    { itemsPerPage: 0 },
    { endAt: 'soon' },
    { latencyMs: [5, 1] as const },
    { rate: { limit: 0 } satisfies RateOptions },
    { faults: [{ match: {}, respond: {} }] },
  ])('refuses the options %j with a sentence', async (options) => {
    await expect(openSimulator(options as object)).rejects.toThrow(SimulatorOptionError);
  });

  it('leaves its port when closed, and refuses a port that is taken', async () => {
    const first = await openSimulator();
    await expect(openSimulator({ port: first.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await first.close();
    const second = await openSimulator({ port: first.port });
    await second.close();
  });
});
