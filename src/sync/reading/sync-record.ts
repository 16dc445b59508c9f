// One record by its id: to refresh it, to see whether an open one changed, or to find out whether a missing one is gone.
import type { Executor } from '../../db/database.js';
import { fileDeadLetters, type NewDeadLetter, supersedeDeadLetters } from '../../db/dead-letters.js';
import { readClock } from '../../db/ledger.js';
import { resolveRecordLetters } from '../../db/letter-ends.js';
import { finishLookup, type Lookup, type LookupOutcome, readLookup } from '../../db/lookups.js';
import { persistently } from '../../db/persistently.js';
import { recordDrift } from '../../db/schema-drift.js';
import { markSeen } from '../../db/stored-states.js';
import { inLockOrder, transact } from '../../db/transact.js';
import type { UpsertResult } from '../../db/upsert.js';
import { type RecordsRead, settleDoubts } from '../../db/webhook-doubts.js';
import type { Collection } from '../collection.js';
import { collectionOf, type LookupTask, type SyncContext } from '../context.js';
import { errorsOf } from '../records/letter-texts.js';
import { lossesOf } from '../records/losses.js';
import { REFUSED_CODE, type StoreRecords, sparingOthers } from '../records/store-records.js';
import { finishRun } from '../runs/finish-run.js';
import { enqueueWaiting } from '../runs/send-out.js';
import type { Verdict } from '../verdict.js';
import { askAboutDoubts, weighAnswer } from '../webhooks/webhook-doubts.js';
import { getRecord, isBelievedGone, type SingleRecord } from './single-record.js';
import { setTombstone } from './tombstones.js';

/** @throws what the client throws, but for the answers that say that the record is gone */
export async function syncRecord(context: SyncContext, task: LookupTask, signal?: AbortSignal): Promise<void> {
  const lookup = await readLookup(context.db, task.lookupId);
  if (lookup === undefined || lookup.state !== 'waiting') return;
  const collection = collectionOf(context, lookup.collection);
  // Before the request: what a webhook brings after that is newer than a 404.
  const requestedAt = (await readClock(context.db)).getTime();
  const answer = await getRecord(context, collection, lookup.record_id, signal);
  if (answer === undefined) {
    const isGone = await isBelievedGone(context, collection, lookup, signal);
    const outcome = isGone ? 'gone' : 'unconfirmed';
    await persistently(context, () =>
      transact(context.db, (tx) =>
        inLockOrder({
          records: async () => {
            const { record_id: recordId, run_id: runId } = lookup;
            if (isGone) await setTombstone(tx, collection, { account: context.account, recordId, requestedAt, runId });
          },
          deliveries: () => settleDoubts(tx, readOf(lookup, requestedAt), outcome),
          deadLetters: async () => {
            if (isGone) await settleLetters(tx, lookup, requestedAt);
          },
          lookups: () => finishLookup(tx, lookup, { state: 'done', outcome }),
        }),
      ),
    );
  } else {
    const locking = new Set<number>();
    const sums = await persistently(context, () =>
      sparingOthers((store) =>
        transact(context.db, (tx) => storeRecord(tx, store, collection, lookup, { answer, locking })),
      ),
    );
    if (sums !== undefined) context.observer.rowsStored(collection.name, sums);
  }
  await enqueueWaiting(context, lookup.run_id, 'all');
  await finishRun(context, lookup.run_id);
  await askAboutDoubts(context);
}

const readOf = ({ account, collection, record_id }: Lookup, requestedAt: number): RecordsRead => ({
  account,
  collection,
  ids: [record_id],
  requestedAt,
});

/** @returns undefined when it cannot be read or stored: a dead letter is filed */
async function storeRecord(
  tx: Executor,
  store: StoreRecords,
  collection: Collection,
  lookup: Lookup,
  { answer, locking }: { readonly answer: SingleRecord; readonly locking: Set<number> },
): Promise<UpsertResult | undefined> {
  const { account } = lookup;
  const { url, requestedAt, result } = answer;
  const setAside = async (code: string, errors: readonly string[], payload: unknown) => {
    await inLockOrder({
      deliveries: () => settleDoubts(tx, readOf(lookup, requestedAt), 'dead_letter'),
      deadLetters: () => fileDeadLetters(tx, [letterOf(lookup, url, code, errors, payload, null, 1)]),
      lookups: () => finishLookup(tx, lookup, { state: 'failed', outcome: null }),
    });
    return undefined;
  };
  if (!result.ok) return setAside('invalid_record', result.errors, result.raw);
  const { record } = result;
  const provenance = { account, requestedAt, source: 'record' as const, runId: lookup.run_id };
  const { sums, refused } = await store(tx, collection, [record], provenance, locking);
  const [refusal] = refused;
  if (refusal !== undefined) return setAside(REFUSED_CODE, [refusal.problem], refusal.payload);
  await inLockOrder({
    records: async () => {
      // One row for one request: an answer that was asked for before must not replace what this one has seen.
      if (sums.unchanged === 1)
        await markSeen(tx, collection, { account, source: 'record', at: requestedAt }, [record.id]);
      locking.add(record.id);
    },
    deliveries: () => weighAnswer(tx, collection, [record], provenance, locking),
    deadLetters: () => settleLetters(tx, lookup, requestedAt),
    drift: () => recordDrift(tx, account, collection.name, record.drift),
    lookups: () => {
      const outcome: LookupOutcome = sums.unchanged === 1 ? 'unchanged' : 'written';
      return finishLookup(tx, lookup, { state: 'done', outcome, losses: lossesOf([record]) });
    },
  });
  return sums;
}

/** The record was read well, or is known to be gone: letters about what came before are history. */
const settleLetters = (tx: Executor, { account, collection, record_id: id, reason }: Lookup, at: number) =>
  reason === 'retry'
    ? resolveRecordLetters(tx, account, collection, { id, at })
    : supersedeDeadLetters(tx, account, collection, [{ id, at }]);

/** A record that cannot be had: a dead letter, and the run goes on. */
export async function rejectRecord(
  context: SyncContext,
  task: LookupTask,
  error: unknown,
  verdict: Extract<Verdict, { do: 'reject' }>,
  attempts: number,
): Promise<void> {
  const lookup = await readLookup(context.db, task.lookupId);
  if (lookup === undefined || lookup.state !== 'waiting') return;
  const collection = collectionOf(context, lookup.collection);
  const url = context.client.urlOf(`${collection.path}/${lookup.record_id}`);
  const errors = errorsOf(error);
  await persistently(context, () =>
    transact(context.db, (tx) =>
      inLockOrder({
        deliveries: async () => settleDoubts(tx, readOf(lookup, (await readClock(tx)).getTime()), 'dead_letter'),
        deadLetters: () =>
          fileDeadLetters(tx, [letterOf(lookup, url, verdict.code, errors, null, verdict.httpStatus, attempts)]),
        lookups: () => finishLookup(tx, lookup, { state: 'failed', outcome: null }),
      }),
    ),
  );
  await enqueueWaiting(context, lookup.run_id, 'all');
  await finishRun(context, lookup.run_id);
}

const letterOf = (
  lookup: Lookup,
  url: string,
  errorCode: string,
  errors: readonly string[],
  payload: unknown,
  httpStatus: number | null,
  attempts: number,
): NewDeadLetter => ({
  account: lookup.account,
  collection: lookup.collection,
  kind: 'record',
  runId: lookup.run_id,
  page: null,
  url,
  recordId: lookup.record_id,
  httpStatus,
  errorCode,
  errors,
  payload,
  attempts,
  fingerprint: `record ${lookup.record_id}`,
});
