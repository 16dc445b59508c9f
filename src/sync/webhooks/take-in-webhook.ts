// Stored deliveries become rows: parse → the ordering rule → rows, outcomes and dead letters in one transaction. Whoever
// does it takes all that wait; one process at a time for an account.
import { sql } from 'drizzle-orm';
import type { Executor } from '../../db/database.js';
import { fileDeadLetters, type NewDeadLetter, settleDeadLetters } from '../../db/dead-letters.js';
import { recordDrift } from '../../db/schema-drift.js';
import { inLockOrder, transact } from '../../db/transact.js';
import type { UpsertResult } from '../../db/upsert.js';
import {
  type Delivery,
  type DeliveryOutcome,
  endDeliveries,
  untouchedDeliveries,
} from '../../db/webhook-deliveries.js';
import { describe } from '../../errors.js';
import { ownName } from '../../schema-names.js';
import { isConflict, isServiceAway, refusalOf } from '../../service-trouble.js';
import type { Collection } from '../collection.js';
import type { SyncContext } from '../context.js';
import { parseRecord } from '../records/parse.js';
import { problemOf, REFUSED_CODE } from '../records/store-records.js';
import { type Landed, storeVersions, type Version } from './store-versions.js';
import { askAboutDoubts } from './webhook-doubts.js';
import { type Recognised, recognise } from './webhook-shape.js';

/** Deliveries of one transaction. */
const BATCH = 100;
/** As long as one turn takes new ones, milliseconds: they may never cease, and pages wait meanwhile. */
const TURN_MS = 200;
/** Where dead letters of bodies go that fit no collection. */
export const UNKNOWN_COLLECTION = 'unknown';

/**
 * Takes in what waits, for a turn. Where somebody else is at it, who looks once more when he has done, nothing is left to do.
 * @returns false when more waits than fits into a turn: it is to be called again. @throws database trouble
 */
export async function takeInWebhooks(context: SyncContext): Promise<boolean> {
  const until = performance.now() + TURN_MS;
  let limit = BATCH;
  // Where one of them cannot be stored, the turn lasts until it is found.
  while (limit === 1 || performance.now() < until) {
    let first: number | undefined;
    try {
      const taken = await transact(context.db, async (tx) => {
        if (!(await isAlone(tx, context.account))) return undefined;
        const deliveries = await untouchedDeliveries(tx, context.account, limit);
        first = deliveries[0]?.id;
        return takeBatch(tx, context, deliveries);
      });
      if (taken === undefined) return true;
      if (taken.outcomes.length === 0) {
        // One that came in the meantime was left to us, by whoever saw that we were at it.
        if ((await untouchedDeliveries(context.db, context.account, 1)).length > 0) continue;
        await askAboutDoubts(context);
        return true;
      }
      for (const outcome of taken.outcomes) context.observer.deliveryProcessed(outcome);
      for (const [collection, sums] of taken.sums) context.observer.rowsStored(collection, sums);
    } catch (error) {
      if (isServiceAway(error) || isConflict(error)) throw error;
      // One of them cannot be stored, for what is in it or by a mistake of ours: the others must not wait for it.
      if (limit > 1) limit = 1;
      else {
        await setAside(context, first, error);
        limit = BATCH;
      }
    }
  }
  await askAboutDoubts(context);
  return false;
}

async function isAlone(tx: Executor, account: string): Promise<boolean> {
  const [row] = await tx.execute<{ alone: boolean }>(
    sql`select pg_try_advisory_xact_lock(hashtextextended(${ownName(`hive-sync webhooks ${account}`)}, 0)) as alone`,
  );
  return row?.alone === true;
}

interface Taken {
  readonly outcomes: readonly DeliveryOutcome[];
  readonly sums: readonly (readonly [collection: string, sums: UpsertResult])[];
}

async function takeBatch(
  tx: Executor,
  { account, collections }: SyncContext,
  deliveries: readonly Delivery[],
): Promise<Taken> {
  const outcomes = new Map<number, DeliveryOutcome>();
  const abouts = new Map<number, Recognised>();
  const letters: NewDeadLetter[] = [];
  const versions: Version[] = [];
  for (const delivery of deliveries) {
    const about = recognise(collections, delivery.payload, delivery.event ?? undefined);
    abouts.set(delivery.id, about);
    const result = about.collection === undefined ? undefined : parseRecord(about.collection, about.record);
    if (result?.ok) {
      versions.push({ delivery, about, record: result.record });
      continue;
    }
    letters.push(letterOf(delivery, about, result === undefined ? ['the body fits no collection'] : result.errors));
    // It cannot be read, but it says that something happened to this record.
    outcomes.set(delivery.id, result?.id === undefined ? 'dead_letter' : 'in_doubt');
  }
  const landed: ({ readonly collection: Collection } & Landed)[] = [];
  const versionsOf = (collection: Collection) => versions.filter(({ about }) => about.collection === collection);
  await inLockOrder({
    records: async () => {
      for (const collection of collections) {
        const own = versionsOf(collection);
        if (own.length > 0)
          landed.push({ collection, ...(await storeVersions(tx, account, collection, own, outcomes)) });
      }
    },
    deliveries: () =>
      endDeliveries(
        tx,
        deliveries.map(({ id, times }) => ({
          ...{ id, times, outcome: outcomes.get(id) ?? 'dead_letter' },
          collection: abouts.get(id)?.collection?.name ?? null,
          record_id: abouts.get(id)?.recordId ?? null,
        })),
      ),
    deadLetters: async () => {
      const names = new Set([
        ...letters.map(({ collection }) => collection),
        ...landed.map((one) => one.collection.name),
      ]);
      for (const name of [...names].sort()) {
        const writes = landed.find((one) => one.collection.name === name)?.writes ?? [];
        await settleDeadLetters(
          tx,
          { account, collection: name },
          {
            filed: letters.filter(({ collection }) => collection === name),
            landed: writes.map(({ record: { id }, at }) => ({ id, at })),
          },
        );
      }
    },
    drift: async () => {
      for (const { collection, writes } of landed) {
        const drift = writes.flatMap(({ record }) => record.drift);
        await recordDrift(tx, account, collection.name, drift);
      }
    },
  });
  return {
    outcomes: [...outcomes.values()],
    sums: landed.map(({ collection, sums }) => [collection.name, sums]),
  };
}

const letterOf = (
  delivery: Delivery,
  { collection, recordId }: Recognised,
  errors: readonly string[],
  errorCode = collection === undefined ? 'unknown_shape' : 'invalid_record',
): NewDeadLetter => ({
  account: delivery.account,
  collection: collection?.name ?? UNKNOWN_COLLECTION,
  kind: 'webhook',
  runId: null,
  page: null,
  url: null,
  recordId: recordId ?? null,
  httpStatus: null,
  errorCode,
  errors,
  payload: delivery.payload,
  attempts: 1,
  fingerprint: `webhook ${delivery.body_hash}`,
});

/** A delivery becomes a dead letter, unless somebody else has dealt with it, and its record is asked for, as when it cannot be read. */
async function setAside(
  { db, account, collections, log }: SyncContext,
  deliveryId: number | undefined,
  error: unknown,
): Promise<void> {
  const code = refusalOf(error);
  const problem = code === undefined ? describe(error) : problemOf(error, code);
  await transact(db, async (tx) => {
    if (!(await isAlone(tx, account))) return;
    const [delivery] = await untouchedDeliveries(tx, account, 1);
    if (delivery === undefined || delivery.id !== deliveryId) return;
    const { id, times } = delivery;
    const about = recognise(collections, delivery.payload, delivery.event ?? undefined);
    const { collection, recordId } = about;
    const outcome = collection === undefined || recordId === undefined ? 'dead_letter' : 'in_doubt';
    const place = { collection: collection?.name ?? null, record_id: recordId ?? null };
    await endDeliveries(tx, [{ id, times, outcome, ...place }]);
    await fileDeadLetters(tx, [letterOf(delivery, about, [problem], code === undefined ? 'internal' : REFUSED_CODE)]);
    // PostgreSQL's words may hold values of the record.
    log.error({ delivery: id, problem: code ?? problem }, 'a webhook became a dead letter');
  });
}
