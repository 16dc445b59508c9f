// Deliveries of which nobody can tell whether they are newer than their rows: raised, settled by what was read since, and
// which of their records may be asked for now.
import { sql } from 'drizzle-orm';
import type { Executor } from './database.js';
import { idList } from './id-list.js';
import type { DeliveryOutcome } from './webhook-deliveries.js';

export interface RecordsRead {
  readonly account: string;
  readonly collection: string;
  readonly ids: readonly number[];
  /** Start of the request, epoch milliseconds. */
  readonly requestedAt: number;
}

export interface TouchingDelivery extends Record<string, unknown> {
  readonly id: number;
  readonly record_id: number;
  readonly outcome: DeliveryOutcome | null;
  /** Did it come while or after the request was under way? */
  readonly is_recent: boolean;
}

/** Deliveries that an answer has to do with: in doubt, or received since it was asked for. */
export async function deliveriesTouching(
  tx: Executor,
  { account, collection, ids, requestedAt }: RecordsRead,
): Promise<TouchingDelivery[]> {
  if (ids.length === 0) return [];
  const at = new Date(requestedAt).toISOString();
  return tx.execute<TouchingDelivery>(sql`
    select id, record_id, outcome, last_received_at >= ${at}::timestamptz as is_recent from sync.webhook_deliveries
    where account = ${account} and collection = ${collection} and record_id = any(${idList(ids)})
      and (outcome = 'in_doubt' or last_received_at >= ${at}::timestamptz)`);
}

/** A read that began after they were received has told how these records are: no doubt is left. */
export async function settleDoubts(
  tx: Executor,
  { account, collection, ids, requestedAt }: RecordsRead,
  outcome: 'fetched' | 'gone' | 'unconfirmed' | 'dead_letter',
): Promise<void> {
  await tx.execute(sql`
    with settled as materialized (
      select id from sync.webhook_deliveries
      where account = ${account} and collection = ${collection} and record_id = any(${idList(ids)})
        and outcome = 'in_doubt' and last_received_at < ${new Date(requestedAt).toISOString()}::timestamptz
      order by id for update)
    update sync.webhook_deliveries d set outcome = ${outcome}, processed_at = clock_timestamp()
    from settled where d.id = settled.id`);
}

/** Something else came of these records meanwhile, and nobody can tell which is newer. */
export async function raiseDoubts(tx: Executor, deliveryIds: readonly number[]): Promise<void> {
  await tx.execute(sql`
    with raised as materialized (
      select id from sync.webhook_deliveries where id = any(${idList(deliveryIds)}) and processed_at is not null
      order by id for update)
    update sync.webhook_deliveries d set outcome = 'in_doubt', processed_at = null
    from raised where d.id = raised.id`);
}

/**
 * How many records in doubt may be asked for now. While other runs are under way, all that webhooks made us ask for in the
 * last window of the budget counts.
 */
export async function roomForDoubts(
  tx: Executor,
  account: string,
  { most, windowMs }: { readonly most: number; readonly windowMs: number },
): Promise<number> {
  const [row] = await tx.execute<{ n: number }>(sql`
    select count(*) as n from sync.lookups l join sync.runs r on r.id = l.run_id
    where r.account = ${account} and r.trigger = 'webhook'
      and (r.state = 'running' or r.finished_at > now() - make_interval(secs => ${windowMs / 1_000}))
      and (l.finished_at is null or l.finished_at > now() - make_interval(secs => ${windowMs / 1_000}))
      and exists (select from sync.runs o where o.account = ${account} and o.state = 'running' and o.trigger <> 'webhook')`);
  return most - (row?.n ?? 0);
}

/** Anybody who has heard a body can repeat it, so each time it takes longer until its record is asked for once more. */
const REPEATED_AFTER_S = { second: 5, most: 600 };

/** Records in doubt that no run is about to ask for; of bodies that came before, those that nobody has asked for lately. */
export const recordsInDoubt = (
  tx: Executor,
  account: string,
  limit: number,
): Promise<{ collection: string; id: number }[]> =>
  tx.execute<{ collection: string; id: number }>(sql`
    select distinct collection, record_id as id from sync.webhook_deliveries d
    where account = ${account} and processed_at is null and outcome = 'in_doubt'
      and not exists (select from sync.runs r join sync.lookups l on l.run_id = r.id
        where r.account = ${account} and r.state = 'running' and l.state = 'waiting'
          and l.collection = d.collection and l.record_id = d.record_id)
      and not (d.times > 1 and exists (select from sync.runs r join sync.lookups l on l.run_id = r.id
        where r.account = ${account} and r.trigger = 'webhook' and l.collection = d.collection and l.record_id = d.record_id
          and l.finished_at > now() - make_interval(secs => least(${REPEATED_AFTER_S.most},
            ${REPEATED_AFTER_S.second} * 2.0 ^ (least(d.times, 20) - 2)))))
    order by collection, id limit ${limit}`);
