// What the proof of a long list costs that moved while it was read: time, memory, and how long the event loop stands
// still, in which nothing else is done. The ledger is written by hand, as reading 50,000 pages takes eight hours.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setInterval } from 'node:timers';
import { setTimeout } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { test } from 'vitest';
import { type Db, openDatabase } from '../src/db/database.js';
import { readWindows, type Window } from '../src/db/ledger.js';
import { readListing } from '../src/sync/reading/page-read.js';
import { endOfList, stitch } from '../src/sync/reading/stitch.js';
import { createDatabase } from '../test/support/database.js';
import { isShort, report } from './support/report.js';

const PAGES = isShort ? [200, 2_000] : [5_000, 50_000];
const PAUSE_MS = 5_000;
const SAMPLE_MS = 5;

test('proof', async () => {
  const database = await openDatabase(await createDatabase(), { connections: 2 });
  const rows: Record<string, string | number>[] = [];
  for (const pages of PAGES) {
    // Two in ten pages are 20 a minute at 100 requests a minute.
    for (const every of [10, 1]) {
      const window = await writeWindow(database.db, pages, every);
      rows.push({ pages, 'pages for two new records': every, ...(await prove(database.db, window, pages)) });
    }
  }
  await database.close();
  report({
    name: 'proof',
    what: 'judging a whole list that moved while it was read; goal: the event loop stands still for less than 200 ms',
    settings: { perPage: 20, pauseMs: PAUSE_MS },
    rows,
  });
});

async function prove(db: Db, window: Window, pages: number) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const before = process.memoryUsage().rss;
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, SAMPLE_MS);
  delay.enable();
  const began = performance.now();
  const { isWhole } = stitch(await readListing(db, window, PAUSE_MS), endOfList(pages));
  const seconds = (performance.now() - began) / 1_000;
  // The delay is taken by a timer: one more round, so that it sees the judgement itself.
  await setTimeout(50);
  most = Math.max(most, process.memoryUsage().rss);
  clearInterval(timer);
  delay.disable();
  if (!isWhole) throw new Error('the list is read completely, and the proof does not see it');
  return {
    seconds: round(seconds),
    'more memory, MiB': Math.round((most - before) / 2 ** 20),
    'longest standstill, ms': Math.round(delay.max / 1e6),
  };
}

const round = (seconds: number): number => Math.round(seconds * 100) / 100;

/** A list that has `pages` pages at the end, read once from top to end while two records came every `every` pages. */
async function writeWindow(db: Db, pages: number, every: number): Promise<Window> {
  const [run] = await db.execute<{ id: number }>(sql`
    insert into sync.runs (account, mode, collections, state, trigger)
    values (${`proof-${pages}-${every}`}, 'full', '{orders}', 'running', 'cli') returning id::int`);
  const runId = run?.id ?? 0;
  const [written] = await db.execute<{ id: number }>(sql`
    insert into sync.windows (run_id, account, collection, kind, priority, state, moved)
    select id, account, 'orders', 'whole', 1, 'reading', true from sync.runs where id = ${runId} returning id::int`);
  await db.execute(sql`
    insert into sync.pages (window_id, pass, page, state, page_count, item_count, items_per_page, records, ids, in_order,
      newest_at, oldest_at, requested_at, answered_at)
    select ${written?.id ?? 0}::bigint, 1, page, 'read', (newest + 19) / 20, newest, 20, 20,
      array(select first - n from generate_series(0, 19) as n), true,
      to_timestamp(1.7e9 + first * 60), to_timestamp(1.7e9 + (first - 19) * 60),
      now() + page * interval '600 ms', now() + page * interval '600 ms' + interval '300 ms'
    from (select page, newest, newest - (page - 1) * 20 as first
      from (select page, ${pages * 20 - 2 * Math.floor(pages / every)}::int + 2 * (page / ${every}::int) as newest
        from generate_series(1, ${pages}::int) as page) as counts) as list`);
  const [window] = await readWindows(db, runId);
  if (window === undefined) throw new Error('the window was not written');
  return window;
}
