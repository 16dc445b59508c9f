import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { readHeadMark } from '../../src/db/head-marks.js';
import { closeRun, closeWindow, readClock, readRun, runningRuns, startNextPass } from '../../src/db/ledger.js';
import { countSeen, missingPages } from '../../src/db/ledger-pages.js';
import { openTestDatabase } from '../support/database.js';
import { ledgerOf } from './ledger-parts.js';

const database = await openTestDatabase();
const { db } = database;
const { newRun, newWindow, enter, again } = ledgerOf(database);

describe('another pass', () => {
  test('over some pages keeps what was seen; over all of them starts the proof anew', async () => {
    const window = await newWindow();
    await enter(window, 1, { ids: [1, 2] });
    const second = await startNextPass(db, await again(window), [5, 2]);
    expect(second).toMatchObject({ pass: 2, base_pass: 1, pages_again: [5, 2], pages_read: 0, page_count: 3 });
    if (second === undefined) return;
    expect(await missingPages(db, second, { order: 'ascending', last: 5, limit: 9 })).toEqual([2, 5]);
    await enter(second, 2, { ids: [3] });
    expect(await countSeen(db, second)).toMatchObject({ distinctIds: 3 });
    const third = await startNextPass(db, await again(second), null);
    expect(third).toMatchObject({ pass: 3, base_pass: 3, pages_again: null, page_count: null, moved: false });
    expect(third && (await countSeen(db, third))).toMatchObject({ distinctIds: 0 });
  });

  test('is started by one only, and a page of the pass before comes too late', async () => {
    const window = await newWindow();
    await enter(window, 1);
    const reading = await again(window);
    const started = await Promise.all([1, 2, 3].map(() => startNextPass(db, reading, null)));
    expect(started.filter((one) => one !== undefined)).toHaveLength(1);
    expect(await enter(reading, 2)).toBeUndefined();
    expect(await again(window)).toMatchObject({ pass: 2, pages_read: 0 });
  });
});

test('a window and a run are closed by one only, and stay closed', async () => {
  const { run, windows, account } = await newRun();
  const [window] = windows;
  if (window === undefined) return;
  const closed = (state: 'certified' | 'failed') => closeWindow(db, window, { state, reason: null, distinctIds: 45 });
  expect((await Promise.all([closed('certified'), closed('certified')])).sort()).toEqual([false, true]);
  expect(await closed('failed')).toBe(false);
  expect(await startNextPass(db, await again(window), null)).toBeUndefined();
  expect((await runningRuns(db, account)).map(({ id }) => id)).toEqual([run.id]);
  const ended = async (state: 'complete' | 'failed') =>
    (await closeRun(db, run.id, { state, reason: null })) !== undefined;
  expect((await Promise.all([ended('complete'), ended('complete')])).sort()).toEqual([false, true]);
  expect(await ended('failed')).toBe(false);
  expect(await readRun(db, run.id)).toMatchObject({ state: 'complete', finished_at: expect.any(Date) });
  expect(await runningRuns(db, account)).toEqual([]);
});

test('the clock is that of PostgreSQL, in whole milliseconds', async () => {
  const [before] = await db.execute<{ ms: number }>(
    sql`select extract(epoch from clock_timestamp())::float8 * 1000 as ms`,
  );
  const clock = (await readClock(db)).getTime();
  expect(Number.isInteger(clock)).toBe(true);
  expect(clock - (before?.ms ?? 0)).toBeGreaterThan(-1);
});

test('a head reaches down to the end of the newest certified window, and there is none before', async () => {
  const { windows, account } = await newRun([{ to: new Date('2026-11-01T12:00:00.500Z') }, { collection: 'skus' }]);
  expect(await readHeadMark(db, account, 'orders')).toBeUndefined();
  for (const window of windows.slice(0, 1)) {
    await closeWindow(db, window, { state: 'certified', reason: null, distinctIds: 0 });
  }
  expect(await readHeadMark(db, account, 'orders')).toEqual(new Date('2026-11-01T12:00:00.500Z'));
  expect(await readHeadMark(db, account, 'skus')).toBeUndefined();
  expect(await readHeadMark(db, 'somebody else', 'orders')).toBeUndefined();
});
