// All answers of a window as a proof needs them: what each said, and which of them share a record. The million ids of a
// large list are compared here, not in the process.
import { sql } from 'drizzle-orm';
import type { Db, Executor } from './database.js';
import type { Window } from './ledger.js';

interface ReadRow extends Record<string, unknown> {
  page: number;
  pass: number;
  records: number;
  item_count: number | null;
  items_per_page: number | null;
  page_count: number | null;
  last_ids: number[];
  newest: number | null;
  oldest: number | null;
  requested: number;
  answered: number;
}

/** Answers that come at a time: the event loop has room between two. */
const CHUNK = 2_000;

const ms = (column: string) => sql.raw(`extract(epoch from ${column})::float8 * 1000`);

/** In the order of their requests, and groups of their places (from 0) that have a record in common. */
export async function listingOf(db: Db, window: Pick<Window, 'id' | 'base_pass'>) {
  // One snapshot for both, as places are counted in each.
  return db.transaction(async (tx) => ({ reads: await readsIn(tx, window), shared: await sharedIn(tx, window) }), {
    isolationLevel: 'repeatable read',
    accessMode: 'read only',
  });
}

async function readsIn(tx: Executor, { id, base_pass: basePass }: Pick<Window, 'id' | 'base_pass'>) {
  const reads = [];
  let after: ReadRow | undefined;
  for (;;) {
    const rows: ReadRow[] = await tx.execute<ReadRow>(sql`
      select page, pass, records, item_count, items_per_page, page_count,
        to_jsonb(case when 0 < all (ids[greatest(1, cardinality(ids) - 1):]) then ids[greatest(1, cardinality(ids) - 1):]
          else array(select id from unnest(ids) with ordinality as shown(id, place) where id > 0
            order by place desc limit 2) end) as last_ids, ${ms('newest_at')} as newest,
        ${ms('oldest_at')} as oldest, ${ms('requested_at')} as requested,
        ${ms('coalesce(answered_at, committed_at)')} as answered
      from sync.pages where window_id = ${id} and pass >= ${basePass} and state = 'read'
        ${after === undefined ? sql`` : sql`and (requested_at, pass, page) > (to_timestamp(${after.requested}::float8 / 1000)::timestamptz(3), ${after.pass}::int, ${after.page}::int)`}
      order by requested_at, pass, page limit ${CHUNK}`);
    for (const row of rows) {
      reads.push({
        page: row.page,
        records: row.records,
        itemCount: row.item_count,
        itemsPerPage: row.items_per_page,
        pageCount: row.page_count,
        lastIds: row.last_ids,
        newestAt: row.newest === null ? null : Math.round(row.newest),
        oldestAt: row.oldest === null ? null : Math.round(row.oldest),
        requestedAt: Math.round(row.requested),
        answeredAt: Math.round(row.answered),
      });
    }
    after = rows.at(-1);
    if (rows.length < CHUNK) return reads;
  }
}

async function sharedIn(tx: Executor, { id, base_pass: basePass }: Pick<Window, 'id' | 'base_pass'>) {
  const rows = await tx.execute<{ places: number[] }>(sql`
    with seen as materialized (
      select n, unnest(ids) as id from (
        select row_number() over (order by requested_at, pass, page)::int - 1 as n, ids
        from sync.pages where window_id = ${id} and pass >= ${basePass} and state = 'read') as reads),
    twice as (select id from seen group by id having min(n) < max(n))
    select distinct to_jsonb(array_agg(distinct n order by n)) as places from seen join twice using (id) group by id`);
  return rows.map(({ places }) => places);
}
