// Lookups: records that a run reads one by one, and what came of it.
import { and, eq, sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Db, Executor } from './database.js';
import { idList } from './id-list.js';
import type { Losses } from './losses.js';
import { lookups } from './machinery/lookups.js';

export type Lookup = typeof lookups.$inferSelect;
export type LookupReason = 'open' | 'suspect' | 'refresh' | 'retry';
export type LookupOutcome = 'written' | 'unchanged' | 'gone' | 'unconfirmed';

/**
 * Adds lookups to a run; a record that it looks up already is not asked for twice. But for a suspect: what a record was
 * before a list that leaves it out says nothing about that list.
 */
export async function addLookups(
  tx: Executor,
  run: { readonly id: number; readonly account: string },
  { collection, reason, priority }: { collection: string; reason: LookupReason; priority: number },
  recordIds: readonly number[],
): Promise<void> {
  if (recordIds.length === 0) return;
  await tx.execute(sql`
    insert into sync.lookups (run_id, account, collection, record_id, reason, priority)
    select ${run.id}, ${run.account}, ${collection}, id, ${reason}, ${priority}
    from unnest(${idList(recordIds)}) as id
    on conflict (run_id, collection, record_id) do update
      set reason = excluded.reason, priority = excluded.priority, state = 'waiting', outcome = null, losses = null,
        finished_at = null
      where excluded.reason = 'suspect' and lookups.reason <> 'suspect'`);
}

export async function readLookup(db: Executor, lookupId: number): Promise<Lookup | undefined> {
  const [lookup] = await db.select().from(lookups).where(eq(lookups.id, lookupId));
  return lookup;
}

/** The next ones of a run that wait. Suspects wait for all lists of their collection: only these tell how many there are. */
export const waitingLookups = (db: Db, runId: number, limit: number): Promise<Lookup[]> =>
  db
    .select()
    .from(lookups)
    .where(
      and(
        eq(lookups.run_id, runId),
        eq(lookups.state, 'waiting'),
        sql`(reason <> 'suspect' or not exists (select from sync.windows w where w.run_id = ${runId}
          and w.collection = ${lookups.collection} and w.kind in ('whole', 'range', 'head')
          and w.state in ('waiting', 'reading')))`,
      ),
    )
    .orderBy(lookups.id)
    .limit(limit);

/** Suspects of a run, whatever came of them. */
export async function countSuspects(db: Executor, runId: number, collection: string): Promise<number> {
  const [row] = await db.execute<{ n: number }>(sql`
    select count(*) as n from sync.lookups
    where run_id = ${runId} and collection = ${collection} and reason = 'suspect'`);
  return row?.n ?? 0;
}

/** Suspects that nobody has asked for yet are not asked for at all. */
export async function dropSuspects(tx: Executor, runId: number, collection: string): Promise<void> {
  await tx.execute(sql`
    delete from sync.lookups
    where run_id = ${runId} and collection = ${collection} and reason = 'suspect' and state = 'waiting'`);
}

/** Unless it has become that of a suspect since it was asked: then the answer came too early, and it waits for another. */
export async function finishLookup(
  tx: Executor,
  { id, reason }: Pick<Lookup, 'id' | 'reason'>,
  end: { state: 'done' | 'failed'; outcome: LookupOutcome | null; losses?: Losses | null },
): Promise<void> {
  await tx
    .update(lookups)
    .set({ ...end, finished_at: sql`now()` })
    .where(and(eq(lookups.id, id), eq(lookups.reason, reason)));
}

/** All of a run, in the order in which they were asked for. */
export const readLookups = (db: Executor, runId: number): Promise<Lookup[]> =>
  db.select().from(lookups).where(eq(lookups.run_id, runId)).orderBy(lookups.id);

/** Outcomes of a run's lookups, counted; `waiting` for those that have none yet. */
export async function countLookups(db: Executor, runId: number): Promise<Readonly<Record<string, number>>> {
  const rows = await db.execute<{ what: string; n: number }>(sql`
    select case when state = 'done' then outcome else state end as what, count(*) as n
    from sync.lookups where run_id = ${runId} group by 1`);
  return Object.fromEntries(rows.map(({ what, n }) => [what, n]));
}

/** Records that were answered with 404 and not believed to be gone. Suspects are missing in a certified list as well. */
export async function countUnconfirmed(db: Executor, runId: number): Promise<{ suspects: number; others: number }> {
  const [row] = await db.execute<{ suspects: number; others: number }>(sql`
    select count(*) filter (where reason = 'suspect') as suspects, count(*) filter (where reason <> 'suspect') as others
    from sync.lookups where run_id = ${runId} and outcome = 'unconfirmed'`);
  return { suspects: row?.suspects ?? 0, others: row?.others ?? 0 };
}

/**
 * Has the API ever answered with a single record of this collection? Only then does a 404 mean that one is gone, so
 * one that was believed to be gone counts too.
 */
export async function knowsSingleRecords(db: Executor, account: string, collection: string): Promise<boolean> {
  const [row] = await db.execute<{ known: boolean }>(sql`
    select exists (select from sync.lookups where account = ${account} and collection = ${collection}
      and outcome in ('written', 'unchanged', 'gone')) as known`);
  return row?.known === true;
}

/**
 * Rows that were buried in the run of a lookup, or within an hour in any: a gateway that is out of order meets many runs.
 * Those that a certified list missed as well are counted by themselves, and not in runs in which somebody has allowed as
 * many as there are.
 */
export async function buriedLately(
  db: Executor,
  table: PgTable,
  { account, collection, run_id: runId, reason }: Lookup,
): Promise<number> {
  const [row] = await db.execute<{ n: number }>(sql`
    select count(distinct l.record_id) as n
    from sync.lookups l join ${table} stored on stored.account = l.account and stored.id = l.record_id
    join sync.runs r on r.id = l.run_id and not r.allow_deletes
    where l.account = ${account} and l.collection = ${collection} and l.outcome = 'gone'
      and (l.reason = 'suspect') = ${reason === 'suspect'}::boolean
      and (l.run_id = ${runId} or l.finished_at > now() - interval '1 hour') and stored._deleted_at is not null`);
  return row?.n ?? 0;
}
