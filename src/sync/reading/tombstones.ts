// Deletions: only a certified list of the whole collection makes a suspect, only a 404 for the single record makes a
// tombstone, and a suspicious number of them makes nothing but a message.
import { sql } from 'drizzle-orm';
import { keepDaily } from '../../db/daily.js';
import type { Executor } from '../../db/database.js';
import { seenLater } from '../../db/later-reads.js';
import type { Window } from '../../db/ledger.js';
import { insertChanges, watchedOf } from '../../db/status-changes.js';
import type { Collection } from '../collection.js';

/** More missing rows than both of these at once look like a broken list or a wrong key, not like deletions. */
export const PLAUSIBLE_SHARE = 0.05;
export const PLAUSIBLE_NUMBER = 20;

/**
 * Rows that a certified window should have shown and did not. By EXCEPT, which sorts or hashes whatever the planner
 * believes of tables that have just been filled; a join of the two could become a loop in a loop.
 */
export async function suspectsOf(db: Executor, collection: Collection, window: Window): Promise<number[]> {
  const rows = await db.execute<{ id: number }>(sql`
    select id from ${collection.pgTable}
    where account = ${window.account} and _deleted_at is null
      and _fetched_at < ${(window.started_at ?? new Date(0)).toISOString()}::timestamptz
      ${window.to_at === null ? sql`` : sql`and created_at <= ${window.to_at.toISOString()}::timestamptz`}
    except select unnest(ids) from sync.pages where window_id = ${window.id}
    order by id`);
  return rows.map(({ id }) => id);
}

/** Are so many suspects more than can be believed? */
export const isMassDeletion = (suspects: number, listed: number): boolean =>
  suspects > PLAUSIBLE_NUMBER && suspects > PLAUSIBLE_SHARE * (listed + suspects);

/** Marks a row as deleted at the API, and ends what is kept of it by day, unless it is known from a later request. */
export async function setTombstone(
  tx: Executor,
  collection: Collection,
  { account, recordId, requestedAt, runId }: { account: string; recordId: number; requestedAt: number; runId: number },
): Promise<void> {
  const at = new Date(requestedAt).toISOString();
  const seen = { collection: collection.name, account, at, source: 'record', runId } as const;
  const buried = await tx.execute<{ id: number }>(sql`
    with buried as (
      update ${collection.pgTable} as stored set _deleted_at = ${at}::timestamptz
      where account = ${account} and id = ${recordId} and _deleted_at is null and _fetched_at <= ${at}::timestamptz
        and not exists (select from (${seenLater(seen)}) as later where later.id = ${recordId})
      returning id, ${sql.raw(watchedOf('stored', []))} as after),
    changed as (select id, '{}'::jsonb as before, after from buried),
    kept as (${insertChanges(seen)})
    select id from buried`);
  if (buried.length === 0) return;
  // What is gone has nothing on any shelf from that day on; when it comes back, it has what it then shows.
  const gone = [{ id: recordId, children: {} }];
  for (const child of collection.allChildren) {
    if (child.dailyTable === undefined) continue;
    await keepDaily(tx, collection.parentKey, child, child.dailyTable, gone, { account, requestedAt });
  }
}
