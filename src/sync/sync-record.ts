// One record by its id: to refresh it, to see whether an open one changed, or to find out whether a missing one is gone.
import { sql } from 'drizzle-orm';
import type { Executor } from '../db/database.js';
import { fileDeadLetters, type NewDeadLetter, supersedeDeadLetters } from '../db/dead-letters.js';
import { readClock } from '../db/ledger.js';
import { resolveRecordLetters } from '../db/letter-ends.js';
import { finishLookup, knowsSingleRecords, type Lookup, type LookupOutcome, readLookup } from '../db/lookups.js';
import { recordDrift } from '../db/schema-drift.js';
import { upsertRecords } from '../db/upsert.js';
import { describe, HiveHttpError } from '../errors.js';
import type { Answer } from '../hive/client.js';
import type { Collection } from './collection.js';
import { collectionOf, type LookupTask, type SyncContext } from './context.js';
import { finishRun } from './finish-run.js';
import { parseRecord } from './parse.js';
import { persistently } from './persistently.js';
import { enqueueWaiting } from './send-out.js';
import { setTombstone } from './tombstones.js';
import type { Verdict } from './verdict.js';

/** @throws what the client throws, but for the answers that say that the record is gone */
export async function syncRecord(context: SyncContext, task: LookupTask, signal?: AbortSignal): Promise<void> {
  const lookup = await readLookup(context.db, task.lookupId);
  if (lookup === undefined || lookup.state !== 'waiting') return;
  const collection = collectionOf(context, lookup.collection);
  // Before the request: what a webhook brings after that is newer than a 404.
  const requestedAt = (await readClock(context.db)).getTime();
  const answer = await getRecord(context, collection, lookup.record_id, signal);
  if (answer === undefined) {
    const isGone = await canTellGone(context, collection, lookup, signal);
    await persistently(context, () =>
      context.db.transaction(async (tx) => {
        if (isGone) {
          await setTombstone(tx, collection, { account: context.account, recordId: lookup.record_id, requestedAt });
          await settleLetters(tx, lookup);
        }
        await finishLookup(tx, lookup.id, { state: 'done', outcome: isGone ? 'gone' : 'unconfirmed' });
      }),
    );
  } else {
    await persistently(context, () => context.db.transaction((tx) => storeRecord(tx, collection, lookup, answer)));
  }
  await enqueueWaiting(context, lookup.run_id, 'all');
  await finishRun(context, lookup.run_id);
}

/** undefined = the API says that there is no such record. */
async function getRecord(
  { client }: SyncContext,
  collection: Collection,
  recordId: number,
  signal?: AbortSignal,
): Promise<Answer<unknown> | undefined> {
  try {
    return await client.get(`${collection.path}/${recordId}`, signal);
  } catch (error) {
    if (error instanceof HiveHttpError && (error.status === 404 || error.status === 410)) return undefined;
    throw error;
  }
}

/**
 * A 404 proves something only where the API knows single records at all, which its documentation shows for some
 * collections and not for others: another record that was just listed must be found in the same way.
 */
async function canTellGone(
  context: SyncContext,
  collection: Collection,
  lookup: Lookup,
  signal?: AbortSignal,
): Promise<boolean> {
  if (await knowsSingleRecords(context.db, context.account, collection.name)) return true;
  const [witness] = await context.db.execute<{ id: number }>(sql`
    select id from ${collection.pgTable} as stored
    where account = ${context.account} and id <> ${lookup.record_id} and _deleted_at is null
      and not exists (select from sync.lookups l where l.run_id = ${lookup.run_id}
        and l.collection = ${collection.name} and l.record_id = stored.id)
    order by id desc limit 1`);
  return witness !== undefined && (await getRecord(context, collection, witness.id, signal)) !== undefined;
}

async function storeRecord(
  tx: Executor,
  collection: Collection,
  lookup: Lookup,
  answer: Answer<unknown>,
): Promise<void> {
  const { account } = lookup;
  const result = parseRecord(collection, answer.body);
  if (!result.ok) {
    await fileDeadLetters(tx, [letterOf(lookup, answer.url, 'invalid_record', result.errors, result.raw, null, 1)]);
    await finishLookup(tx, lookup.id, { state: 'failed', outcome: null });
    return;
  }
  const { record } = result;
  const provenance = { account, requestedAt: answer.requestedAt, source: 'record' as const, runId: lookup.run_id };
  const { unchanged } = await upsertRecords(tx, collection, [record], provenance);
  await recordDrift(tx, account, collection.name, record.drift);
  await settleLetters(tx, lookup);
  const outcome: LookupOutcome = unchanged === 1 ? 'unchanged' : 'written';
  await finishLookup(tx, lookup.id, { state: 'done', outcome });
}

/** The record was read well, or is known to be gone: letters about it are history. */
const settleLetters = (tx: Executor, { account, collection, record_id: id, reason }: Lookup): Promise<void> =>
  reason === 'retry'
    ? resolveRecordLetters(tx, account, collection, id)
    : supersedeDeadLetters(tx, account, collection, [id]);

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
  const errors = error instanceof HiveHttpError && error.errors.length > 0 ? error.errors : [describe(error)];
  await persistently(context, () =>
    context.db.transaction(async (tx) => {
      await fileDeadLetters(tx, [letterOf(lookup, url, verdict.code, errors, null, verdict.httpStatus, attempts)]);
      await finishLookup(tx, lookup.id, { state: 'failed', outcome: null });
    }),
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
