// The budget: both kinds of window, both headers, every form of Retry-After.
import { describe, expect, it } from 'vitest';
import type { RateOptions } from '../../src/simulator/index.js';
import { openClock, send, withSimulator } from './support.js';

const statuses = async (url: string, count: number) => {
  const result: number[] = [];
  for (let n = 0; n < count; n++) result.push((await send(url)).status);
  return result;
};

describe('the rate limit', () => {
  it('sends both headers on every answer, errors included', async () => {
    await withSimulator({ rate: { limit: 3 } }, async (sim) => {
      const replies = [
        await send(`${sim.url}/orders`),
        await send(`${sim.url}/nothing`),
        await send(`${sim.url}/orders`, { key: null }),
        await send(`${sim.url}/orders`),
      ];
      expect(replies.map(({ status }) => status)).toEqual([200, 404, 401, 429]);
      expect(replies.map(({ headers }) => headers['x-rate-limit-used'])).toEqual(['1', '2', '3', '3']);
      expect(replies.map(({ headers }) => headers['x-rate-limit-max'])).toEqual(['3', '3', '3', '3']);
      expect(replies[3]?.json).toEqual({ success: false, errors: ['rate limit exceeded'] });
      expect(sim.stats()).toMatchObject({ requests: 4, rateLimited: 1, maxInAnyWindow: 4 });
    });
  });

  it('of the rolling kind frees each slot exactly one window after its use', async () => {
    const { advance, now } = openClock();
    await withSimulator({ now, rate: { limit: 2, windowMs: 1000 } }, async (sim) => {
      const url = `${sim.url}/orders`;
      expect(await statuses(url, 1)).toEqual([200]);
      advance(600);
      expect(await statuses(url, 2)).toEqual([200, 429]);
      advance(399);
      expect(await statuses(url, 1)).toEqual([429]);
      advance(1);
      expect(await statuses(url, 2)).toEqual([200, 429]);
      expect(sim.stats().maxInAnyWindow).toBe(5);
    });
  });

  it('of the fixed kind lets twice the limit pass around the turn of the window', async () => {
    const { advance, now } = openClock();
    await withSimulator({ now, rate: { limit: 2, windowMs: 1000, kind: 'fixed' } }, async (sim) => {
      const url = `${sim.url}/orders`;
      advance(999);
      expect(await statuses(url, 3)).toEqual([200, 200, 429]);
      advance(1);
      expect(await statuses(url, 3)).toEqual([200, 200, 429]);
    });
  });

  it.each<[RateOptions['retryAfter'], string | undefined]>([
    [undefined, '57.7'],
    ['fraction', '57.7'],
    ['integer', '58'],
    ['date', 'Mon, 02 Nov 2026 00:01:00 GMT'],
    ['zero', '0'],
    ['garbage', 'soon'],
    ['none', undefined],
  ])('says %s Retry-After as %s', async (form, expected) => {
    for (const kind of ['rolling', 'fixed'] as const) {
      const { advance, now } = openClock();
      await withSimulator({ now, rate: { limit: 1, kind, ...(form && { retryAfter: form }) } }, async (sim) => {
        await send(`${sim.url}/orders`);
        advance(2345);
        const { headers, status } = await send(`${sim.url}/orders`);
        expect(status).toBe(429);
        expect(headers['retry-after']).toBe(expected);
      });
    }
  });

  it('counts what somebody else uses, and refused requests only when told to', async () => {
    const { advance, now } = openClock();
    const rate = { limit: 5, windowMs: 1000, others: 3, countRejected: true };
    await withSimulator({ now, rate }, async (sim) => {
      const first = await send(`${sim.url}/orders`);
      expect(first.headers['x-rate-limit-used']).toBe('4');
      expect(await statuses(`${sim.url}/orders`, 2)).toEqual([200, 429]);
      advance(999);
      expect(await statuses(`${sim.url}/orders`, 1)).toEqual([429]);
      advance(1);
      // The refused request of 1 ms ago still takes one of the two slots.
      expect(await statuses(`${sim.url}/orders`, 2)).toEqual([200, 429]);
      sim.setRate({ limit: 50, windowMs: 1000 });
      expect((await send(`${sim.url}/orders`)).headers['x-rate-limit-max']).toBe('50');
    });
  });
});
