// The ledger: runs, their windows, and every page that was read. What is not in here has not happened; what is in here
// is committed together with its rows. All work can be found again from these three tables.
import { and, eq, getTableColumns, gte, inArray, sql } from 'drizzle-orm';
import type { Executor } from './database.js';
import { pages, runs, windows } from './machinery.js';

export type Run = typeof runs.$inferSelect;
export type Window = typeof windows.$inferSelect;
export type PageEntry = typeof pages.$inferInsert;

export type RunMode = 'incremental' | 'full' | 'backfill' | 'refresh' | 'retry';
export type WindowKind = 'whole' | 'range' | 'head' | 'chosen';

export interface NewRun {
  readonly account: string;
  readonly mode: RunMode;
  readonly trigger: 'cli' | 'schedule' | 'api';
  readonly collections: readonly string[];
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly allowDeletes?: boolean | undefined;
}

export interface NewWindow {
  readonly collection: string;
  readonly kind: WindowKind;
  readonly from: Date | null;
  readonly to: Date | null;
  readonly priority: number;
  /** Only these pages; undefined = all. */
  readonly pages?: readonly number[] | undefined;
}

/** PostgreSQL's clock. Every instant that is compared with another comes from it. */
export async function readClock(db: Executor): Promise<Date> {
  const [row] = await db.execute<{ ms: number }>(
    sql`select extract(epoch from clock_timestamp())::float8 * 1000 as ms`,
  );
  return new Date(Math.floor(row?.ms ?? Number.NaN));
}

/** Files a run with its windows. @param beforeSeen is told its id before anybody else can see it */
export function createRun(
  db: Executor,
  run: NewRun,
  planned: readonly NewWindow[],
  beforeSeen: (runId: number) => Promise<unknown> = async () => {},
): Promise<Run> {
  return db.transaction(async (tx) => {
    const [created] = await tx
      .insert(runs)
      .values({
        account: run.account,
        mode: run.mode,
        trigger: run.trigger,
        collections: [...run.collections],
        from_at: run.from ?? null,
        to_at: run.to ?? null,
        allow_deletes: run.allowDeletes ?? false,
      })
      .returning();
    if (created === undefined) throw new Error('the new run was not returned');
    await beforeSeen(created.id);
    await addWindows(tx, created, planned);
    return created;
  });
}

/** Adds windows to a run that is under way. */
export async function addWindows(
  tx: Executor,
  run: { readonly id: number; readonly account: string },
  planned: readonly NewWindow[],
): Promise<void> {
  if (planned.length === 0) return;
  await tx.insert(windows).values(
    planned.map((window) => ({
      run_id: run.id,
      account: run.account,
      collection: window.collection,
      kind: window.kind,
      from_at: window.from,
      to_at: window.to,
      priority: window.priority,
      pages_again: window.pages === undefined ? null : [...window.pages],
    })),
  );
}

export async function readRun(db: Executor, runId: number): Promise<Run | undefined> {
  const [run] = await db.select().from(runs).where(eq(runs.id, runId));
  return run;
}

export const readWindows = (db: Executor, runId: number): Promise<Window[]> =>
  db.select().from(windows).where(eq(windows.run_id, runId)).orderBy(windows.id);

export async function readWindow(db: Executor, windowId: number): Promise<Window | undefined> {
  const [window] = await db.select().from(windows).where(eq(windows.id, windowId));
  return window;
}

/** The window of a page, and whether the page is in the ledger already. */
export async function readWindowForPage(
  db: Executor,
  { windowId, pass, page }: { windowId: number; pass: number; page: number },
): Promise<{ window: Window; done: boolean } | undefined> {
  const [row] = await db
    .select({
      window: windows,
      done: sql<boolean>`exists (select from sync.pages p
        where p.window_id = ${windowId} and p.pass = ${pass} and p.page = ${page})`,
    })
    .from(windows)
    .where(eq(windows.id, windowId));
  return row;
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
  const entered = await tx.insert(pages).values(entry).onConflictDoNothing().returning({ page: pages.page });
  if (entered.length === 0) return undefined;
  const read = entry.state === 'read';
  const itemCount = sql`${entry.item_count ?? null}::integer`;
  // The row before is locked and read in the same statement. Not `for update`: the page's foreign key holds a share of
  // the window's key, and two pages would lock each other up.
  const before = tx.$with('before').as(
    tx
      .select({ id: windows.id, page_count: sql<number | null>`${windows.page_count}`.as('count_before') })
      .from(windows)
      .where(and(eq(windows.id, entry.window_id), eq(windows.pass, entry.pass)))
      .for('no key update'),
  );
  const [row] = await tx
    .with(before)
    .update(windows)
    .set({
      state: sql`case ${windows.state} when 'waiting' then 'reading' else ${windows.state} end`,
      started_at: sql`coalesce(${windows.started_at}, now())`,
      pages_read: sql`${windows.pages_read} + ${read ? 1 : 0}`,
      pages_failed: sql`${windows.pages_failed} + ${read ? 0 : 1}`,
      without_id: sql`${windows.without_id} + ${entry.without_id ?? 0}`,
      inserted: sql`${windows.inserted} + ${sums.inserted}`,
      updated: sql`${windows.updated} + ${sums.updated}`,
      unchanged: sql`${windows.unchanged} + ${sums.unchanged}`,
      dead_letters: sql`${windows.dead_letters} + ${sums.deadLetters}`,
      ...(read && {
        page_count: sql`greatest(coalesce(${windows.page_count}, 1), ${entry.page_count ?? 1})`,
        items_per_page: sql`coalesce(${entry.items_per_page ?? null}::integer, ${windows.items_per_page})`,
        first_item_count: sql`coalesce(${windows.first_item_count}, ${itemCount})`,
        last_item_count: itemCount,
        moved: sql`${windows.moved} or (${windows.first_item_count} is distinct from ${itemCount}
          and ${windows.first_item_count} is not null)`,
      }),
    })
    .from(before)
    .where(eq(windows.id, before.id))
    .returning({ window: getTableColumns(windows), pageCountBefore: before.page_count });
  return row;
}

/** Distinct ids in the pages since the window was last read from its first page, and whether one was out of order. */
export async function sumUp(db: Executor, window: Window): Promise<{ distinctIds: number; outOfOrder: boolean }> {
  const [row] = await db.execute<{ distinct_ids: number; out_of_order: boolean }>(sql`
    select (select count(distinct id) from sync.pages p, unnest(p.ids) as id
            where p.window_id = ${window.id} and p.pass >= ${window.base_pass}) as distinct_ids,
      coalesce((select bool_or(not p.in_order) from sync.pages p
            where p.window_id = ${window.id} and p.pass >= ${window.base_pass}), false) as out_of_order`);
  return { distinctIds: row?.distinct_ids ?? 0, outOfOrder: row?.out_of_order ?? false };
}

/** Every answer since the window was last read from its first page, in the order of the requests. */
export async function readsOf(db: Executor, window: Window): Promise<(typeof pages.$inferSelect)[]> {
  return db
    .select()
    .from(pages)
    .where(and(eq(pages.window_id, window.id), gte(pages.pass, window.base_pass), eq(pages.state, 'read')))
    .orderBy(pages.requested_at, pages.pass, pages.page);
}

/** Closes a window, unless somebody else did or it has gone on to another pass. Returns whether it was us. */
export async function closeWindow(
  db: Executor,
  window: Window,
  end: {
    state: 'certified' | 'done' | 'uncertified' | 'failed' | 'split';
    reason: string | null;
    distinctIds: number | null;
  },
): Promise<boolean> {
  const closed = await db
    .update(windows)
    .set({ state: end.state, reason: end.reason, distinct_ids: end.distinctIds, finished_at: sql`now()` })
    .where(
      and(eq(windows.id, window.id), eq(windows.pass, window.pass), inArray(windows.state, ['waiting', 'reading'])),
    )
    .returning({ id: windows.id });
  return closed.length > 0;
}

/** Starts another pass over some pages, or over all (null). Returns it; undefined when somebody else did. */
export async function startNextPass(
  db: Executor,
  window: Window,
  again: readonly number[] | null,
): Promise<Window | undefined> {
  const pass = window.pass + 1;
  const fresh =
    again === null
      ? {
          base_pass: pass,
          page_count: null,
          first_item_count: null,
          last_item_count: null,
          moved: false,
          without_id: 0,
        }
      : {};
  const [started] = await db
    .update(windows)
    .set({ pass, pages_again: again === null ? null : [...again], pages_read: 0, pages_failed: 0, ...fresh })
    .where(and(eq(windows.id, window.id), eq(windows.pass, window.pass), eq(windows.state, 'reading')))
    .returning();
  return started;
}

/** Ends a run. Returns false when it had ended before. */
export async function closeRun(
  db: Executor,
  runId: number,
  end: { state: 'complete' | 'incomplete' | 'failed' | 'interrupted'; reason: string | null },
): Promise<boolean> {
  const closed = await db
    .update(runs)
    .set({ state: end.state, reason: end.reason, finished_at: sql`now()`, heartbeat_at: sql`now()` })
    .where(and(eq(runs.id, runId), eq(runs.state, 'running')))
    .returning({ id: runs.id });
  return closed.length > 0;
}

export const runningRuns = (db: Executor, account: string): Promise<Run[]> =>
  db
    .select()
    .from(runs)
    .where(and(eq(runs.account, account), eq(runs.state, 'running')))
    .orderBy(runs.id);

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

/** Up to when a collection is certified without a gap: where an incremental run begins. undefined = never. */
export async function readWatermark(db: Executor, account: string, collection: string): Promise<Date | undefined> {
  const [row] = await db.execute<{ ms: number | null }>(sql`
    select extract(epoch from max(coalesce(w.to_at, w.started_at)))::float8 * 1000 as ms
    from sync.windows w join sync.runs r on r.id = w.run_id
    where w.account = ${account} and w.collection = ${collection} and w.state = 'certified'
      and w.kind in ('whole', 'head') and r.mode in ('full', 'incremental')`);
  return row?.ms === undefined || row.ms === null ? undefined : new Date(row.ms);
}
