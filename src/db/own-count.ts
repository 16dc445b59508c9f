// Our own count of a collection, to be held against the API's: rows that are not deleted, and records that could not be
// taken in (open dead letters) and have no row. Rows that the last certified whole list left out do not count: the API
// leaves them out for good (runs/refute.ts), or cannot confirm that they are gone, which its run has told.
import { type SQL, sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import { kinds } from './columns.js';
import type { Executor } from './database.js';
import { windows } from './machinery/ledger.js';

export interface Counted {
  readonly account: string;
  readonly collection: { readonly name: string; readonly pgTable: PgTable };
  /** By created_at, inclusive; null = open. Records without one count only where both are null. */
  readonly from: Date | null;
  readonly to: Date | null;
}

export async function ownCount(db: Executor, counted: Counted): Promise<number> {
  const { account, collection, from, to } = counted;
  const [row] = await db.execute<{ n: number }>(sql`
    select (select count(*) from ${collection.pgTable} where account = ${account} and _deleted_at is null
        ${bounds(from, to)})
      - (select count(*) from ${collection.pgTable} where account = ${account} and _deleted_at is null
          ${bounds(from, to)} and id in (select l.record_id from sync.lookups l
            where l.account = ${account} and l.collection = ${collection.name} and l.reason = 'suspect'
              and l.outcome in ('written', 'unchanged', 'unconfirmed')
              and l.run_id = (select max(w.run_id) from sync.windows w where w.account = ${account}
                and w.collection = ${collection.name} and w.kind = 'whole' and w.state = 'certified'))) as n`);
  const letters = await db.execute<{ created: string | null }>(sql`
    select case when jsonb_typeof(d.payload) = 'object' then d.payload ->> 'created_at' end as created
    from sync.dead_letters d
    where d.account = ${account} and d.collection = ${collection.name} and d.kind = 'record' and d.resolved_at is null
      and d.payload is not null and not exists (select from ${collection.pgTable} r
        where r.account = ${account} and r.id = d.record_id and r._deleted_at is null)`);
  const inside = letters.filter(({ created }) => isInside(created, counted)).length;
  return (row?.n ?? 0) + inside;
}

const bounds = (from: Date | null, to: Date | null): SQL => sql`
  ${from === null ? sql`` : sql`and created_at >= ${from.toISOString()}::timestamptz`}
  ${to === null ? sql`` : sql`and created_at <= ${to.toISOString()}::timestamptz`}`;

function isInside(created: string | null, { from, to }: Counted): boolean {
  if (from === null && to === null) return true;
  const read = kinds.instant.schema.safeParse(created);
  if (!read.success) return false;
  const at = Date.parse(read.data);
  return (from === null || at >= from.getTime()) && (to === null || at <= to.getTime());
}

/** The created_at in the middle of our rows between two instants: it halves the pages; null = there is none. */
export async function medianOf(db: Executor, { account, collection, from, to }: Counted): Promise<Date | null> {
  const [row] = await db.execute<{ ms: number | null }>(sql`
    select extract(epoch from percentile_disc(0.5) within group (order by created_at))::float8 * 1000 as ms
    from ${collection.pgTable} where account = ${account} and _deleted_at is null and created_at is not null
      ${bounds(from, to)}`);
  return row?.ms == null ? null : new Date(Math.round(row.ms));
}

/** Enters our own count beside the API's. */
export async function enterOwnCount(db: Executor, windowId: number, own: number): Promise<void> {
  await db.update(windows).set({ own_count: own }).where(sql`id = ${windowId}`);
}

/** By how much the API's count was beyond ours when the two were last compared before a run; 0 when they never were. */
export async function lastDifference(
  db: Executor,
  { account, collection, runId }: { account: string; collection: string; runId: number },
): Promise<number> {
  const [row] = await db.execute<{ difference: number }>(sql`
    select last_item_count - own_count as difference from sync.windows
    where account = ${account} and collection = ${collection} and run_id < ${runId} and own_count is not null
      and last_item_count is not null and from_at is null and to_at is null
    order by id desc limit 1`);
  return row?.difference ?? 0;
}
