// The ledger's pages: each is entered once, in the transaction that stores its rows, and added to its window there. What
// a window has shown, and what it still lacks, is counted from them.
import { and, eq, sql } from 'drizzle-orm';
import type { Executor } from './database.js';
import type { Window } from './ledger.js';
import { pages } from './machinery/ledger.js';

export type PageEntry = typeof pages.$inferInsert;

/** A window as PostgreSQL makes it into JSON; Drizzle's own way of reading 35 columns costs more than the statement. */
export type WindowJson = { [Name in keyof Window]: Window[Name] extends Date | null ? string | null : Window[Name] };

export const windowOf = (json: WindowJson): Window => ({
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

/** A page in the ledger, and its window as it stands then. */
export interface Entered {
  readonly window: Window;
  /** The window's page_count before. */
  readonly pageCountBefore: number | null;
  /**
   * Does it show just what two pages near it show, or what the page showed that ended the list? Then the API answers past
   * the end of its list with a page of it, and does not say so.
   */
  readonly isRepeat: boolean;
  /** Does it show as many records as a page has? */
  readonly isFull: boolean;
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
 * @param pauseMs a request that began so long after every answer before it may have met another list
 * @returns undefined when the page was entered already or the window has gone on without it
 */
export async function enterPage(
  tx: Executor,
  entry: PageEntry,
  sums: PageSums,
  pauseMs: number,
): Promise<Entered | undefined> {
  const { state } = entry;
  const json = JSON.stringify({ ...entry, ...sums });
  // The row before is locked and read in the same statement. Not `for update`: the page's foreign key holds a share of
  // the window's key, and two pages would lock each other up.
  const [row] = await tx.execute<{ window: WindowJson; page_count_before: number | null; is_repeat: boolean }>(sql`
    with entry as (
      select * from jsonb_to_record(${json}::text::jsonb) as e(
        window_id bigint, pass integer, page integer, state text, page_count integer, item_count integer,
        items_per_page integer, records integer, ids bigint[], without_id integer, in_order boolean,
        newest_at timestamptz, oldest_at timestamptz, requested_at timestamptz, answered_at timestamptz,
        api_at timestamptz, losses jsonb,
        inserted integer, updated integer, unchanged integer, "deadLetters" integer)),
    entered as (
      insert into sync.pages (window_id, pass, page, state, page_count, item_count, items_per_page, records, ids,
        without_id, in_order, newest_at, oldest_at, requested_at, answered_at, api_at, losses)
      select window_id, pass, page, state, page_count, item_count, items_per_page, coalesce(records, 0),
        coalesce(ids, '{}'), coalesce(without_id, 0), in_order, newest_at, oldest_at, requested_at, answered_at, api_at,
        losses from entry
      on conflict do nothing returning page),
    before as (
      select w.id, w.page_count from sync.windows w
      where w.id = ${entry.window_id} and w.pass = ${entry.pass} and exists (select from entered)
      for no key update)
    update sync.windows w set
      state = case w.state when 'waiting' then 'reading' else w.state end,
      started_at = coalesce(w.started_at, now()),
      pages_read = w.pages_read + ${state === 'read' ? 1 : 0}, pages_failed = w.pages_failed + ${state === 'failed' ? 1 : 0},
      without_id = w.without_id + coalesce(entry.without_id, 0),
      inserted = w.inserted + entry.inserted, updated = w.updated + entry.updated,
      unchanged = w.unchanged + entry.unchanged, dead_letters = w.dead_letters + entry."deadLetters"
      ${state === 'failed' ? sql`` : told(pauseMs)}
      ${state === 'beyond' ? END_BELOW : sql``}
    from before, entry where w.id = before.id
    returning to_jsonb(w) as window, before.page_count as page_count_before, w.pages_again is null
      and coalesce(cardinality(entry.ids), 0) > 0 and (
        -- Three pages in a row are near to each of them. By the key: this is asked for every page.
        (select count(*) >= 2 from sync.pages p where p.window_id = w.id and p.pass = w.pass
          and p.page between entry.page - 2 and entry.page + 2 and p.page <> entry.page and p.ids = entry.ids)
        or exists (select from sync.pages p where p.window_id = w.id and p.pass = w.pass
          and p.page = w.end_below and p.state = 'beyond' and p.ids = entry.ids)) as is_repeat`);
  if (row === undefined) return undefined;
  const window = windowOf(row.window);
  const isFull = (entry.records ?? 0) >= (window.items_per_page ?? 1);
  return { window, pageCountBefore: row.page_count_before, isRepeat: row.is_repeat, isFull };
}

/**
 * What only an answer tells about its window. The latest one that says a number of pages is believed, so that one that
 * was wrong is taken back by the next. An answer without a count agrees with none that has one: what happened between
 * the two nobody knows.
 */
const told = (pauseMs: number) => sql`, page_count = case
        when entry.answered_at >= w.last_answered_at or w.page_count is null or w.last_answered_at is null
        then coalesce(entry.page_count, w.page_count) else w.page_count end,
      items_per_page = coalesce(entry.items_per_page, w.items_per_page),
      first_item_count = coalesce(w.first_item_count, entry.item_count),
      last_item_count = coalesce(entry.item_count, w.last_item_count),
      counted_at = case when entry.item_count is null then w.counted_at else entry.requested_at end,
      last_answered_at = greatest(w.last_answered_at, entry.answered_at),
      moved = w.moved or (w.last_item_count is distinct from entry.item_count
        and (w.last_item_count is not null or w.pages_read > 0)
        and (entry.item_count is not null or entry.state <> 'beyond'))
        or coalesce(entry.requested_at > w.last_answered_at + make_interval(secs => ${pauseMs / 1_000}), false)
        or coalesce(entry.answered_at > entry.requested_at + make_interval(secs => ${pauseMs / 1_000}), false)`;

/** A page beyond the end that names a lower number of pages has told all; any other one is an end by itself. */
const END_BELOW = sql`, end_below = case when entry.page_count < entry.page then w.end_below
        else least(w.end_below, entry.page) end`;

/** Distinct ids in the pages since the window was last read from its first page, and whether one was out of order. */
export async function countSeen(db: Executor, window: Window): Promise<{ distinctIds: number; outOfOrder: boolean }> {
  const [row] = await db.execute<{ distinct_ids: number; out_of_order: boolean }>(sql`
    select (select count(distinct id) from sync.pages p, unnest(p.ids) as id
            where p.window_id = ${window.id} and p.pass >= ${window.base_pass}) as distinct_ids,
      coalesce((select bool_or(not p.in_order) from sync.pages p
            where p.window_id = ${window.id} and p.pass >= ${window.base_pass}), false) as out_of_order`);
  return { distinctIds: row?.distinct_ids ?? 0, outOfOrder: row?.out_of_order ?? false };
}

/** Do the ids of each page fall? Records without a usable one have no say. */
export async function areIdsInOrder(db: Executor, window: Window): Promise<boolean> {
  const [row] = await db.execute<{ sorted: boolean }>(sql`
    select not exists (
      select from sync.pages p, lateral (
        select id, lag(id) over (order by place) as above from unnest(p.ids) with ordinality as shown(id, place)
        where id > 0) as pairs
      where p.window_id = ${window.id} and p.pass >= ${window.base_pass} and id > above) as sorted`);
  return row?.sorted ?? false;
}

/** Start of the earliest request that the proof of a window can rest on. */
export async function earliestRequest(db: Executor, window: Window): Promise<Date> {
  const [row] = await db.execute<{ ms: number | null }>(sql`
    select extract(epoch from min(requested_at))::float8 * 1000 as ms from sync.pages
    where window_id = ${window.id} and pass >= ${window.base_pass} and state = 'read'`);
  return new Date(Math.round(row?.ms ?? 0));
}

/** The deepest page that was read since the window was last read from its first page; 0 = none. */
export async function deepestPage(db: Executor, window: Window): Promise<number> {
  const [row] = await db.execute<{ page: number | null }>(sql`
    select max(page) as page from sync.pages
    where window_id = ${window.id} and pass >= ${window.base_pass} and state = 'read'`);
  return row?.page ?? 0;
}

/** The answers of one pass, in the order of the pages. */
export async function readsOfPass(db: Executor, { id, pass }: Window): Promise<(typeof pages.$inferSelect)[]> {
  return db
    .select()
    .from(pages)
    .where(and(eq(pages.window_id, id), eq(pages.pass, pass), eq(pages.state, 'read')))
    .orderBy(pages.page);
}

/** The page with which a window began; undefined when it has shown none. */
export async function firstPageOf(db: Executor, windowId: number): Promise<number | undefined> {
  const [first] = await db.execute<{ page: number }>(
    sql`select page from sync.pages where window_id = ${windowId} order by pass, page limit 1`,
  );
  return first?.page;
}

/**
 * Pages of the current pass that are not in the ledger, in reading order, at most `limit`.
 * @param last the last page of the list; null = not known, where the window has only some of its pages
 */
export async function missingPages(
  db: Executor,
  window: Window,
  { order, last, limit }: { order: 'ascending' | 'descending'; last: number | null; limit: number },
): Promise<number[]> {
  const direction = sql.raw(order === 'ascending' ? 'asc' : 'desc');
  const all =
    window.pages_again === null
      ? sql`generate_series(1, ${last ?? 1}::integer)`
      : sql`unnest(${`{${window.pages_again.join(',')}}`}::integer[])`;
  const rows = await db.execute<{ n: number }>(sql`
    select n from ${all} as n
    where not exists (select from sync.pages p
      where p.window_id = ${window.id} and p.pass = ${window.pass} and p.page = n)
      ${last === null ? sql`` : sql`and n <= ${last}`}
    order by n ${direction} limit ${limit}`);
  return rows.map((row) => row.n);
}
