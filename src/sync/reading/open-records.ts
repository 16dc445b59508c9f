// Which records may still change, and on which pages of the list they stand: their rank in our own rows tells.
import { type SQL, sql } from 'drizzle-orm';
import type { Executor } from '../../db/database.js';
import type { Collection } from '../collection.js';

export interface Watch {
  readonly account: string;
  readonly lookbackDays: number;
  /** Only records created up to then; null = all. */
  readonly upTo: Date | null;
}

/** A row's state can still change, or it closed so recently that other fields may. */
function isWatched({ closedWhen, changesAfterClosing, fields }: Collection, lookbackDays: number): SQL {
  if (closedWhen === 'never') return sql`true`;
  const conditions = closedWhen.map((condition) => {
    const columns = Object.entries(condition).map(
      ([column, values]) =>
        sql`${sql.identifier(column)} = any(${`{${values.map((value) => JSON.stringify(value)).join(',')}}`}::text[])`,
    );
    return sql`(${sql.join(columns, sql` and `)})`;
  });
  const open = sql`not coalesce(${sql.join(conditions, sql` or `)}, false)`;
  if (changesAfterClosing !== true || lookbackDays === 0) return open;
  const since = sql`now() - make_interval(days => ${lookbackDays})`;
  const young = 'created_at' in fields ? sql`created_at >= ${since} or ` : sql``;
  return sql`(${open} or ${young}(_changed_at > _first_seen_at and _changed_at >= ${since}))`;
}

const scope = ({ account, upTo }: Watch): SQL => sql`
  account = ${account} and _deleted_at is null
  ${upTo === null ? sql`` : sql`and created_at <= ${upTo.toISOString()}::timestamptz`}`;

/** The list's order, as documented: newest first. */
const order = ({ fields }: Collection): SQL => ('created_at' in fields ? sql`created_at desc, id desc` : sql`id desc`);

/** Pages of the list that hold watched records, ascending. @param perPage the API's items_per_page */
export async function pagesOfOpenRecords(
  db: Executor,
  collection: Collection,
  watch: Watch,
  perPage: number,
): Promise<number[]> {
  const rows = await db.execute<{ page: number }>(sql`
    select distinct ((rank - 1) / ${perPage}::int)::int + 1 as page
    from (select row_number() over (order by ${order(collection)}) as rank, ${isWatched(collection, watch.lookbackDays)} as watched
          from ${collection.pgTable} where ${scope(watch)}) as ranked
    where watched order by page`);
  return rows.map(({ page }) => page);
}

/** Watched records that none of a run's pages showed: the list moved a little, or they are gone. */
export async function openRecordsNotSeen(
  db: Executor,
  collection: Collection,
  watch: Watch,
  runId: number,
): Promise<number[]> {
  const rows = await db.execute<{ id: number }>(sql`
    select id from ${collection.pgTable} where ${scope(watch)} and ${isWatched(collection, watch.lookbackDays)}
    except
    select unnest(p.ids) from sync.windows w join sync.pages p on p.window_id = w.id
    where w.run_id = ${runId} and w.collection = ${collection.name}
    order by id`);
  return rows.map(({ id }) => id);
}
