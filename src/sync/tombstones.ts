// Deletions: only a certified list of the whole collection makes a suspect, only a 404 for the single record makes a
// tombstone, and a suspicious number of them makes nothing but a message.
import { sql } from 'drizzle-orm';
import type { Executor } from '../db/database.js';
import type { Window } from '../db/ledger.js';
import type { Collection } from './collection.js';

/** More missing rows than both of these at once look like a broken list or a wrong key, not like deletions. */
export const PLAUSIBLE_SHARE = 0.05;
export const PLAUSIBLE_NUMBER = 20;

/** Rows that a certified window should have shown and did not. */
export async function suspectsOf(db: Executor, collection: Collection, window: Window): Promise<number[]> {
  const rows = await db.execute<{ id: number }>(sql`
    with listed as (
      select distinct unnest(ids) as id from sync.pages where window_id = ${window.id})
    select stored.id from ${collection.pgTable} as stored left join listed on listed.id = stored.id
    where stored.account = ${window.account} and stored._deleted_at is null and listed.id is null
      and stored._fetched_at < ${(window.started_at ?? new Date(0)).toISOString()}::timestamptz
      ${window.to_at === null ? sql`` : sql`and stored.created_at <= ${window.to_at.toISOString()}::timestamptz`}
    order by stored.id`);
  return rows.map(({ id }) => id);
}

/** Are so many suspects more than can be believed? */
export const isMassDeletion = (suspects: number, listed: number): boolean =>
  suspects > PLAUSIBLE_NUMBER && suspects > PLAUSIBLE_SHARE * (listed + suspects);

/** Marks a row as deleted at the API, unless it is known from a later request. */
export async function setTombstone(
  tx: Executor,
  collection: Collection,
  { account, recordId, requestedAt }: { account: string; recordId: number; requestedAt: number },
): Promise<void> {
  const at = new Date(requestedAt).toISOString();
  await tx.execute(sql`
    update ${collection.pgTable} set _deleted_at = ${at}::timestamptz
    where account = ${account} and id = ${recordId} and _deleted_at is null and _fetched_at <= ${at}::timestamptz`);
}
