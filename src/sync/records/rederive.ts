// A collection's rows once more from the payloads as they were received: after a release that reads more of them.
import { sql } from 'drizzle-orm';
import type { Db, Executor } from '../../db/database.js';
import { idList } from '../../db/id-list.js';
import { differingRecords, rewriteRecords } from '../../db/rewrite.js';
import type { Collection } from '../collection.js';
import { type ParsedRecord, parseRecord } from './parse.js';
import { byHalves } from './store-records.js';

export interface Rederived {
  readonly read: number;
  readonly changed: number;
  /** Payloads that today's code or PostgreSQL refuses; their rows stay as they are. */
  readonly refused: number;
}

/** Rows in memory at a time. */
const BATCH = 500;

interface StoredPayload extends Record<string, unknown> {
  account: string;
  id: number;
  raw: unknown;
}

/** Goes through all accounts, in the order of the key. Yields the sums so far after every batch. */
export async function* rederive(db: Db, collection: Collection): AsyncGenerator<Rederived> {
  let sums: Rederived = { read: 0, changed: 0, refused: 0 };
  let after: StoredPayload | undefined;
  for (;;) {
    const batch: StoredPayload[] = await db.execute<StoredPayload>(sql`
      select account, id, _raw as raw from ${collection.pgTable}
      ${after === undefined ? sql`` : sql`where (account, id) > (${after.account}, ${after.id}::bigint)`}
      order by account, id limit ${BATCH}`);
    after = batch.at(-1);
    if (after === undefined) return;
    let changed = 0;
    let written = 0;
    for (const account of new Set(batch.map((row) => row.account))) {
      const records = readableOf(
        collection,
        batch.filter((row) => row.account === account),
      );
      const { results, refused } = await byHalves(records, (some) => rewriteWhatDiffers(db, collection, account, some));
      written += records.length - refused.length;
      changed += results.reduce((sum, n) => sum + n, 0);
    }
    sums = {
      read: sums.read + batch.length,
      changed: sums.changed + changed,
      refused: sums.refused + batch.length - written,
    };
    yield sums;
  }
}

const readableOf = (collection: Collection, rows: readonly StoredPayload[]): ParsedRecord[] =>
  rows.flatMap(({ raw }) => {
    const result = parseRecord(collection, raw);
    return result.ok ? [result.record] : [];
  });

/** Most batches differ nowhere and are only read. What differs is locked and read again: a sync may be writing it. */
async function rewriteWhatDiffers(
  db: Db,
  collection: Collection,
  account: string,
  records: readonly ParsedRecord[],
): Promise<number> {
  const ids = await differingRecords(db, collection, records, account);
  if (ids.length === 0) return 0;
  return db.transaction(async (tx) => {
    const locked = readableOf(collection, await lockPayloads(tx, collection, account, ids));
    return (await rewriteRecords(tx, collection, locked, account)).length;
  });
}

/** In the order of ids, like every writer. */
const lockPayloads = (tx: Executor, collection: Collection, account: string, ids: readonly number[]) =>
  tx.execute<StoredPayload>(sql`
    select account, id, _raw as raw from ${collection.pgTable}
    where account = ${account} and id = any(${idList(ids)})
    order by id for no key update`);
