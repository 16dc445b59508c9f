// Asking for one record by its id, and what its absence proves: a 404 may also come of a gateway that has lost its way.
import { sql } from 'drizzle-orm';
import { readRun } from '../../db/ledger.js';
import { buriedLately, knowsSingleRecords, type Lookup } from '../../db/lookups.js';
import { HiveBodyError, HiveHttpError } from '../../errors.js';
import type { Collection } from '../collection.js';
import type { SyncContext } from '../context.js';
import { type ParseResult, parseRecord } from '../records/parse.js';
import { isMassDeletion, PLAUSIBLE_NUMBER } from '../runs/plausible.js';
import { countLiving } from './tombstones.js';

export interface SingleRecord {
  readonly result: ParseResult;
  /** Start of the request by PostgreSQL's clock, epoch milliseconds. */
  readonly requestedAt: number;
  readonly url: string;
}

/** @returns undefined when the API says that there is no such record. @throws HiveBodyError when it shows another one */
export async function getRecord(
  { client }: SyncContext,
  collection: Collection,
  recordId: number,
  signal?: AbortSignal,
): Promise<SingleRecord | undefined> {
  try {
    const { body, requestedAt, url } = await client.get(`${collection.path}/${recordId}`, signal);
    const result = parseRecord(collection, body);
    const id = result.ok ? result.record.id : result.id;
    if (id !== undefined && id !== recordId) {
      throw new HiveBodyError(`it shows ${collection.singular} ${id} and not ${recordId}`, 200, url, undefined);
    }
    return { result, requestedAt, url };
  } catch (error) {
    if (error instanceof HiveHttpError && (error.status === 404 || error.status === 410)) return undefined;
    throw error;
  }
}

/**
 * Is a record gone that was just answered with 404? That proves something only while the API finds single records, which
 * its documentation shows for some collections and not for others. What a certified list does not show either needs no
 * more than that it once did; behind everything else stands this one answer, so another record must be found right after it.
 * So many gone at once are not believed at all, whatever speaks for it.
 */
export async function isBelievedGone(
  context: SyncContext,
  collection: Collection,
  lookup: Lookup,
  signal?: AbortSignal,
): Promise<boolean> {
  const { db, account, log } = context;
  if (await areTooManyGone(context, collection, lookup)) {
    log.warn({ run: lookup.run_id, collection: collection.name }, 'too many records are gone at once to be believed');
    return false;
  }
  if (lookup.reason === 'suspect' && (await knowsSingleRecords(db, account, collection.name))) return true;
  const witness = await witnessFor(context, collection, lookup);
  if (witness === undefined) return false;
  const found = await getRecord(context, collection, witness, signal);
  return found !== undefined && (found.result.ok || found.result.id !== undefined);
}

async function areTooManyGone({ db, account }: SyncContext, collection: Collection, lookup: Lookup): Promise<boolean> {
  const buried = await buriedLately(db, collection.pgTable, lookup);
  // Counting all rows takes a while: only when there is a need.
  if (buried < PLAUSIBLE_NUMBER) return false;
  if ((await readRun(db, lookup.run_id))?.allow_deletes === true) return false;
  return isMassDeletion(buried + 1, await countLiving(db, collection, account));
}

/** A row that no run has a doubt about, or where all are asked for, one that this run has found already. */
async function witnessFor(
  { db, account }: SyncContext,
  collection: Collection,
  lookup: Lookup,
): Promise<number | undefined> {
  const living = sql`select id from ${collection.pgTable} as stored
    where account = ${account} and id <> ${lookup.record_id} and _deleted_at is null`;
  const asked = sql`(select from sync.lookups l where l.run_id = ${lookup.run_id}
    and l.collection = ${collection.name} and l.record_id = stored.id`;
  const [other] = await db.execute<{ id: number }>(sql`${living} and not exists ${asked}) order by id desc limit 1`);
  if (other !== undefined) return other.id;
  const [found] = await db.execute<{ id: number }>(
    sql`${living} and exists ${asked} and l.outcome in ('written', 'unchanged')) order by id desc limit 1`,
  );
  return found?.id;
}
