// The promise of the budget, from end to end: two processes at full speed, and the API never has to say 429.
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/db/database.js';
import { openRateBudget } from '../../src/db/rate-budget.js';
import { openClient } from '../../src/hive/client.js';
import { openTestDatabase } from '../support/database.js';
import { log } from '../support/log.js';
import { API_KEY, openTestSimulator } from './client-parts.js';

const WINDOW_MS = 1_000;
const first = await openTestDatabase();

test.each([
  ['rolling', 0],
  ['rolling', [0, 60]],
  ['fixed', [0, 60]],
] as const)('a %s window of 20 requests, latency %j', async (kind, latencyMs) => {
  const sim = await openTestSimulator({ rate: { limit: 20, windowMs: WINDOW_MS, kind }, latencyMs });
  const second = await openDatabase(first.url);
  const account = `load ${kind} ${String(latencyMs)}`;
  let left = 90;
  const parts = [first.db, second.db].map((db) => {
    const budget = openRateBudget(db, { account, limit: 20, windowMs: WINDOW_MS, reserve: 0, log });
    const options = { apiUrl: sim.url, apiKey: API_KEY, timeoutMs: 5_000, budget, userAgent: 'hive-sync/test' };
    return { budget, client: openClient(options) };
  });
  const workers = parts.flatMap(({ client }) =>
    Array.from({ length: 4 }, async () => {
      while (left-- > 0) await client.list('/orders', { page: 1 });
    }),
  );
  const started = performance.now();
  await Promise.all(workers);
  const tookMs = performance.now() - started;
  expect(sim.stats()).toMatchObject({ requests: 90, rateLimited: 0, byStatus: { 200: 90 } });
  expect(sim.stats().maxInAnyWindow).toBeLessThanOrEqual(20);
  // 90 requests are four full windows and a half; twice that would be a wasted budget, also on a busy machine.
  expect(tookMs).toBeLessThan(9 * WINDOW_MS);
  for (const { budget } of parts) await budget.close();
  await second.close();
});
