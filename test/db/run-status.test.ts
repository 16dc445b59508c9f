// Promise: how far a run is said to be is true of what is known, and an honest estimate of what is not.
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { createRun } from '../../src/db/ledger.js';
import { etaMs, progressOf } from '../../src/db/run-progress.js';
import { readRunStatus } from '../../src/db/run-status.js';
import { openTestDatabase } from '../support/database.js';
import fc from '../support/property.js';

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

test('a range of a minute tells nothing of three years, one of a day does', async () => {
  const years = (minutes: number) => [
    { from: new Date(Date.UTC(2026, 10, 1)), to: new Date(Date.UTC(2026, 10, 1, 0, minutes)) },
    { from: new Date(Date.UTC(2023, 10, 1)), to: new Date(Date.UTC(2026, 10, 1)) },
  ];
  const { db } = await openTestDatabase();
  const progressAfter = async (minutes: number) => {
    const ranges = years(minutes).map((range) => ({
      ...{ collection: 'orders', kind: 'range' as const, priority: 3 },
      ...range,
    }));
    const wish = { account: 'a', mode: 'backfill' as const, trigger: 'cli' as const, collections: ['orders'] };
    const run = await createRun(db, wish, ranges);
    await db.execute(sql`
      update sync.windows set page_count = 1, pages_read = 1, state = 'certified'
      where id = (select min(id) from sync.windows where run_id = ${run.id})`);
    await db.execute(sql`update sync.windows set state = 'reading' where run_id = ${run.id} and page_count is null`);
    const [status] = await readRunStatus(db, { runIds: [run.id] });
    return status && progressOf(status);
  };
  expect(await progressAfter(1)).toEqual({ pagesDone: 1, pagesTotal: null });
  expect(await progressAfter(24 * 60 - 1)).toEqual({ pagesDone: 1, pagesTotal: null });
  expect(await progressAfter(24 * 60)).toEqual({ pagesDone: 1, pagesTotal: 1 + 1_096 });
});

test('a short backfill is told by a twentieth of it', async () => {
  const { db } = await openTestDatabase();
  const at = (minute: number) => new Date(Date.UTC(2026, 10, 1, 0, minute));
  const ranges = [at(95), at(0)].map((from, i) => ({
    ...{ collection: 'orders', kind: 'range' as const, priority: 3, from, to: i === 0 ? at(100) : at(95) },
  }));
  const run = await createRun(db, { account: 'a', mode: 'backfill', trigger: 'cli', collections: ['orders'] }, ranges);
  await db.execute(sql`
    update sync.windows set page_count = 2, pages_read = 2, state = 'certified'
    where id = (select min(id) from sync.windows where run_id = ${run.id})`);
  const [status] = await readRunStatus(db, { runIds: [run.id] });
  expect(status && progressOf(status).pagesTotal).toBe(2 + 38);
});

test('whatever the ranges and the counts, there is an answer and it is not negative', async () => {
  const { db } = await openTestDatabase();
  const huge = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 2 ** 31 - 10, max: 2 ** 31 - 1 }));
  const instant = fc.date({ min: new Date('0001-01-02'), max: new Date('9999-12-30'), noInvalidDate: true });
  const states = ['waiting', 'reading', 'certified', 'done', 'uncertified', 'failed', 'split'];
  const window = fc.record({
    from: fc.option(instant),
    to: fc.option(instant),
    state: fc.constantFrom(...states),
    pages: fc.option(huge),
    sums: fc.tuple(huge, huge, huge, huge, huge),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(window, { minLength: 1, maxLength: 6 }), async (windows) => {
      const planned = windows.map(({ from, to }) => ({
        ...{ collection: 'orders', kind: 'range' as const, priority: 3, from, to },
      }));
      const wish = { account: 'a', mode: 'backfill' as const, trigger: 'cli' as const, collections: ['orders'] };
      const run = await createRun(db, wish, planned);
      const ids = await db.execute<{ id: number }>(
        sql`select id from sync.windows where run_id = ${run.id} order by id`,
      );
      for (const [i, { state, pages, sums }] of windows.entries()) {
        const [read, failed, inserted, updated, unchanged] = sums;
        await db.execute(sql`
          update sync.windows set state = ${state}, page_count = ${pages}, pages_read = ${read}, pages_failed = ${failed},
            inserted = ${inserted}, updated = ${updated}, unchanged = ${unchanged} where id = ${ids[i]?.id}`);
      }
      const [status] = await readRunStatus(db, { runIds: [run.id] });
      for (const { pages, pagesDone, records } of status?.windows ?? []) {
        for (const n of [pages ?? 0, pagesDone, records]) {
          expect(Number.isSafeInteger(n) && n >= 0, `${n}`).toBe(true);
        }
      }
      expect(status?.windows).toHaveLength(1);
    }),
    { numRuns: 150 },
  );
});

test('the letters of lists that were read once stay in the account of their run when they have ended', async () => {
  const { db } = await openTestDatabase();
  const run = await createRun(db, { account: 'a', mode: 'full', trigger: 'cli', collections: ['orders'] }, months);
  await db.execute(sql`
    update sync.windows set state = 'uncertified', dead_letters = 3 where id = (
      select min(id) from sync.windows where run_id = ${run.id})`);
  const [status] = await readRunStatus(db, { runIds: [run.id] });
  expect(status?.windows[0]?.deadLetters).toBe(3);
});

describe('the time that is left', () => {
  const nobody = { mode: 'full', state: 'running', reason: null, startedAt: new Date(), finishedAt: null };
  const sums = { inserted: 0, updated: 0, unchanged: 0, deadLetters: 0, records: 0, pagesInAll: null };
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
