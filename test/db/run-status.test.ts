// Promise: how far a run is said to be is true of what is known, and an honest estimate of what is not.
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { createRun } from '../../src/db/ledger.js';
import { etaMs, progressOf } from '../../src/db/run-progress.js';
import { readRunStatus } from '../../src/db/status.js';
import { openTestDatabase } from '../support/database.js';

const months = [1, 2, 3, 4].map((month) => ({
  collection: 'orders',
  kind: 'range' as const,
  from: new Date(Date.UTC(2026, month, 1)),
  to: new Date(Date.UTC(2026, month, 31)),
  priority: 3,
}));

async function progressOfBackfill(...known: { month: number; pages: number; read: number; state: string }[]) {
  const { db, close } = await openTestDatabase();
  const run = await createRun(db, { account: 'a', mode: 'backfill', trigger: 'cli', collections: ['orders'] }, months);
  for (const { month, pages, read, state } of known) {
    await db.execute(sql`
      update sync.windows set page_count = ${pages}, pages_read = ${read}, state = ${state}
      where run_id = ${run.id} and from_at = ${months[month]?.from.toISOString()}`);
  }
  const [status] = await readRunStatus(db, { runIds: [run.id] });
  await close();
  return status && progressOf(status);
}

test('ranges that nobody has asked about are taken to hold as much for their time as the others', async () => {
  const reading = { month: 3, pages: 90, read: 60, state: 'reading' };
  expect(await progressOfBackfill(reading)).toEqual({ pagesDone: 60, pagesTotal: 4 * 90 });
  const empty = { month: 2, pages: 0, read: 1, state: 'certified' };
  expect(await progressOfBackfill(reading, empty)).toEqual({ pagesDone: 61, pagesTotal: 90 + 90 });
});

test('once all have been asked about, it is exact', async () => {
  const all = months.map((_, month) => ({ month, pages: 10 * (month + 1), read: 10, state: 'reading' }));
  expect(await progressOfBackfill(...all)).toEqual({ pagesDone: 40, pagesTotal: 100 });
});

describe('the time that is left', () => {
  const nobody = { mode: 'full', state: 'running', reason: null, startedAt: new Date(), finishedAt: null };
  const sums = { inserted: 0, updated: 0, unchanged: 0, deadLetters: 0, records: 0 };
  const run = (pages: number | null, pagesDone = 0, lookups = 0) => ({
    ...nobody,
    windows: [{ collection: 'orders', state: 'reading', reason: null, pages, pagesDone, ...sums }],
    lookups: { total: lookups, done: 0, failed: 0 },
  });
  const free = { limit: 100, used: 0, nextFreeMs: 0 };
  const full = { limit: 100, used: 100, nextFreeMs: 17_000 };

  test.each([
    ['is not known before the pages are', etaMs(run(null), free, 60_000), null],
    ['goes by the pace while there are slots', etaMs(run(60, 20), free, 60_000, { done: 20, ms: 2_000 }), 4_000],
    ['goes by the limit where nobody saw the pace', etaMs(run(60, 20), free, 60_000), 24_000],
    ['is not known before something was done', etaMs(run(60), free, 60_000, { done: 0, ms: 500 }), null],
    ['waits for the next free slot', etaMs(run(13), full, 60_000), 17_000 + 12 * 600],
    ['counts single records too', etaMs(run(10, 0, 3), full, 60_000), 17_000 + 12 * 600],
    ['counts windows for what is far off', etaMs(run(1_100), free, 60_000), 999 * 600],
    ['is nothing at the end', etaMs(run(5, 5), full, 60_000), 0],
  ])('%s', (_, told, expected) => expect(told).toBe(expected));
});
