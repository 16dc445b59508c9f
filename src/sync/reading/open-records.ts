// Which records may still change, and on which pages of the list they stand: their rank in our own rows tells. Such
// records are watched: open ones, and for a while those that have closed.
import { type SQL, sql } from 'drizzle-orm';
import type { Executor } from '../../db/database.js';
import type { Collection } from '../collection.js';
import type { Turn, WatchedPage } from './closed-turn.js';

export interface Watch {
  readonly account: string;
  readonly lookbackDays: number;
  /** Only records created up to then; null = all. */
  readonly upTo: Date | null;
}

/** A row's state can still change. */
function isOpen({ closedWhen }: Collection): SQL {
  if (closedWhen === 'never') return sql`true`;
  const conditions = closedWhen.map((condition) => {
    const columns = Object.entries(condition).map(
      ([column, values]) =>
        sql`${sql.identifier(column)} = any(${`{${values.map((value) => JSON.stringify(value)).join(',')}}`}::text[])`,
    );
    return sql`(${sql.join(columns, sql` and `)})`;
  });
  return sql`not coalesce(${sql.join(conditions, sql` or `)}, false)`;
}

/** It closed so recently that fields other than its state may still change. Open ones may be meant too. */
function isYoung({ changesAfterClosing, fields }: Collection, lookbackDays: number): SQL {
  if (changesAfterClosing !== true || lookbackDays === 0) return sql`false`;
  const since = sql`now() - make_interval(days => ${lookbackDays})`;
  const created = 'created_at' in fields ? sql`created_at >= ${since} or ` : sql``;
  return sql`(${created}(_changed_at > _first_seen_at and _changed_at >= ${since}))`;
}

const scope = ({ account, upTo }: Watch): SQL => sql`
  account = ${account} and _deleted_at is null
  ${upTo === null ? sql`` : sql`and created_at <= ${upTo.toISOString()}::timestamptz`}`;

/** The list's order, as documented: newest first. */
const order = ({ fields }: Collection): SQL =>
  'created_at' in fields ? sql`created_at desc nulls last, id desc` : sql`id desc`;

/** Pages of the list that hold watched records, ascending. @param perPage the API's items_per_page */
export async function pagesOfWatched(
  db: Executor,
  collection: Collection,
  watch: Watch,
  perPage: number,
): Promise<WatchedPage[]> {
  const createdAt = createdAtOf(collection);
  const rows = await db.execute<{ page: number; open: boolean; oldest: number | null }>(sql`
    select ((rank - 1) / ${perPage}::int)::int + 1 as page, bool_or(open) as open,
      extract(epoch from min(created) filter (where not open))::float8 * 1000 as oldest
    from (select row_number() over (order by ${order(collection)}) as rank, ${createdAt} as created,
            ${isOpen(collection)} as open, ${isYoung(collection, watch.lookbackDays)} as young
          from ${collection.pgTable} where ${scope(watch)}) as ranked
    where open or young group by 1 order by page`);
  return rows.map(({ page, open, oldest }) => ({
    page,
    isOpen: open,
    oldestClosed: oldest === null ? null : Math.round(oldest),
  }));
}

/**
 * Watched records that none of a run's pages showed: the list moved a little, or they are gone. Of the closed ones only
 * those of the turn.
 */
export async function watchedNotSeen(
  db: Executor,
  collection: Collection,
  watch: Watch,
  { turn, runId }: { turn: Turn; runId: number },
): Promise<number[]> {
  const created = sql`coalesce(${createdAtOf(collection)}, 'infinity')`;
  const rows = await db.execute<{ id: number }>(sql`
    select id from ${collection.pgTable} where ${scope(watch)}
      and (${isOpen(collection)} or ${isYoung(collection, watch.lookbackDays)}
        ${turn.below === null ? sql`` : sql`and ${created} < ${instant(turn.below)}`}
        ${turn.downTo === null ? sql`` : sql`and ${created} >= ${instant(turn.downTo)}`})
    except
    select unnest(p.ids) from sync.windows w join sync.pages p on p.window_id = w.id
    where w.run_id = ${runId} and w.collection = ${collection.name}
    order by id`);
  return rows.map(({ id }) => id);
}

const instant = (ms: number): SQL => sql`${new Date(ms).toISOString()}::timestamptz`;

const createdAtOf = ({ fields }: Collection): SQL =>
  'created_at' in fields ? sql`created_at` : sql`null::timestamptz`;
