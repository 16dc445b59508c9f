// Reads the state of an account for people and programs: what is there, how true it is, and its budget.
import { sql } from 'drizzle-orm';
import type { Executor } from './database.js';
import { ms, toDate } from './epoch.js';

/** What hive.freshness says of a collection, in the same words. */
export interface CollectionStatus {
  readonly collection: string;
  /** Rows that are not tombstones. */
  readonly rows: number;
  /** The API's own count of the whole collection at apiCountAt; null = it never said one. */
  readonly apiCount: number | null;
  readonly apiCountAt: Date | null;
  /** Our own count when the two were compared. null = not compared. */
  readonly ownCount: number | null;
  /** apiCount less our own count when they were compared; negative = too many rows. null = not compared. */
  readonly missing: number | null;
  /** The whole list was proved as of then: deletions and back-dated records are true. null = never. */
  readonly certifiedUpTo: Date | null;
  /** Records that were new then are in the table. null = never. */
  readonly newRecordsUpTo: Date | null;
  /** Open records are as they were then, or newer. null = never. */
  readonly openRecordsUpTo: Date | null;
  /** The last full or incremental run that ended complete. */
  readonly lastSuccessAt: Date | null;
  readonly lastSuccessRunId: number | null;
  /** The last full or incremental run that ended, however it did. */
  readonly lastAttemptAt: Date | null;
  readonly lastAttemptRunId: number | null;
  readonly lastAttemptState: string | null;
  readonly openDeadLetters: number;
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

/** In the order in which they are named. */
export async function readCollectionStatus(
  db: Executor,
  account: string,
  names: readonly string[],
): Promise<CollectionStatus[]> {
  const rows = await db.execute<{
    collection: string;
    rows: number;
    api_count: number | null;
    counted: number | null;
    own_count: number | null;
    missing: number | null;
    certified: number | null;
    new_records: number | null;
    open_records: number | null;
    success: number | null;
    success_run: number | null;
    attempt: number | null;
    attempt_run: number | null;
    attempt_state: string | null;
    letters: number;
  }>(sql`
    select f.collection, f.rows, f.api_count, ${ms('f.api_count_at')} as counted, f.own_count, f.missing,
      ${ms('f.certified_up_to')} as certified, ${ms('f.new_records_up_to')} as new_records,
      ${ms('f.open_records_up_to')} as open_records, ${ms('f.last_success_at')} as success,
      f.last_success_run_id as success_run, ${ms('f.last_attempt_at')} as attempt,
      f.last_attempt_run_id as attempt_run, f.last_attempt_state as attempt_state, f.open_dead_letters as letters
    from hive.freshness f where f.account = ${account}`);
  const known = rows.map((row) => ({
    collection: row.collection,
    rows: row.rows,
    apiCount: row.api_count,
    apiCountAt: toDate(row.counted),
    ownCount: row.own_count,
    missing: row.missing,
    certifiedUpTo: toDate(row.certified),
    newRecordsUpTo: toDate(row.new_records),
    openRecordsUpTo: toDate(row.open_records),
    lastSuccessAt: toDate(row.success),
    lastSuccessRunId: row.success_run,
    lastAttemptAt: toDate(row.attempt),
    lastAttemptRunId: row.attempt_run,
    lastAttemptState: row.attempt_state,
    openDeadLetters: row.letters,
  }));
  return names.map((name) => known.find(({ collection }) => collection === name) ?? { ...UNKNOWN, collection: name });
}

/** Of an account that has had no run yet. */
const UNKNOWN: Omit<CollectionStatus, 'collection'> = {
  rows: 0,
  apiCount: null,
  apiCountAt: null,
  ownCount: null,
  missing: null,
  certifiedUpTo: null,
  newRecordsUpTo: null,
  openRecordsUpTo: null,
  lastSuccessAt: null,
  lastSuccessRunId: null,
  lastAttemptAt: null,
  lastAttemptRunId: null,
  lastAttemptState: null,
  openDeadLetters: 0,
};

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
