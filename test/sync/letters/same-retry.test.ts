// Promise: however often a dead letter is tried again before the answer is there, it is asked for once.
import { expect, test } from 'vitest';
import { collections } from '../../../src/collections/index.js';
import { listDeadLetters } from '../../../src/db/dead-letters.js';
import { openSimulator } from '../../../src/simulator/index.js';
import { planLetters } from '../../../src/sync/letters/retry-letters.js';
import { startRetry } from '../../../src/sync/letters/start-retry.js';
import { fullSync, openTestApp, workOff } from '../../support/app.js';
import { createDatabase } from '../../support/database.js';

test('tries of one letter at once and one after the other are one run; of another one, and later, they are not', async () => {
  const simulator = await openSimulator({ sizes: { orders: 60 }, rate: 'unlimited' });
  const app = await openTestApp(simulator, await createDatabase(), { SYNC_PAGE_ATTEMPTS: '1' });
  const { db } = app.app.store;
  simulator.addFault({ match: { path: '/orders', page: [2, 3] }, times: null, respond: { status: 500 } });
  simulator.addFault({
    match: { path: '/orders', page: 1 },
    times: null,
    respond: { patchRecords: [{ index: 0, merge: { items: 'none' } }] },
  });
  await fullSync(app, ['orders']);
  const letters = await listDeadLetters(db, { limit: null });
  expect(letters.length).toBe(3);
  const retry = async (chosen: typeof letters) =>
    (await startRetry(app.account.context, await planLetters(db, collections, ['default'], chosen), 'api'))?.id;
  for (const letter of letters) {
    const runs = await Promise.all(Array.from({ length: 8 }, () => retry([letter])));
    expect(new Set([...runs, await retry([letter])]).size).toBe(1);
  }
  const all = await retry(letters);
  expect(await retry(letters)).toBe(all);
  // What is asked for in that one, too, is not asked for by itself once more.
  expect(await retry(letters.slice(0, 1))).toBe(all);
  simulator.clearFaults();
  const { run } = await workOff(app, all ?? 0);
  expect(run.state).toBe('complete');
  expect(await listDeadLetters(db, {})).toEqual([]);
  await app.close();
  await simulator.close();
});
