// Deliveries of webhooks as they are stored: before the 202, until WEBHOOK_RETENTION has passed. A body that comes again
// is the same row, counted, and is looked at again: a status that went there and back sends the same body twice.
import { and, desc, eq, gte, isNull, type SQL, sql } from 'drizzle-orm';
import type { Db, Executor } from './database.js';
import { idList } from './id-list.js';
import { webhookDeliveries } from './machinery/webhook-deliveries.js';

export type Delivery = typeof webhookDeliveries.$inferSelect;
/** What has come of a delivery; see the table. */
export type DeliveryOutcome =
  | 'applied'
  | 'unchanged'
  | 'stale'
  | 'in_doubt'
  | 'fetched'
  | 'gone'
  | 'unconfirmed'
  | 'dead_letter';

export interface NewDelivery {
  readonly account: string;
  readonly bodyHash: string;
  readonly event: string | undefined;
  readonly collection: string | undefined;
  readonly recordId: number | undefined;
  readonly payload: unknown;
}

/** @returns the delivery's id, and how often its body has come */
export async function storeDelivery(db: Executor, delivery: NewDelivery): Promise<Pick<Delivery, 'id' | 'times'>> {
  const [stored] = await db
    .insert(webhookDeliveries)
    .values({
      account: delivery.account,
      body_hash: delivery.bodyHash,
      event: delivery.event ?? null,
      collection: delivery.collection ?? null,
      record_id: delivery.recordId ?? null,
      // A body may be `null`, which is JSON and no missing value.
      payload: delivery.payload === null ? sql`'null'::jsonb` : delivery.payload,
    })
    .onConflictDoUpdate({
      target: [webhookDeliveries.account, webhookDeliveries.body_hash],
      set: {
        // What a release makes of a body may change.
        collection: sql`excluded.collection`,
        record_id: sql`excluded.record_id`,
        payload: sql`excluded.payload`,
        times: sql`${webhookDeliveries.times} + 1`,
        last_received_at: sql`clock_timestamp()`,
        processed_at: null,
        outcome: null,
      },
    })
    .returning({ id: webhookDeliveries.id, times: webhookDeliveries.times });
  if (stored === undefined) throw new Error('the stored delivery was not returned');
  return stored;
}

/** Those that nobody has looked at, oldest first. */
export const untouchedDeliveries = (tx: Executor, account: string, limit: number): Promise<Delivery[]> =>
  tx
    .select()
    .from(webhookDeliveries)
    .where(
      and(
        eq(webhookDeliveries.account, account),
        isNull(webhookDeliveries.processed_at),
        isNull(webhookDeliveries.outcome),
      ),
    )
    .orderBy(webhookDeliveries.id)
    .limit(limit);

/** Does one wait for longer than that to be looked at? */
export async function hasOverdueDelivery(db: Executor, account: string, waitingMs: number): Promise<boolean> {
  const [row] = await db.execute<{ overdue: boolean }>(sql`
    select exists (select from sync.webhook_deliveries where account = ${account} and processed_at is null
      and outcome is null and last_received_at < clock_timestamp() - make_interval(secs => ${waitingMs / 1_000})) as overdue`);
  return row?.overdue === true;
}

export interface DeliveryEnd {
  readonly id: number;
  /** As often as it had come when it was looked at. When it has come again since, it is looked at again. */
  readonly times: number;
  readonly outcome: DeliveryOutcome;
  readonly collection: string | null;
  readonly record_id: number | null;
}

/** Enters what came of deliveries, in the transaction that did it. */
export async function endDeliveries(tx: Executor, ends: readonly DeliveryEnd[]): Promise<void> {
  if (ends.length === 0) return;
  await tx.execute(sql`
    with ended as materialized (
      select r.* from sync.webhook_deliveries d
      join jsonb_to_recordset(${JSON.stringify(ends)}::text::jsonb)
        as r(id bigint, times integer, outcome text, collection text, record_id bigint)
        on d.id = r.id and d.times = r.times
      order by d.id for update of d)
    update sync.webhook_deliveries d
    set outcome = r.outcome, collection = r.collection, record_id = r.record_id,
      processed_at = case when r.outcome <> 'in_doubt' then clock_timestamp() end
    from ended r where d.id = r.id and d.times = r.times`);
}

export interface DeliveryFilter {
  readonly account?: string | undefined;
  readonly since?: Date | undefined;
  /** Only those with something left to do. */
  readonly open?: boolean | undefined;
}

const conditionsOf = ({ account, since, open }: DeliveryFilter): SQL | undefined =>
  and(
    account === undefined ? undefined : eq(webhookDeliveries.account, account),
    since === undefined ? undefined : gte(webhookDeliveries.last_received_at, since),
    open === true ? isNull(webhookDeliveries.processed_at) : undefined,
  );

/** Last received first. */
export const listDeliveries = (db: Db, filter: DeliveryFilter, limit: number): Promise<Delivery[]> =>
  db
    .select()
    .from(webhookDeliveries)
    .where(conditionsOf(filter))
    .orderBy(desc(webhookDeliveries.last_received_at), desc(webhookDeliveries.id))
    .limit(limit);

export const countDeliveries = (db: Db, filter: DeliveryFilter): Promise<number> =>
  db.$count(webhookDeliveries, conditionsOf(filter));

/** Marks deliveries as not looked at. @returns their ids */
export async function replayDeliveries(db: Db, filter: DeliveryFilter): Promise<number[]> {
  const replayed = await db
    .update(webhookDeliveries)
    .set({ processed_at: null, outcome: null })
    .where(conditionsOf(filter))
    .returning({ id: webhookDeliveries.id });
  return replayed.map(({ id }) => id);
}

/** How many of these have come to what; `waiting` for those that nobody has looked at. */
export async function outcomesOf(db: Db, ids: readonly number[]): Promise<Readonly<Record<string, number>>> {
  const rows = await db.execute<{ what: string; n: number }>(sql`
    select coalesce(outcome, 'waiting') as what, count(*) as n from sync.webhook_deliveries
    where id = any(${idList(ids)}) group by 1 order by 1`);
  return Object.fromEntries(rows.map(({ what, n }) => [what, n]));
}

/** Removes deliveries that have been dealt with and did not come again for so long. @returns how many */
export async function pruneDeliveries(db: Db, olderThanMs: number, account?: string): Promise<number> {
  const removed = await db.execute(sql`
    delete from sync.webhook_deliveries where processed_at is not null
      and last_received_at < now() - make_interval(secs => ${olderThanMs / 1_000})
      ${account === undefined ? sql`` : sql`and account = ${account}`}
    returning id`);
  return removed.length;
}
