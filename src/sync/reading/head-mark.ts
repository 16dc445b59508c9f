// How far down a head must reach: to records that the last certificate has proved already.
import { sql } from 'drizzle-orm';
import type { Db } from '../../db/database.js';
import { idList } from '../../db/id-list.js';
import type { Window } from '../../db/ledger.js';
import type { Collection } from '../collection.js';
import { headReachesTo, OVERLAP_MS } from '../runs/plan.js';
import type { PageRead } from './page-read.js';

/** Rows of a collection that are newer than where a head must reach; 0 where records carry no created_at. */
export async function countNewer(
  db: Db,
  { fields, pgTable }: Collection,
  { account }: Pick<Window, 'account'>,
  mark: Date,
): Promise<number> {
  if (!('created_at' in fields)) return 0;
  const [row] = await db.execute<{ n: number }>(sql`
    select count(*) as n from ${pgTable} where account = ${account} and _deleted_at is null
      and created_at >= ${headReachesTo(mark).toISOString()}::timestamptz`);
  return row?.n ?? 0;
}

/**
 * Reads whose last two records are older than where the head must reach. Where records carry no created_at, those are older
 * that stood on the page with which the certified window began, or had been seen well before it began. That a row is
 * there says nothing: a webhook may have brought it while that window was read, and records below it never.
 */
export async function readsBeyondMark(
  db: Db,
  collection: Collection,
  { account }: Pick<Window, 'account'>,
  reads: readonly PageRead[],
  mark: Date,
): Promise<Set<PageRead>> {
  // A single old one may have strayed up there, and proves nothing.
  const ends = reads.map((read) => ({ read, ids: read.lastIds }));
  const ids = idList(ends.flatMap((end) => end.ids));
  const rows = await db.execute<{ id: number }>(
    'created_at' in collection.fields
      ? sql`select id from ${collection.pgTable} where account = ${account} and id = any(${ids})
          and created_at < ${headReachesTo(mark).toISOString()}::timestamptz`
      : sql`
        with first_page as (
          select p.ids, p.requested_at from sync.windows w
          join sync.runs r on r.id = w.run_id
          join sync.pages p on p.window_id = w.id and p.pass >= w.base_pass and p.page = 1 and p.state = 'read'
          where w.account = ${account} and w.collection = ${collection.name} and w.state = 'certified'
            and w.kind in ('whole', 'head') and r.mode in ('full', 'incremental')
          order by coalesce(w.as_of, w.to_at) desc, w.id desc, p.requested_at limit 1)
        select unnest(ids) as id from first_page
        union
        select r.id from ${collection.pgTable} r, first_page f
        where r.account = ${account} and r.id = any(${ids})
          and r._first_seen_at < f.requested_at - make_interval(secs => ${OVERLAP_MS / 1000})`,
  );
  const old = new Set(rows.map(({ id }) => id));
  return new Set(
    ends.filter((end) => end.ids.length > 0 && end.ids.every((id) => old.has(id))).map(({ read }) => read),
  );
}
