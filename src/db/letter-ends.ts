// How dead letters come to rest: tried again, overtaken by what was read since, or discarded by a person.
import { type SQL, sql } from 'drizzle-orm';
import type { Executor } from './database.js';
import { type DeadLetter, type GoodVersion, pageTrouble } from './dead-letters.js';
import { idList } from './id-list.js';
import type { Window } from './ledger.js';
import { firstPageOf } from './ledger-pages.js';

/** Letters as the relation `chosen`, locked by id, like everybody does (transact.ts). */
const inOrder = (condition: SQL): SQL => sql`
  with chosen as materialized (select id from sync.dead_letters where ${condition} order by id for update)`;

export async function resolveLetters(
  tx: Executor,
  letterIds: readonly number[],
  resolution: 'retried' | 'superseded',
): Promise<void> {
  await tx.execute(sql`
    ${inOrder(sql`id = any(${idList(letterIds)}) and resolved_at is null`)}
    update sync.dead_letters d set resolved_at = now(), resolution = ${resolution} from chosen where d.id = chosen.id`);
}

/** Somebody has looked and lets it be. @returns the letters that were open */
export async function discardLetters(
  tx: Executor,
  letterIds: readonly number[],
  reason: string,
): Promise<Pick<DeadLetter, 'id'>[]> {
  return tx.execute<{ id: number }>(sql`
    ${inOrder(sql`id = any(${idList(letterIds)}) and resolved_at is null`)}
    update sync.dead_letters d set resolved_at = now(), resolution = 'discarded', resolution_reason = ${reason}
    from chosen where d.id = chosen.id returning d.id`);
}

/** Fetching the record again by hand brought a good version, or the certainty that it is gone. */
export async function resolveRecordLetters(
  tx: Executor,
  account: string,
  collection: string,
  { id, at }: GoodVersion,
): Promise<void> {
  await tx.execute(sql`
    ${inOrder(sql`account = ${account} and collection = ${collection} and record_id = ${id} and resolved_at is null
      and last_seen_at < ${new Date(at).toISOString()}::timestamptz`)}
    update sync.dead_letters d set resolved_at = now(), resolution = 'retried' from chosen where d.id = chosen.id`);
}

/**
 * What stood on the page with which a window of a retry began has been read (reading/retried-page.ts). A letter that was
 * filed again meanwhile is about something else.
 */
export async function resolvePageLetters(tx: Executor, window: Window): Promise<void> {
  const page = await firstPageOf(tx, window.id);
  if (page === undefined) return;
  await tx.execute(sql`
    ${inOrder(sql`account = ${window.account} and collection = ${window.collection} and kind = 'request'
      and record_id is null and resolved_at is null
      and starts_with(fingerprint, ${pageTrouble(window.from_at, page)})
      and last_seen_at < (select started_at from sync.runs where id = ${window.run_id})`)}
    update sync.dead_letters d set resolved_at = now(), resolution = 'retried' from chosen where d.id = chosen.id`);
}

/**
 * A certificate of the whole collection: every page of it that once failed has been read, and a record that was refused
 * before and not now was read well or is not listed any more. That is also how letters of records without an id end.
 *
 * It says nothing of what lies beyond its pin, nor of what came after its first request. A page or a record that failed
 * before both of these was pinned no later and stood in the list already.
 */
export async function supersedeByCertificate(tx: Executor, window: Window): Promise<void> {
  const pin = window.to_at?.toISOString() ?? 'infinity';
  await tx.execute(sql`
    ${inOrder(sql`account = ${window.account} and collection = ${window.collection} and resolved_at is null
      and kind in ('request', 'record')
      and last_seen_at < least(${pin}::timestamptz,
        (select min(requested_at) from sync.pages where window_id = ${window.id} and pass >= ${window.base_pass}))`)}
    update sync.dead_letters d set resolved_at = now(), resolution = 'superseded' from chosen where d.id = chosen.id`);
}

/** Open letters that were last seen in a run, each once however often it met them. */
export async function countLetters(db: Executor, runId: number): Promise<number> {
  const [row] = await db.execute<{ n: number }>(sql`
    select count(*) as n from sync.dead_letters where run_id = ${runId} and resolved_at is null`);
  return row?.n ?? 0;
}

/** Collections whose open letters have become more since a run began. */
export async function grownLetters(
  db: Executor,
  runId: number,
): Promise<{ collection: string; before: number; now: number }[]> {
  return db.execute<{ collection: string; before: number; now: number }>(sql`
    select * from (
      select d.collection, count(*) filter (where d.resolved_at is null) as now,
        count(*) filter (where d.first_seen_at < r.started_at and (d.resolved_at is null or d.resolved_at >= r.started_at)) as before
      from sync.runs r join sync.dead_letters d on d.account = r.account and d.collection = any(r.collections)
      where r.id = ${runId} group by d.collection) as counted
    where now > before order by collection`);
}
