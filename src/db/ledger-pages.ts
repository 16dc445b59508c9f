// The ledger's pages: each is entered once, in the transaction that stores its rows, and added to its window there. What
// a window has shown, and what it still lacks, is counted from them.
import { and, eq, gte, sql } from 'drizzle-orm';
import type { Executor } from './database.js';
import type { Window } from './ledger.js';
import { pages } from './machinery/ledger.js';

export type PageEntry = typeof pages.$inferInsert;

/** A window as PostgreSQL makes it into JSON; Drizzle's own way of reading 35 columns costs more than the statement. */
type WindowJson = { [Name in keyof Window]: Window[Name] extends Date | null ? string | null : Window[Name] };

const windowOf = (json: WindowJson): Window => ({
  ...json,
  from_at: dateOf(json.from_at),
  to_at: dateOf(json.to_at),
  closed_down_to: dateOf(json.closed_down_to),
  counted_at: dateOf(json.counted_at),
  last_answered_at: dateOf(json.last_answered_at),
  started_at: dateOf(json.started_at),
  as_of: dateOf(json.as_of),
  finished_at: dateOf(json.finished_at),
});

const dateOf = (text: string | null): Date | null => (text === null ? null : new Date(text));

/** The window of a page, and whether the page is in the ledger already. */
export async function readWindowForPage(
  db: Executor,
  { windowId, pass, page }: { windowId: number; pass: number; page: number },
): Promise<{ window: Window; done: boolean } | undefined> {
  const [row] = await db.execute<{ window: WindowJson; done: boolean }>(sql`
    select to_jsonb(w) as window, exists (select from sync.pages p
      where p.window_id = ${windowId} and p.pass = ${pass} and p.page = ${page}) as done
    from sync.windows w where w.id = ${windowId}`);
  return row && { window: windowOf(row.window), done: row.done };
}

/** What a page adds to the sums of its window. */
export interface PageSums {
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly deadLetters: number;
}

/**
 * Enters a page and adds it to its window, in the transaction that stores its rows.
 * @returns the window as it stands now, with the page count before; undefined when the page was entered already or
 * the window has gone on without it
 */
export async function enterPage(
  tx: Executor,
  entry: PageEntry,
  sums: PageSums,
): Promise<{ window: Window; pageCountBefore: number | null } | undefined> {
  const read = entry.state === 'read';
  const json = JSON.stringify({ ...entry, requested_at: entry.requested_at.toISOString(), ...sums });
  // The row before is locked and read in the same statement. Not `for update`: the page's foreign key holds a share of
  // the window's key, and two pages would lock each other up.
  const [row] = await tx.execute<{ window: WindowJson; page_count_before: number | null }>(sql`
    with entry as (
      select * from jsonb_to_record(${json}::text::jsonb) as e(
        window_id bigint, pass integer, page integer, state text, page_count integer, item_count integer,
        items_per_page integer, records integer, ids bigint[], without_id integer, in_order boolean,
        newest_at timestamptz, oldest_at timestamptz, requested_at timestamptz, losses jsonb,
        inserted integer, updated integer, unchanged integer, "deadLetters" integer)),
    entered as (
      insert into sync.pages (window_id, pass, page, state, page_count, item_count, items_per_page, records, ids,
        without_id, in_order, newest_at, oldest_at, requested_at, losses)
      select window_id, pass, page, state, page_count, item_count, items_per_page, coalesce(records, 0),
        coalesce(ids, '{}'), coalesce(without_id, 0), in_order, newest_at, oldest_at, requested_at, losses
      from entry
      on conflict do nothing returning page),
    before as (
      select w.id, w.page_count from sync.windows w
      where w.id = ${entry.window_id} and w.pass = ${entry.pass} and exists (select from entered)
      for no key update)
    update sync.windows w set
      state = case w.state when 'waiting' then 'reading' else w.state end,
      started_at = coalesce(w.started_at, now()),
      pages_read = w.pages_read + ${read ? 1 : 0}, pages_failed = w.pages_failed + ${read ? 0 : 1},
      without_id = w.without_id + coalesce(entry.without_id, 0),
      inserted = w.inserted + entry.inserted, updated = w.updated + entry.updated,
      unchanged = w.unchanged + entry.unchanged, dead_letters = w.dead_letters + entry."deadLetters"
      ${read ? sql.raw(COUNTED) : sql``}
    from before, entry where w.id = before.id
    returning to_jsonb(w) as window, before.page_count as page_count_before`);
  return row && { window: windowOf(row.window), pageCountBefore: row.page_count_before };
}

/**
 * What only a page that was read tells about its window. An answer without a count agrees with none that has one: what
 * happened between the two nobody knows.
 */
const COUNTED = `, page_count = greatest(coalesce(w.page_count, 1), coalesce(entry.page_count, 1)),
      items_per_page = coalesce(entry.items_per_page, w.items_per_page),
      first_item_count = coalesce(w.first_item_count, entry.item_count), last_item_count = entry.item_count,
      moved = w.moved or (w.first_item_count is distinct from entry.item_count
        and (w.first_item_count is not null or w.pages_read > 0))`;

/** Distinct ids in the pages since the window was last read from its first page, and whether one was out of order. */
export async function countSeen(db: Executor, window: Window): Promise<{ distinctIds: number; outOfOrder: boolean }> {
  const [row] = await db.execute<{ distinct_ids: number; out_of_order: boolean }>(sql`
    select (select count(distinct id) from sync.pages p, unnest(p.ids) as id
            where p.window_id = ${window.id} and p.pass >= ${window.base_pass}) as distinct_ids,
      coalesce((select bool_or(not p.in_order) from sync.pages p
            where p.window_id = ${window.id} and p.pass >= ${window.base_pass}), false) as out_of_order`);
  return { distinctIds: row?.distinct_ids ?? 0, outOfOrder: row?.out_of_order ?? false };
}

/** The deepest page that was read since the window was last read from its first page; 0 = none. */
export async function deepestPage(db: Executor, window: Window): Promise<number> {
  const [row] = await db.execute<{ page: number | null }>(sql`
    select max(page) as page from sync.pages
    where window_id = ${window.id} and pass >= ${window.base_pass} and state = 'read'`);
  return row?.page ?? 0;
}

/** Every answer since the window was last read from its first page, in the order of the requests. */
export async function readsOf(db: Executor, window: Window): Promise<(typeof pages.$inferSelect)[]> {
  return db
    .select()
    .from(pages)
    .where(and(eq(pages.window_id, window.id), gte(pages.pass, window.base_pass), eq(pages.state, 'read')))
    .orderBy(pages.requested_at, pages.pass, pages.page);
}

/** Pages of the current pass that are not in the ledger, in reading order, at most `limit`. */
export async function missingPages(
  db: Executor,
  window: Window,
  order: 'ascending' | 'descending',
  limit: number,
): Promise<number[]> {
  const direction = sql.raw(order === 'ascending' ? 'asc' : 'desc');
  const all =
    window.pages_again === null
      ? sql`generate_series(1, ${window.page_count ?? 1})`
      : sql`unnest(${`{${window.pages_again.join(',')}}`}::integer[])`;
  const rows = await db.execute<{ n: number }>(sql`
    select n from ${all} as n
    where not exists (select from sync.pages p
      where p.window_id = ${window.id} and p.pass = ${window.pass} and p.page = n)
    order by n ${direction} limit ${limit}`);
  return rows.map((row) => row.n);
}
