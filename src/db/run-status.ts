// Reads how far runs are, or how they ended, with the sums of their windows per collection.
import { sql } from 'drizzle-orm';
import type { Executor } from './database.js';
import { ms, toDate } from './epoch.js';
import { idList } from './id-list.js';

export interface RunStatus {
  readonly run: number;
  readonly mode: string;
  readonly state: string;
  readonly reason: string | null;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
  readonly windows: readonly WindowStatus[];
  /** Records that it reads one by one. */
  readonly lookups: { readonly total: number; readonly done: number; readonly failed: number };
}

export interface WindowStatus {
  readonly collection: string;
  readonly state: string;
  readonly reason: string | null;
  readonly pagesDone: number;
  /** null until the first page told; of a backfill, until enough of its time has answered to go by. */
  readonly pages: number | null;
  /** Records in the pages so far. */
  readonly records: number;
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  /** Those of several readings of a list count once while they are open. */
  readonly deadLetters: number;
  /** Of all readings, as `records` is; null until it has ended. */
  readonly pagesInAll: number | null;
}

interface WindowRow extends Record<string, unknown> {
  run: number;
  mode: string;
  run_state: string;
  run_reason: string | null;
  started: number;
  finished: number | null;
  lookups: number;
  lookups_done: number;
  lookups_failed: number;
  /** null = a run without windows. */
  collection: string | null;
  state: string;
  reason: string | null;
  pages_done: number;
  pages: number | null;
  records: number;
  inserted: number;
  updated: number;
  unchanged: number;
  dead_letters: number;
  pages_in_all: number | null;
}

const isOpen = `w.state in ('waiting', 'reading')`;
const isUnknown = sql.raw(`w.page_count is null and w.pages_again is null and ${isOpen}`);
/** 0 for what is no part of time. */
const seconds = sql.raw('greatest(extract(epoch from w.to_at - w.from_at), 0)');
const unknownSeconds = sql`coalesce(sum(${seconds}) filter (where ${isUnknown}), 0)`;
const knownSeconds = sql`coalesce(sum(${seconds}) filter (where w.page_count is not null), 0)`;
/** A stretch of time tells nothing of the rest while it is shorter than a day and than this share of the whole. */
const ENOUGH = sql`least(86400, 0.05 * (${knownSeconds} + ${unknownSeconds}))`;
/**
 * Windows that nobody has asked about yet: as many pages for their time as the others have, and at least one each. null
 * while too little time has answered: on the first of a month the newest range may be a minute long, with a page in it.
 */
const UNKNOWN_PAGES = sql`case when ${unknownSeconds} = 0 then count(w.id) filter (where ${isUnknown})
        when ${knownSeconds} >= ${ENOUGH} and ${knownSeconds} > 0 then greatest(
          count(w.id) filter (where ${isUnknown}),
          ceil(${unknownSeconds} * sum(w.page_count) filter (where ${seconds} > 0) / ${knownSeconds})) end`;
/** No sum is too large to be told: what a list claims may be nonsense. */
const MOST = Number.MAX_SAFE_INTEGER;
const total = (columns: string) => sql.raw(`least(sum(${columns}), ${MOST})::bigint`);

/**
 * Runs with the sums of their windows per collection, oldest first; by id, or all that are under way. How many pages a
 * backfill has is an estimate until all of its ranges have been asked about.
 */
export async function readRunStatus(
  db: Executor,
  which: { runIds: readonly number[] } | { account: string },
): Promise<RunStatus[]> {
  const condition =
    'runIds' in which
      ? sql`r.id = any(${idList(which.runIds)})`
      : sql`r.account = ${which.account} and r.state = 'running'`;
  const rows = await db.execute<WindowRow>(sql`
    select r.id as run, r.mode, r.state as run_state, r.reason as run_reason,
      ${ms('r.started_at')} as started, ${ms('r.finished_at')} as finished, w.collection,
      (select count(*) from sync.lookups l where l.run_id = r.id) as lookups,
      (select count(*) from sync.lookups l where l.run_id = r.id and l.state <> 'waiting') as lookups_done,
      (select count(*) from sync.lookups l where l.run_id = r.id and l.state = 'failed') as lookups_failed,
      case when bool_or(w.state in ('waiting', 'reading'))
        then case when bool_and(w.state = 'waiting') then 'waiting' else 'reading' end
        when bool_and(w.state in ('certified', 'done', 'split')) then 'certified'
        when bool_or(w.state = 'failed') then 'failed' else 'uncertified' end as state,
      string_agg(distinct w.reason, '; ') as reason,
      ${total('w.pages_read::bigint + w.pages_failed')} as pages_done,
      case when ${UNKNOWN_PAGES} is not null then least(${MOST}::numeric, ${UNKNOWN_PAGES}
        + coalesce(sum(case w.state when 'split' then 1 else coalesce(cardinality(w.pages_again), w.page_count,
          case when not ${sql.raw(isOpen)} then 1 end) end), 0))::bigint end as pages,
      ${total('w.inserted::bigint + w.updated + w.unchanged')} as records,
      ${total('w.inserted')} as inserted, ${total('w.updated')} as updated,
      ${total('w.unchanged')} as unchanged,
      case when sum(w.dead_letters) > 1 and bool_or(w.pass > 1 or w.state = 'split') then greatest(1, least(${total('w.dead_letters')}, (
          select count(*) from sync.dead_letters d where d.account = r.account and d.collection = w.collection
            and d.run_id = r.id and d.resolved_at is null)))
        else ${total('w.dead_letters')} end as dead_letters,
      case when not bool_or(${sql.raw(isOpen)}) then greatest(${total('w.pages_read::bigint + w.pages_failed')}, (
        select count(*) from sync.pages p
        where p.window_id = any(array_agg(w.id)) and p.state in ('read', 'failed'))) end as pages_in_all
    from sync.runs r left join sync.windows w on w.run_id = r.id
    where ${condition}
    group by r.id, w.collection order by r.id, min(w.id)`);
  const runs = new Map<number, RunStatus & { windows: WindowStatus[] }>();
  for (const row of rows) {
    const known = runs.get(row.run) ?? {
      run: row.run,
      mode: row.mode,
      state: row.run_state,
      reason: row.run_reason,
      startedAt: new Date(row.started),
      finishedAt: toDate(row.finished),
      windows: [],
      lookups: { total: row.lookups, done: row.lookups_done, failed: row.lookups_failed },
    };
    runs.set(row.run, known);
    if (row.collection === null) continue;
    known.windows.push({
      collection: row.collection,
      state: row.state,
      reason: row.reason,
      pagesDone: row.pages_done,
      pages: row.state === 'waiting' ? null : row.pages,
      records: row.records,
      inserted: row.inserted,
      updated: row.updated,
      unchanged: row.unchanged,
      deadLetters: row.dead_letters,
      pagesInAll: row.pages_in_all,
    });
  }
  return [...runs.values()];
}
