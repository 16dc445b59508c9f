// Scripted faults, each over the wire.
import { describe, expect, it } from 'vitest';
import type { FaultResponse, FaultRule } from '../../src/simulator/index.js';
import { getPage, type Page, send, withSimulator } from './support.js';

const onOrders = (respond: FaultResponse, rest: Partial<FaultRule> = {}): { faults: FaultRule[] } => ({
  faults: [{ match: { path: '/orders' }, respond, ...rest }],
});

describe('a fault', () => {
  it('can be a status, with headers and a body of its own, and happens once', async () => {
    const respond = { status: 503, headers: { 'retry-after': '7' }, body: { errors: ['maintenance'] } };
    await withSimulator(onOrders(respond), async (sim) => {
      const reply = await send(`${sim.url}/orders`);
      expect(reply).toMatchObject({ status: 503, json: { errors: ['maintenance'] } });
      expect(reply.headers['retry-after']).toBe('7');
      expect(reply.headers['x-rate-limit-used']).toBe('1');
      expect((await send(`${sim.url}/orders`)).status).toBe(200);
    });
  });

  it('has the usual errors without a body, and sends a string as it is', async () => {
    await withSimulator(onOrders({ status: 500 }), async (sim) => {
      sim.addFault({ match: { path: '/skus' }, respond: { status: 500, body: '' } });
      expect((await send(`${sim.url}/orders`)).json).toEqual({ success: false, errors: ['scripted fault 500'] });
      expect(await send(`${sim.url}/skus`)).toMatchObject({ status: 500, text: '' });
    });
  });

  it('can nest a field of a record to any depth, or make it as long as one likes', async () => {
    const patchRecords = [
      { index: 1, field: 'tags', levels: 50_000 },
      { index: 2, field: 'tags', levels: 2 },
      { index: 2, field: 'note', length: 1_000_000 },
    ];
    await withSimulator(onOrders({ patchRecords }), async (sim) => {
      const { text } = await send(`${sim.url}/orders`);
      expect(text).toContain('['.repeat(50_000) + ']'.repeat(50_000));
      const [, , third] = (JSON.parse(text) as Page).data;
      expect(third).toMatchObject({ id: expect.any(Number), tags: [[]], note: 'x'.repeat(1_000_000) });
    });
  });

  it('can be a gateway page, broken JSON or a late answer', async () => {
    await withSimulator({ ...onOrders({ html: true, status: 502 }) }, async (sim) => {
      sim.addFault({ match: { path: '/orders' }, respond: { brokenJson: true } });
      sim.addFault({ match: { path: '/orders' }, respond: { delayMs: 60 } });
      const page = await send(`${sim.url}/orders`);
      expect(page.status).toBe(502);
      expect(page.headers['content-type']).toBe('text/html');
      expect(page.text).toContain('<html>');
      const broken = await send(`${sim.url}/orders`);
      expect(broken).toMatchObject({ status: 200, json: undefined });
      expect(broken.text.length).toBeGreaterThan(100);
      const before = performance.now();
      expect((await send(`${sim.url}/orders`)).status).toBe(200);
      expect(performance.now() - before).toBeGreaterThan(55);
    });
  });

  it.each(['before-headers', 'mid-body'] as const)('can cut the connection %s', async (cut) => {
    await withSimulator(onOrders({ cut }), async (sim) => {
      await expect(send(`${sim.url}/orders`)).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect(sim.requests.map(({ status }) => status)).toEqual([0]);
      expect((await send(`${sim.url}/orders`)).status).toBe(200);
    });
  });

  it('can leave a request unanswered until the simulator is closed', async () => {
    let hanging: Promise<unknown> = Promise.resolve();
    await withSimulator(onOrders({ hang: true }), async (sim) => {
      hanging = expect(send(`${sim.url}/orders`)).rejects.toThrow();
      expect((await send(`${sim.url}/skus`)).status).toBe(200);
    });
    await hanging;
  });

  it('can spoil records of a page, and leaves the truth as it is', async () => {
    const patchRecords = [
      { index: 0, value: 'not a record' },
      { index: 2, merge: { status: 42, surprise: [1] } },
    ];
    await withSimulator(onOrders({ patchRecords }), async (sim) => {
      const { data } = (await send(`${sim.url}/orders`)).json as Page;
      const truth = sim.truth('orders');
      expect(data[0]).toBe('not a record');
      expect(data[1]).toEqual(truth[1]);
      expect(data[2]).toEqual({ ...truth[2], status: 42, surprise: [1] });
      expect((await getPage(sim, '/orders')).data).toEqual(truth.slice(0, 20));
    });
  });

  it('happens on the chosen pages, from the nth request on, as often as told', async () => {
    const match = { path: '/orders', page: [2, 3], nth: 2 };
    await withSimulator({ faults: [{ match, times: 2, respond: { status: 500 } }] }, async (sim) => {
      const result: number[] = [];
      for (const page of [1, 2, 3, 4, 2, 3]) result.push((await send(`${sim.url}/orders?page=${page}`)).status);
      expect(result).toEqual([200, 200, 500, 200, 500, 200]);
    });
  });

  it('can be chosen by method, by any path below, by request number, and be cleared', async () => {
    const faults: FaultRule[] = [
      { match: { method: 'delete' }, respond: { status: 500 } },
      { match: { path: '/orders/*' }, respond: { status: 501 } },
      { match: { requestNumber: 4 }, times: Number.POSITIVE_INFINITY, respond: { status: 502 } },
    ];
    await withSimulator({ faults }, async (sim) => {
      expect((await send(`${sim.url}/orders`)).status).toBe(200);
      expect((await send(`${sim.url}/orders/1`)).status).toBe(501);
      expect((await send(`${sim.url}/skus/9`, { method: 'DELETE' })).status).toBe(500);
      expect((await send(`${sim.url}/skus`)).status).toBe(502);
      expect((await send(`${sim.url}/skus`)).status).toBe(502);
      sim.clearFaults();
      expect((await send(`${sim.url}/skus`)).status).toBe(200);
    });
  });

  it('costs a request of the rate, unless it is free', async () => {
    const fault = { match: {}, respond: { status: 500 } };
    await withSimulator({ rate: { limit: 1 }, faults: [{ ...fault, free: true }, fault] }, async (sim) => {
      const result: number[] = [];
      for (let n = 0; n < 3; n++) result.push((await send(`${sim.url}/orders`)).status);
      expect(result).toEqual([500, 500, 429]);
    });
  });

  it('keeps a write from happening, except when only the answer is lost', async () => {
    await withSimulator({}, async (sim) => {
      const body = { name: 'Lost', merchant_sku_id: 'LOST-1' };
      sim.addFault({ match: { method: 'POST' }, respond: { status: 500 } });
      await send(`${sim.url}/skus`, { method: 'POST', body });
      expect(sim.count('skus')).toBe(60);
      sim.addFault({ match: { method: 'POST' }, respond: { cut: 'before-headers' } });
      await expect(send(`${sim.url}/skus`, { method: 'POST', body })).rejects.toThrow();
      expect(sim.count('skus')).toBe(61);
    });
  });
});
