// From where an incremental run goes on: what is certified already, and where the last look at closed records ended.
import { sql } from 'drizzle-orm';
import type { Executor } from './database.js';
import type { Window } from './ledger.js';

/** The certified windows of a collection that reach up to what was new, as `proofs` of account and collection. */
const certifiedTops = (account: string, collection: string) => sql`
  select w.id, w.kind, coalesce(w.as_of, w.to_at) as up_to from sync.windows w join sync.runs r on r.id = w.run_id
  where w.account = ${account} and w.collection = ${collection} and w.state = 'certified'
    and w.kind in ('whole', 'head') and r.mode in ('full', 'incremental')`;

/** Is there anything to be incremental to? */
export async function isEverCertified(db: Executor, account: string, collection: string): Promise<boolean> {
  const [row] = await db.execute<{ certified: boolean }>(
    sql`select exists (${certifiedTops(account, collection)}) as certified`,
  );
  return row?.certified === true;
}

/**
 * Down to where a head must reach: the newest record that was proved, where that is earlier than the last proof. Records
 * carry Hive's clock, and ours may be hours ahead of it. undefined = nothing is certified.
 */
export async function readHeadMark(db: Executor, account: string, collection: string): Promise<Date | undefined> {
  const [row] = await db.execute<{ up_to: number | null; newest: number | null }>(sql`
    with proofs as (${certifiedTops(account, collection)})
    select extract(epoch from (select max(up_to) from proofs))::float8 * 1000 as up_to,
      extract(epoch from (select max(p.newest_at) from proofs join sync.pages p on p.window_id = proofs.id
        where proofs.id >= (select max(id) from proofs where kind = 'whole')))::float8 * 1000 as newest`);
  if (row?.up_to == null) return undefined;
  return new Date(Math.min(Math.round(row.up_to), Math.round(row.newest ?? row.up_to)));
}

/** Where the last turn of closed records before this window ended, epoch milliseconds; null = at the last one, or there was none. */
export async function readTurnEnd(db: Executor, before: Window): Promise<number | null> {
  const [row] = await db.execute<{ ms: number | null }>(sql`
    select extract(epoch from w.closed_down_to)::float8 * 1000 as ms
    from sync.windows w join sync.runs r on r.id = w.run_id
    where w.account = ${before.account} and w.collection = ${before.collection} and w.state = 'done'
      and w.kind = 'chosen' and w.id < ${before.id} and r.mode = 'incremental'
    order by w.id desc limit 1`);
  return row?.ms == null ? null : Math.round(row.ms);
}
