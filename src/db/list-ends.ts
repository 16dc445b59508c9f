// How long a list is whose API does not say so, or says something else: told by what its pages have shown.
import { sql } from 'drizzle-orm';
import type { Executor } from './database.js';
import type { Window } from './ledger.js';
import { deepestPage, type WindowJson, windowOf } from './ledger-pages.js';

/**
 * The end of a list where the API answers past it with a page of the list, and says that there are many more: the pages
 * near this one and after it that show the same all lie beyond.
 * @returns the window as it stands now
 */
export async function endAtSame(db: Executor, window: Window, page: number): Promise<Window> {
  const [row] = await db.execute<{ window: WindowJson }>(sql`
    with repeated as (
      update sync.pages p set state = 'beyond' from sync.pages as same
      where (same.window_id, same.pass, same.page) = (${window.id}, ${window.pass}, ${page})
        and p.window_id = same.window_id and p.pass = same.pass and p.page >= ${Math.max(2, page - 2)}
        and p.ids = same.ids and p.state = 'read'
      returning p.page),
    ended as (select count(*)::integer as pages, min(page) as page from repeated)
    update sync.windows w set end_below = least(w.end_below, ended.page), pages_read = w.pages_read - ended.pages
    from ended where w.id = ${window.id} and w.pass = ${window.pass} and w.state = 'reading'
    returning to_jsonb(w) as window`);
  return row === undefined ? window : windowOf(row.window);
}

/** A list that is said to have n records is not read on when more than twice as many, and these, have been shown. */
const SPARE_RECORDS = 200;

/**
 * The end of a list that names no number of pages and answers past its end with what it has shown before: a page that
 * shows nothing new is no page of it. So is one after far more records than the list counts.
 * @returns the window as it stands now
 */
export async function endAtRepeat(db: Executor, window: Window): Promise<Window> {
  if (window.pages_again !== null || window.page_count !== null || window.end_below !== null) return window;
  const deepest = await deepestPage(db, window);
  if (deepest < 2) return window;
  const own = sql`p.window_id = ${window.id} and p.pass >= ${window.base_pass} and p.state = 'read'`;
  const [row] = await db.execute<{ window: WindowJson }>(sql`
    with seen as (
      select exists (select unnest(p.ids) from sync.pages p where ${own} and p.page = ${deepest}
          except select unnest(p.ids) from sync.pages p where ${own} and p.page < ${deepest}) as is_new,
        (select sum(p.records) from sync.pages p where ${own}) as records),
    repeated as (
      update sync.pages p set state = 'beyond' from seen
      where ${own} and p.page = ${deepest} and p.without_id = 0
        and (not is_new or seen.records > 2 * ${window.last_item_count}::bigint + ${SPARE_RECORDS}::integer)
      returning p.page)
    update sync.windows w set end_below = least(w.end_below, repeated.page), pages_read = w.pages_read - 1
    from repeated where w.id = ${window.id} and w.pass = ${window.pass} and w.state = 'reading'
    returning to_jsonb(w) as window`);
  return row === undefined ? window : windowOf(row.window);
}

/** Between which pages the end of a list lies that was said to be much longer than it is. */
export interface SearchedSpan {
  /** The deepest that had records; 0 = none. */
  readonly deepest: number;
  /** The lowest that does not belong to it. */
  readonly endBelow: number;
}

/** @param last the last page as far as is known */
export async function searchedSpan(db: Executor, window: Window, last: number): Promise<SearchedSpan> {
  const deepest = await deepestPage(db, window);
  const [row] = await db.execute<{ end_below: number }>(sql`
    select least(min(page), ${last + 1}::integer) as end_below from sync.pages
    where window_id = ${window.id} and pass = ${window.pass} and state = 'beyond' and page > ${deepest}`);
  return { deepest, endBelow: row?.end_below ?? last + 1 };
}

/** So far from the middle another page is taken where that one cannot be had. */
const NEAR_THE_MIDDLE = 50;

/** The page in the middle, or one near to it, that is not in the ledger yet; undefined = there is none. */
export async function probeBetween(
  db: Executor,
  window: Window,
  { deepest, endBelow }: SearchedSpan,
): Promise<number | undefined> {
  const middle = Math.floor((deepest + endBelow) / 2);
  const from = Math.max(deepest + 1, middle - NEAR_THE_MIDDLE);
  const to = Math.min(endBelow - 1, middle + NEAR_THE_MIDDLE);
  const [row] = await db.execute<{ n: number }>(sql`
    select n from generate_series(${from}::integer, ${to}::integer) as n
    where not exists (select from sync.pages p
      where p.window_id = ${window.id} and p.pass = ${window.pass} and p.page = n)
    order by abs(n - ${middle}::integer) limit 1`);
  return row?.n;
}

/** After so many pages, and each time that they have doubled, it is asked whether the list repeats itself. */
const LOOKED_AT_FROM = 64;

/**
 * Have the pages of this pass shown far more records than there are different ones among them? Then the API goes round
 * in what it has, whatever number of pages it claims.
 */
export async function showsNothingNew(db: Executor, window: Window): Promise<boolean> {
  const { pages_read: pages } = window;
  if (pages < LOOKED_AT_FROM || !Number.isInteger(Math.log2(pages))) return false;
  const [row] = await db.execute<{ repeats: boolean }>(sql`
    select count(*) > 2 * count(distinct id) + ${SPARE_RECORDS}::integer as repeats
    from sync.pages p, unnest(p.ids) as id
    where p.window_id = ${window.id} and p.pass = ${window.pass} and p.state = 'read'`);
  return row?.repeats ?? false;
}

/**
 * Do a range and another one count far more than the one that both were cut from? Then the API's counts are not those of the
 * range, and cutting it further would not end.
 */
export async function countsMoreThanItsWhole(db: Executor, window: Window): Promise<boolean> {
  const [row] = await db.execute<{ more: boolean }>(sql`
    select exists (
      select from sync.windows whole join sync.windows other on other.run_id = whole.run_id
        and other.collection = whole.collection and other.kind = 'range' and other.id not in (whole.id, ${window.id})
        and other.from_at >= whole.from_at and other.to_at <= whole.to_at
      join sync.windows this on this.id = ${window.id} and (other.from_at >= this.to_at or other.to_at <= this.from_at)
      where whole.run_id = ${window.run_id} and whole.collection = ${window.collection} and whole.kind = 'range'
        and whole.state = 'split' and whole.from_at <= this.from_at and whole.to_at >= this.to_at
        and other.last_item_count + this.last_item_count > 1.5 * whole.last_item_count) as more`);
  return row?.more ?? false;
}
