// What grows without end is let go after a time: stored webhooks, the ledger, dead letters that were closed, and the
// history if that is wanted.
import { sql } from 'drizzle-orm';
import type { Db } from './database.js';
import { pruneDeliveries } from './webhook-deliveries.js';

/** Milliseconds. */
export interface Retention {
  /** Of deliveries of webhooks that have been dealt with, for replays. */
  readonly webhooksMs: number;
  /** Of runs that have ended, with their windows, pages and lookups. */
  readonly ledgerMs: number;
  /** Of dead letters that were closed; open ones stay. */
  readonly deadLettersMs: number;
  /** Of changes of statuses and stocks of days, those of the whole database; undefined = for ever. */
  readonly historyMs: number | undefined;
}

export async function letGo(
  db: Db,
  account: string,
  { webhooksMs, ledgerMs, deadLettersMs, historyMs }: Retention,
): Promise<void> {
  await pruneDeliveries(db, webhooksMs, account);
  await pruneDeadLetters(db, account, deadLettersMs);
  await pruneLedger(db, account, ledgerMs);
  if (historyMs !== undefined) await pruneHistory(db, historyMs);
}

/**
 * Removes dead letters that were closed before that. One that was discarded stays for as long as its trouble recurs: else
 * it would come back as news. @returns letters that were removed
 */
export async function pruneDeadLetters(db: Db, account: string, olderThanMs: number): Promise<number> {
  const removed = await db.execute(sql`
    delete from sync.dead_letters where account = ${account}
      and greatest(resolved_at, last_seen_at) < now() - make_interval(secs => ${olderThanMs / 1_000})
      and resolved_at is not null
    returning id`);
  return removed.length;
}

/** Runs that leave at a time, with all of their pages: no long transaction, whatever has gathered. */
const BATCH = 50;

/**
 * Removes runs that ended before that, except what something still rests on: for each collection the last proof over the
 * whole of it (sync.proofs) and all that was filed, proved or counted since, and the runs of open dead letters. So a
 * collection without a newer proof keeps what proves it, however old. @returns runs that were removed
 */
export async function pruneLedger(db: Db, account: string, olderThanMs: number): Promise<number> {
  let removed = 0;
  for (;;) {
    const batch = await db.execute(sql`
      with proofs as materialized (select * from sync.proofs where account = ${account})
      delete from sync.runs where id in (
        select r.id from sync.runs r
        where r.account = ${account} and r.state <> 'running'
          and r.finished_at < now() - make_interval(secs => ${olderThanMs / 1_000})
          and not exists (select from sync.windows w left join proofs p on p.collection = w.collection
            where w.run_id = r.id and (p.whole_run_id is null or w.run_id >= p.whole_run_id
              or w.as_of >= p.whole_as_of or w.counted_at >= p.whole_as_of))
          and not exists (select from sync.dead_letters d where d.run_id = r.id and d.resolved_at is null)
        order by r.id limit ${BATCH})
      returning id`);
    removed += batch.length;
    if (batch.length < BATCH) return removed;
  }
}

/** Removes what is older. The last stock before that stays, as it holds on. @returns rows that were removed */
export function pruneHistory(db: Db, olderThanMs: number): Promise<number> {
  return db.transaction(async (tx) => {
    const [end] = await tx.execute<{ at: string }>(sql`
      select to_char(clock_timestamp() - make_interval(secs => ${olderThanMs / 1_000}), 'YYYY-MM-DD"T"HH24:MI:SS.MSOF') as at`);
    const before = sql`${end?.at}::timestamptz`;
    const changes = await tx.execute(sql`delete from hive.status_changes where observed_at < ${before} returning 1`);
    const days = await tx.execute(sql`
      delete from hive.inventory_daily d using sync.installation i
      where d.day < (${before} at time zone i.timezone)::date and exists (
        select from hive.inventory_daily later where later.account = d.account and later.sku_id = d.sku_id
          and later.warehouse_id = d.warehouse_id and later.day > d.day
          and later.day <= (${before} at time zone i.timezone)::date)
      returning 1`);
    await tx.execute(sql`update sync.installation set history_since = ${before} where history_since < ${before}`);
    return changes.length + days.length;
  });
}
