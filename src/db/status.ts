// Reads the state of an account for people and programs: what is there, how true it is, what is under way.
import { sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Executor } from './database.js';
import { idList } from './id-list.js';

export interface CollectionStatus {
  readonly collection: string;
  /** Rows that are not tombstones. */
  readonly rows: number;
  /** The API's own count when it was last asked for the whole collection; null = never, or it gave none. */
  readonly apiCount: number | null;
  /** Every record created up to then is in the table, proved by a certificate. */
  readonly certifiedUpTo: Date | null;
  readonly openDeadLetters: number;
}

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
  readonly deadLetters: number;
}

export interface BudgetStatus {
  /** Requests in the window that ends now. */
  readonly used: number;
  readonly limit: number;
  readonly others: number;
  readonly blockedUntil: Date | null;
  /** Milliseconds until the oldest request leaves the window, or until the pause is over that the API asked for. */
  readonly nextFreeMs: number;
  /** Set when the key was refused. */
  readonly haltedAt: Date | null;
}

const toDate = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));
const ms = (column: string) => sql.raw(`extract(epoch from ${column})::float8 * 1000`);

export async function readCollectionStatus(
  db: Executor,
  account: string,
  { name, pgTable }: { name: string; pgTable: PgTable },
): Promise<CollectionStatus> {
  const [row] = await db.execute<{
    rows: number;
    api_count: number | null;
    certified: number | null;
    letters: number;
  }>(sql`
    select
      (select count(*) from ${pgTable} where account = ${account} and _deleted_at is null) as rows,
      (select last_item_count from sync.windows w where w.account = ${account} and w.collection = ${name}
         and w.from_at is null and (w.kind = 'whole' or w.to_at is null) and w.last_item_count is not null
         order by w.id desc limit 1) as api_count,
      (select max(${ms('coalesce(w.to_at, w.started_at)')}) from sync.windows w
         where w.account = ${account} and w.collection = ${name}
           and w.state = 'certified' and w.kind in ('whole', 'head')) as certified,
      (select count(*) from sync.dead_letters d
         where d.account = ${account} and d.collection = ${name} and d.resolved_at is null) as letters`);
  return {
    collection: name,
    rows: row?.rows ?? 0,
    apiCount: row?.api_count ?? null,
    certifiedUpTo: toDate(row?.certified ?? null),
    openDeadLetters: row?.letters ?? 0,
  };
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
      ${total('w.unchanged')} as unchanged, ${total('w.dead_letters')} as dead_letters
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
    });
  }
  return [...runs.values()];
}

export async function readBudgetStatus(
  db: Executor,
  account: string,
  rate: { limit: number | undefined; windowMs: number; reserve: number },
): Promise<BudgetStatus> {
  const [row] = await db.execute<{
    used: number;
    max_requests: number | null;
    others: number | null;
    blocked: number | null;
    next_free: number | null;
    halted: number | null;
  }>(sql`
    select used.n as used, b.max_requests, b.others, ${ms('b.blocked_until')} as blocked, ${ms('b.halted_at')} as halted,
      ${ms('greatest(used.oldest + w.length, b.blocked_until) - clock_timestamp()')} as next_free
    from (select make_interval(secs => ${rate.windowMs / 1_000}) as length) as w
      cross join lateral (select count(*) as n, min(s.at) as oldest from sync.rate_slots s where s.account = ${account}
        and s.at > clock_timestamp() - w.length and s.at <= clock_timestamp()) as used
      left join sync.rate_budgets b on b.account = ${account}`);
  const others = row?.others ?? 0;
  return {
    used: row?.used ?? 0,
    limit: Math.max(1, (rate.limit ?? row?.max_requests ?? 100) - rate.reserve - others),
    others,
    blockedUntil: toDate(row?.blocked ?? null),
    nextFreeMs: Math.max(0, row?.next_free ?? 0),
    haltedAt: toDate(row?.halted ?? null),
  };
}
