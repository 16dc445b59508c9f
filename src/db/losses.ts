// Values that the API gave and that could not be read: how many records of a run, and how many rows as they stand now.
import { sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Executor } from './database.js';

/** Of how many records, by dotted path. */
export type Losses = Readonly<Record<string, number>>;

export interface RunLoss {
  readonly collection: string;
  /** Dotted path in the record. */
  readonly path: string;
  /** Records of the run in which it could not be read. */
  readonly lost: number;
  /** Records of the collection that the run has read. */
  readonly records: number;
}

/**
 * What the records of a run have lost, each record once, by its newest read: pages are read again when a list moves, and
 * parts of a list overlap. A page says how many of its records lost a value and not which, so where only some did and
 * some of the page were read again later, `lost` is at most so many too high.
 */
export async function readRunLosses(db: Executor, runId: number): Promise<RunLoss[]> {
  return db.execute<RunLoss & Record<string, unknown>>(sql`
    with losing as materialized (
      select w.collection from sync.windows w join sync.pages p on p.window_id = w.id
      where w.run_id = ${runId} and p.losses is not null
      union select collection from sync.lookups where run_id = ${runId} and losses is not null),
    reads as (
      select row_number() over () as n, newest.* from (
        (select distinct on (w.id, p.page) w.collection, p.ids, p.losses, p.requested_at as at
         from sync.windows w join sync.pages p on p.window_id = w.id
         where w.run_id = ${runId} and p.state = 'read' and w.collection in (select collection from losing)
         order by w.id, p.page, p.pass desc)
        union all
        select collection, array[record_id], losses, finished_at from sync.lookups
        where run_id = ${runId} and outcome in ('written', 'unchanged') and collection in (select collection from losing)
      ) as newest),
    records as (
      select distinct on (r.collection, id) r.collection, r.n from reads r, unnest(r.ids) as id
      order by r.collection, id, r.at desc, r.n desc),
    shown as (select n, count(*) as ids from records group by n),
    total as (select collection, count(*) as records from records group by collection)
    select r.collection, loss.key as path, sum(least(loss.value::bigint, shown.ids))::float8 as lost,
      total.records::float8 as records
    from reads r join shown using (n) join total on total.collection = r.collection
      cross join lateral jsonb_each_text(r.losses) as loss
    where r.losses is not null
    group by r.collection, loss.key, total.records
    order by r.collection, lost desc, path`);
}

export interface CollectionLosses {
  /** Rows that are not tombstones and hold an older value, or none, in a column. */
  readonly rows: number;
  /** Those columns; of part tables as `table.column`. Sorted. */
  readonly columns: readonly string[];
  /** When the first of these versions came; null = there is none. */
  readonly since: Date | null;
  /** When the last one came. */
  readonly lastAt: Date | null;
}

const LOSING = sql.raw('_lost is not null and _deleted_at is null');

/** As the rows stand now; costs next to nothing while nothing is lost. */
export async function readLosses(
  db: Executor,
  account: string,
  { pgTable }: { readonly pgTable: PgTable },
): Promise<CollectionLosses> {
  const [row] = await db.execute<{ rows: number; columns: string[] | null; since: number | null; last: number | null }>(
    sql`
    select count(*) as rows, extract(epoch from min(_changed_at))::float8 * 1000 as since,
      extract(epoch from max(_changed_at))::float8 * 1000 as last,
      (select array_agg(distinct lost order by lost) from ${pgTable}, unnest(_lost) as lost
        where account = ${account} and ${LOSING}) as columns
    from ${pgTable} where account = ${account} and ${LOSING}`,
  );
  return {
    rows: row?.rows ?? 0,
    columns: row?.columns ?? [],
    since: row?.since == null ? null : new Date(row.since),
    lastAt: row?.last == null ? null : new Date(row.last),
  };
}

export async function countLosses(
  db: Executor,
  account: string,
  { pgTable }: { readonly pgTable: PgTable },
): Promise<number> {
  const [row] = await db.execute<{ rows: number }>(
    sql`select count(*) as rows from ${pgTable} where account = ${account} and ${LOSING}`,
  );
  return row?.rows ?? 0;
}
