import { expect, test } from 'vitest';
import { openDatabase } from '../../src/db/database.js';
import { addWindows, runningRuns } from '../../src/db/ledger.js';
import { countSeen, enterPage, missingPages, readsOfPass, readWindowForPage } from '../../src/db/ledger-pages.js';
import { openTestDatabase } from '../support/database.js';
import { entry, ledgerOf, PAUSE_MS } from './ledger-parts.js';

const database = await openTestDatabase();
const { db, url } = database;
const { newRun, newWindow, enter, again } = ledgerOf(database);

test('a run is filed with its windows, or not at all', async () => {
  const from = new Date('2026-01-01T00:00:00.001Z');
  const { run, windows, account } = await newRun([
    { collection: 'skus', from },
    { collection: 'orders', pages: [4, 2] },
  ]);
  expect(run).toMatchObject({ account, state: 'running', collections: ['skus', 'orders'], finished_at: null });
  expect(windows).toMatchObject([
    { collection: 'skus', state: 'waiting', from_at: from, to_at: null, pass: 1, pages_again: null },
    { collection: 'orders', state: 'waiting', pages_again: [4, 2] },
  ]);
  await addWindows(db, run, []);
  await expect(newRun([{}, { collection: 'x\u0000' }], 'half')).rejects.toThrow();
  expect(await runningRuns(db, 'half')).toEqual([]);
});

test('a page is entered once, however often it is tried', async () => {
  const window = await newWindow();
  expect((await enter(window, 1))?.pageCountBefore).toBeNull();
  expect(await enter(window, 1)).toBeUndefined();
  expect(await again(window)).toMatchObject({ pages_read: 1 });
  expect(await readWindowForPage(db, { windowId: window.id, pass: 1, page: 1 })).toMatchObject({ done: true });
  expect(await readWindowForPage(db, { windowId: window.id, pass: 1, page: 2 })).toMatchObject({ done: false });
  expect(await readWindowForPage(db, { windowId: 0, pass: 1, page: 2 })).toBeUndefined();
});

test('all pages are entered with the same statements, so that a session prepares them once', async () => {
  const single = await openDatabase(url, { connections: 1 });
  const own = ledgerOf(single);
  const window = await own.newWindow();
  const enterPages = async (from: number, to: number) => {
    for (let page = from; page <= to; page++) {
      await own.enter(window, page, page % 3 === 0 ? { state: 'failed' } : page % 3 === 1 ? { state: 'beyond' } : {});
    }
    return (await single.db.execute('select from pg_prepared_statements')).length;
  };
  const before = await enterPages(1, 6);
  expect(await enterPages(7, 30)).toBe(before);
  await single.close();
});

test('a page adds to its window', async () => {
  const window = await newWindow();
  const sums = { inserted: 3, updated: 2, unchanged: 1, deadLetters: 1 };
  await enterPage(db, entry(window, 1, { without_id: 1 }), sums, PAUSE_MS);
  const entered = await enterPage(
    db,
    entry(window, 2, { page_count: 4, item_count: 46, items_per_page: null }),
    sums,
    PAUSE_MS,
  );
  await enter(window, 3, { state: 'failed', page_count: null, item_count: null });
  expect(entered?.pageCountBefore).toBe(3);
  expect(await again(window)).toMatchObject({
    ...{ state: 'reading', page_count: 4, items_per_page: 20, pages_read: 2, pages_failed: 1, without_id: 1 },
    ...{ first_item_count: 45, last_item_count: 46, moved: true },
    ...{ inserted: 6, updated: 4, unchanged: 2, dead_letters: 2, started_at: expect.any(Date) },
  });
});

test.each<[what: string, counts: (number | null)[], moved: boolean]>([
  ['that stays', [45, 45, 45], false],
  ['that moves', [45, 44, 44], true],
  ['that moves back', [45, 44, 45], true],
  ['that is missing once', [45, null, 45], true],
  ['that is never there', [null, null, null], false],
  ['that comes late', [null, 45, 45], true],
])('a count %s: %j', async (_what, counts, moved) => {
  const window = await newWindow();
  for (const [i, item_count] of counts.entries()) await enter(window, i + 1, { item_count });
  expect(await again(window)).toMatchObject({
    moved,
    last_item_count: counts.findLast((count) => count !== null) ?? null,
  });
});

test('pages that are entered at the same time all count', async () => {
  const other = await openDatabase(url, { connections: 8 });
  const window = await newWindow();
  const sums = { inserted: 1, updated: 2, unchanged: 3, deadLetters: 4 };
  const count = 60;
  const entered = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      [db, other.db][i % 2]?.transaction((tx) =>
        enterPage(tx, entry(window, i + 1, { page_count: i + 1 }), sums, PAUSE_MS),
      ),
    ),
  );
  expect(entered.map((one) => one?.window.pages_read).sort((a, b) => Number(a) - Number(b))).toEqual(
    Array.from({ length: count }, (_, i) => i + 1),
  );
  expect(await again(window)).toMatchObject({
    ...{ pages_read: count, inserted: count },
    ...{ updated: 2 * count, unchanged: 3 * count, dead_letters: 4 * count },
  });
  await other.close();
});

test('distinct ids are counted over all pages of the pass, and a page out of order is noticed', async () => {
  const window = await newWindow();
  await enter(window, 1, { ids: [9, 8, 7], in_order: true });
  await enter(window, 2, { ids: [7, Number.MAX_SAFE_INTEGER], in_order: null });
  expect(await countSeen(db, window)).toEqual({ distinctIds: 4, outOfOrder: false });
  await enter(window, 3, { ids: [], in_order: false });
  expect(await countSeen(db, window)).toEqual({ distinctIds: 4, outOfOrder: true });
  expect((await readsOfPass(db, window)).map(({ ids }) => ids)).toEqual([[9, 8, 7], [7, Number.MAX_SAFE_INTEGER], []]);
});

test('missing pages are told in reading order, and not more than asked for', async () => {
  const window = await newWindow();
  for (const page of [1, 4]) await enter(window, page, { page_count: 7 });
  expect(await missingPages(db, await again(window), { order: 'ascending', last: 7, limit: 3 })).toEqual([2, 3, 5]);
  expect(await missingPages(db, await again(window), { order: 'descending', last: 7, limit: 3 })).toEqual([7, 6, 5]);
});
