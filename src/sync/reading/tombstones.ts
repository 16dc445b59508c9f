// Deletions: only a certified list of the whole collection makes a suspect, only a 404 for the single record makes a
// tombstone, and a suspicious number of them makes nothing but a message.
import { type SQL, sql } from 'drizzle-orm';
import { keepDaily } from '../../db/daily.js';
import type { Executor } from '../../db/database.js';
import { seenLater } from '../../db/later-reads.js';
import type { Window } from '../../db/ledger.js';
import { insertChanges, watchedOf } from '../../db/status-changes.js';
import type { Collection } from '../collection.js';

/** Between which instants, by created_at, a certified window shows every record; null = open. */
export interface Span {
  /** Inclusive; null = down to the oldest, and records without a created_at belong to it as well. */
  readonly from: Date | null;
  /** Inclusive; null = up to the newest. */
  readonly to: Date | null;
}

const within = ({ from, to }: Span, collection: Collection): SQL => {
  if (!('created_at' in collection.fields)) return sql``;
  return sql`
    ${from === null ? sql`` : sql`and created_at >= ${from.toISOString()}::timestamptz`}
    ${to === null ? sql`` : sql`and created_at <= ${to.toISOString()}::timestamptz`}`;
};

/** Ids in all reads that its proof rests on. */
const shownIn = ({ id, base_pass: basePass }: Window): SQL =>
  sql`select unnest(ids) from sync.pages where window_id = ${id} and pass >= ${basePass}`;

/** The newest read of each page that the list still has; what older reads of it showed may have gone since. */
const newestIds = ({ id, base_pass: basePass }: Window, last: number): SQL => sql`
  select unnest(ids) from (
    select distinct on (page) ids from sync.pages
    where window_id = ${id} and pass >= ${basePass} and state = 'read' and page <= ${last}
    order by page, requested_at desc) as newest`;

/**
 * Rows that a certified window should have shown and did not, in no read that its proof rests on. By EXCEPT, which sorts
 * or hashes whatever the planner believes of tables that have just been filled; a join of the two could become a loop in
 * a loop. @param before only rows from requests before that
 */
export async function suspectsOf(
  db: Executor,
  collection: Collection,
  window: Window,
  { span, before }: { span: Span; before: Date },
): Promise<number[]> {
  const rows = await db.execute<{ id: number }>(sql`
    select id from ${collection.pgTable}
    where account = ${window.account} and _deleted_at is null
      and _fetched_at < ${before.toISOString()}::timestamptz ${within(span, collection)}
    except ${shownIn(window)}
    order by id`);
  return rows.map(({ id }) => id);
}

/** Rows of one run that are asked for although nothing speaks against them but that nothing shows them. */
const MOST_UNSEEN = 200;

/**
 * Rows that are there and that nothing shows now: those that only an older read of a page has shown; those that were known
 * and that nothing but a webhook has told of since, as that may be late; and, where the list is cut by created_at, those
 * without one, those first that were not seen for the longest time. @param before start of the window's first request
 */
export async function unseenIn(
  db: Executor,
  collection: Collection,
  window: Window,
  { last, before }: { last: number; before: Date },
): Promise<number[]> {
  const start = before.toISOString();
  const told = await db.execute<{ id: number }>(sql`
    select id from ${collection.pgTable}
    where account = ${window.account} and _deleted_at is null and _source = 'webhook'
      and _fetched_at >= ${start}::timestamptz and _first_seen_at < ${start}::timestamptz
      ${within({ from: null, to: window.to_at }, collection)}
    except ${shownIn(window)}
    limit ${MOST_UNSEEN}`);
  const moved =
    window.pass === window.base_pass
      ? []
      : await db.execute<{ id: number }>(sql`
          select id from ${collection.pgTable} where account = ${window.account} and _deleted_at is null
            and id = any(array(
              ${shownIn(window)}
              except ${newestIds(window, last)}))
          limit ${MOST_UNSEEN}`);
  const undated =
    window.to_at === null || !('created_at' in collection.fields)
      ? []
      : await db.execute<{ id: number }>(sql`
          with undated as (
            select id from ${collection.pgTable}
            where account = ${window.account} and _deleted_at is null and created_at is null
            except ${shownIn(window)})
          select id from ${collection.pgTable} where account = ${window.account} and id in (select id from undated)
          order by _fetched_at limit ${MOST_UNSEEN}`);
  return [...new Set([...moved, ...told, ...undated].map(({ id }) => id))];
}

/** Rows of a collection that are not deleted. */
export async function countLiving(db: Executor, { pgTable }: Collection, account: string): Promise<number> {
  const [row] = await db.execute<{ living: number }>(
    sql`select count(*) as living from ${pgTable} where account = ${account} and _deleted_at is null`,
  );
  return row?.living ?? 0;
}

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
  const gone = [{ id: recordId, children: {}, lostParts: [] }];
  for (const child of collection.allChildren) {
    if (child.dailyTable === undefined) continue;
    await keepDaily(tx, collection.parentKey, child, child.dailyTable, gone, { account, requestedAt });
  }
}
