// The versions that deliveries brought of some records, judged one after another against what is stored, and written.
import type { Executor } from '../../db/database.js';
import { lockStoredRows, markSeen, type StoredRow } from '../../db/stored-states.js';
import { type UpsertResult, upsertRecords } from '../../db/upsert.js';
import type { Delivery, DeliveryOutcome } from '../../db/webhook-deliveries.js';
import { ConflictError } from '../../errors.js';
import type { Collection } from '../collection.js';
import type { ParsedRecord } from '../records/parse.js';
import { compareVersions } from '../records/version-order.js';
import { judgeDelivery } from './judge-delivery.js';
import type { Recognised } from './webhook-shape.js';

/** A delivery with what could be read of it. */
export interface Version {
  readonly delivery: Delivery;
  readonly about: Recognised;
  readonly record: ParsedRecord;
}

/** What is written of a delivery. */
interface Write {
  readonly record: ParsedRecord;
  /** Its state is not older than that, epoch milliseconds. */
  readonly at: number;
}

export interface Landed {
  readonly writes: readonly Write[];
  readonly sums: UpsertResult;
}

/**
 * Stores the versions of one collection in the transaction of the caller.
 * @param outcomes by id of a delivery; those of the versions are entered
 * @throws ConflictError when a record has come meanwhile, against which they must be judged again
 */
export async function storeVersions(
  tx: Executor,
  account: string,
  collection: Collection,
  versions: readonly Version[],
  outcomes: Map<number, DeliveryOutcome>,
): Promise<Landed> {
  const ids = [...new Set(versions.map(({ record }) => record.id))].sort((a, b) => a - b);
  const all: Write[] = [];
  const sums = { inserted: 0, updated: 0, unchanged: 0 };
  // One after the other: a row that is not there yet is locked by its insertion, in the order of ids like all others.
  for (const id of ids) {
    const own = versions.filter(({ record }) => record.id === id).sort(byReceipt);
    const stored = (await lockStoredRows(tx, collection, account, [id])).get(id);
    const { writes, seenAt } = settleOrder(collection, stored, own, outcomes);
    for (const [nth, { record, at }] of writes.entries()) {
      const provenance = { account, requestedAt: at, source: 'webhook' as const, runId: null };
      const { inserted, updated } = await upsertRecords(tx, collection, [record], provenance);
      // It was judged against no row, and somebody has brought one meanwhile: what is newer must be judged again.
      if (stored === undefined && nth === 0 && inserted !== 1) throw new ConflictError('the record has come meanwhile');
      sums.inserted += inserted;
      sums.updated += updated;
      all.push({ record, at });
    }
    if (seenAt !== undefined) await markSeen(tx, collection, { account, source: 'webhook', at: seenAt }, [id]);
  }
  return { writes: all, sums };
}

const byReceipt = (a: Version, b: Version): number =>
  a.delivery.last_received_at.getTime() - b.delivery.last_received_at.getTime() || a.delivery.id - b.delivery.id;

interface Settled {
  /** In this order, each newer than the one before. */
  readonly writes: readonly Write[];
  /** When the row's content was last delivered, if it was. */
  readonly seenAt: number | undefined;
}

/** Judges the deliveries of one record one after another, each against what the ones before it left. */
function settleOrder(
  collection: Collection,
  stored: StoredRow | undefined,
  versions: readonly Version[],
  outcomes: Map<number, DeliveryOutcome>,
): Settled {
  let now = stored;
  let seenAt: number | undefined;
  const writes: Write[] = [];
  for (const { delivery, about, record } of versions) {
    const receivedAt = delivery.last_received_at.getTime();
    const { hash, raw } = record;
    const { eventAt, isWrapped } = about;
    const judgement = judgeDelivery(collection, now, { hash, raw, receivedAt, eventAt, isWrapped });
    outcomes.set(delivery.id, judgement);
    // Newer than what came later: then it is as new as that.
    const at = Math.max(receivedAt, now?.fetchedAt ?? 0);
    if (judgement === 'applied') {
      writes.push({ record, at });
      now = { hash, raw, fetchedAt: at, source: 'webhook', deletedAt: undefined };
    } else if (judgement === 'unchanged' && now !== undefined && receivedAt > now.fetchedAt) {
      seenAt = receivedAt;
      now = { ...now, fetchedAt: receivedAt, source: 'webhook' };
    }
  }
  // What was in doubt against an older row may be old for certain against the newest one.
  for (const { delivery, record } of versions) {
    if (outcomes.get(delivery.id) !== 'in_doubt' || now === undefined) continue;
    if (compareVersions(collection, record.raw, now.raw) === 'older') outcomes.set(delivery.id, 'stale');
  }
  return { writes, seenAt };
}
