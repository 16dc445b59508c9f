// The ledger: runs, their windows, and every page that was read (ledger-pages.ts). What is not in here has not happened;
// what is in here is committed together with its rows. All work can be found again from these three tables.
import { and, eq, inArray, isNotNull, isNull, ne, sql } from 'drizzle-orm';
import type { Executor } from './database.js';
import { runs, windows } from './machinery/ledger.js';

export type Run = typeof runs.$inferSelect;
export type Window = typeof windows.$inferSelect;

export type RunMode = 'incremental' | 'full' | 'backfill' | 'refresh' | 'retry';
export type WindowKind = 'whole' | 'range' | 'head' | 'chosen' | 'counted';

export interface NewRun {
  readonly account: string;
  readonly mode: RunMode;
  readonly trigger: 'cli' | 'schedule' | 'api' | 'webhook';
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
  /** Chosen pages: where their turn of closed records ends, by created_at, epoch milliseconds. */
  readonly closedDownTo?: number | null;
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
      closed_down_to: window.closedDownTo == null ? null : new Date(window.closedDownTo),
    })),
  );
}

export async function readRun(db: Executor, runId: number): Promise<Run | undefined> {
  const [run] = await db.select().from(runs).where(eq(runs.id, runId));
  return run;
}

/** Until the transaction ends nobody else changes what the run consists of. */
export async function lockRun(tx: Executor, runId: number): Promise<void> {
  await tx.execute(sql`select from sync.runs where id = ${runId} for no key update`);
}

export const readWindows = (db: Executor, runId: number): Promise<Window[]> =>
  db.select().from(windows).where(eq(windows.run_id, runId)).orderBy(windows.id);

/**
 * As of when a window is proved: the start of the earliest request that its proof rests on. Where the API's clock was
 * behind ours (its Date header has whole seconds), its own instant: it had not come further.
 */
const provedAsOf = sql.raw(`(
  select min(least(p.requested_at, case when p.api_at < p.requested_at - interval '1 second' then p.api_at end))
  from sync.pages p where p.window_id = windows.id and p.pass >= windows.base_pass and p.state = 'read')`);

/**
 * A list that was read up to an instant says nothing of what lies above: records that are dated in the future, or by a
 * clock that is ahead. It proves something when a head has been read that reaches down to it.
 */
const provesAlone = ({ kind, to_at }: Window): boolean => kind === 'head' || kind === 'range' || to_at === null;

/** The head of a collection is certified: so is the list below it, whose pin the head has reached. */
export async function proveBelow(tx: Executor, { account, collection }: Window): Promise<void> {
  await tx
    .update(windows)
    .set({ as_of: provedAsOf })
    .where(
      and(
        eq(windows.account, account),
        eq(windows.collection, collection),
        eq(windows.kind, 'whole'),
        eq(windows.state, 'certified'),
        isNull(windows.as_of),
      ),
    );
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
    .set({
      state: end.state,
      reason: end.reason,
      distinct_ids: end.distinctIds,
      finished_at: sql`now()`,
      ...(end.state === 'certified' && provesAlone(window) ? { as_of: provedAsOf } : {}),
    })
    .where(
      and(eq(windows.id, window.id), eq(windows.pass, window.pass), inArray(windows.state, ['waiting', 'reading'])),
    )
    .returning({ id: windows.id });
  return closed.length > 0;
}

/**
 * A certified window that what came later refutes is certified no more. @param because null = it is read once more as
 * another window, and counts no longer
 */
export async function refuteWindow(tx: Executor, window: Window, because: string | null): Promise<boolean> {
  const refuted = await tx
    .update(windows)
    .set({ state: because === null ? 'split' : 'uncertified', reason: because, as_of: null })
    .where(and(eq(windows.id, window.id), eq(windows.state, 'certified')))
    .returning({ id: windows.id });
  // What lies below a head was proved by it alone.
  if (refuted.length > 0 && window.kind === 'head') {
    const below = [eq(windows.collection, window.collection), eq(windows.kind, 'whole'), isNotNull(windows.to_at)];
    await tx
      .update(windows)
      .set({ as_of: null })
      .where(and(eq(windows.run_id, window.run_id), ...below));
  }
  return refuted.length > 0;
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
          end_below: null,
          first_item_count: null,
          last_item_count: null,
          last_answered_at: null,
          moved: false,
          without_id: 0,
        }
      : {};
  // Pages at which the list was said to end are looked for again.
  const isEndInDoubt = window.end_below !== null && again?.some((page) => page >= (window.end_below ?? 0));
  const [started] = await db
    .update(windows)
    .set({
      pass,
      ...(isEndInDoubt ? { end_below: null } : {}),
      pages_again: again === null ? null : [...again],
      pages_read: 0,
      pages_failed: 0,
      ...fresh,
    })
    .where(and(eq(windows.id, window.id), eq(windows.pass, window.pass), eq(windows.state, 'reading')))
    .returning();
  return started;
}

/**
 * Ends a run. Returns it; undefined when it had ended before, or when somebody else has just found something for it to
 * read: only a failure ends a run that has open windows.
 */
export async function closeRun(
  db: Executor,
  runId: number,
  end: { state: 'complete' | 'incomplete' | 'failed'; reason: string | null },
): Promise<Run | undefined> {
  const [closed] = await db
    .update(runs)
    .set({ state: end.state, reason: end.reason, finished_at: sql`now()`, heartbeat_at: sql`now()` })
    .where(
      and(
        eq(runs.id, runId),
        eq(runs.state, 'running'),
        end.state === 'failed'
          ? undefined
          : sql`not exists (select from sync.windows w where w.run_id = ${runId} and w.state in ('waiting', 'reading'))`,
      ),
    )
    .returning();
  return closed;
}

/** A run that is under way may from now on set more tombstones at once than is plausible. */
export async function allowDeletes(db: Executor, runId: number): Promise<void> {
  await db.update(runs).set({ allow_deletes: true }).where(eq(runs.id, runId));
}

/** Those of the runs that are there and go on no more. */
export async function endedOf(db: Executor, ids: readonly number[]): Promise<number[]> {
  const ended = await db
    .select({ id: runs.id })
    .from(runs)
    .where(and(inArray(runs.id, [...ids]), ne(runs.state, 'running')));
  return ended.map(({ id }) => id);
}

export const runningRuns = (db: Executor, account: string): Promise<Run[]> =>
  db
    .select()
    .from(runs)
    .where(and(eq(runs.account, account), eq(runs.state, 'running')))
    .orderBy(runs.id);
