// Records that single answers show and lists do not, and the lists that should have shown them.
import { sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Executor } from './database.js';
import { idList } from './id-list.js';

export interface Unlisted extends Record<string, unknown> {
  readonly collection: string;
  readonly record_id: number;
}

/**
 * Suspects of a run that the API has shown by their ids and that no page of the run shows. Not those that an earlier
 * run, an hour before or more, has found the same way: the API leaves them out for good.
 */
export async function unlistedIn(db: Executor, runId: number): Promise<Unlisted[]> {
  const found = await db.execute<Unlisted>(sql`
    select l.collection, l.record_id from sync.lookups l
    where l.run_id = ${runId} and l.reason = 'suspect' and l.outcome in ('written', 'unchanged')
      and not exists (select from sync.lookups before join sync.runs r on r.id = before.run_id
        where before.account = l.account and before.collection = l.collection and before.record_id = l.record_id
          and before.outcome in ('written', 'unchanged') and before.reason = 'suspect' and before.run_id < l.run_id
          and r.mode = 'full' and before.finished_at < l.finished_at - interval '1 hour')
    order by l.id`);
  if (found.length === 0) return [];
  const shown = await db.execute<Unlisted>(sql`
    select distinct w.collection, seen.id as record_id
    from sync.windows w join sync.pages p on p.window_id = w.id and p.state = 'read', unnest(p.ids) as seen (id)
    where w.run_id = ${runId} and w.state <> 'split' and seen.id = any(${idList(found.map((one) => one.record_id))})`);
  const keys = new Set(shown.map(({ collection, record_id }) => `${collection} ${record_id}`));
  return found.filter(({ collection, record_id }) => !keys.has(`${collection} ${record_id}`));
}

/** Certified windows of a run that should show one of these records, as they are stored now. @returns ids of windows */
export async function windowsWithout(
  db: Executor,
  runId: number,
  { name, fields, pgTable }: { readonly name: string; readonly fields: object; readonly pgTable: PgTable },
  recordIds: readonly number[],
): Promise<number[]> {
  // A head shows what is newer than its oldest record; where it came down to the end of the list, all of it.
  const inside =
    'created_at' in fields
      ? sql`and (r.created_at is null or ((w.from_at is null or r.created_at >= w.from_at)
          and (w.to_at is null or r.created_at <= w.to_at)
          and (w.kind <> 'head' or seen.oldest is null or r.created_at > seen.oldest or seen.deepest >= w.page_count)))`
      : sql``;
  const rows = await db.execute<{ id: number }>(sql`
    select w.id from sync.windows w, lateral (
      select min(p.oldest_at) as oldest, max(p.page) as deepest from sync.pages p
      where p.window_id = w.id and p.pass >= w.base_pass and p.state = 'read') as seen
    where w.run_id = ${runId} and w.collection = ${name} and w.state = 'certified' and w.kind in ('whole', 'head', 'range')
      and exists (select from ${pgTable} r where r.account = w.account and r.id = any(${idList(recordIds)})
        and r._deleted_at is null ${inside})
    order by w.id`);
  return rows.map(({ id }) => id);
}

/** So that they can be asked for once more, when another list leaves them out. */
export async function dropLookups(
  tx: Executor,
  runId: number,
  collection: string,
  recordIds: readonly number[],
): Promise<void> {
  await tx.execute(sql`
    delete from sync.lookups where run_id = ${runId} and collection = ${collection} and reason = 'suspect'
      and record_id = any(${idList(recordIds)})`);
}
