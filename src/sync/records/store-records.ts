// Rows of one answer, of which PostgreSQL may refuse some for what is in them: such a record becomes a dead letter by
// itself, and its neighbours land in the same transaction. The usual way costs no statement more.
import { sql } from 'drizzle-orm';
import type { Executor } from '../../db/database.js';
import type { Provenance } from '../../db/stored-record.js';
import { type UpsertResult, upsertRecords } from '../../db/upsert.js';
import { describe } from '../../errors.js';
import { refusalOf } from '../../service-trouble.js';
import type { Collection } from '../collection.js';
import { keptAsText } from './bounds.js';
import type { ParsedRecord } from './parse.js';

/** A record that could be read and cannot be stored. */
export interface RefusedRecord {
  readonly record: ParsedRecord;
  /** With PostgreSQL's own words, which may hold values of the record: for a dead letter, never for a log. */
  readonly problem: string;
  /** SQLSTATE. */
  readonly code: string;
  /** What can be stored of the payload. */
  readonly payload: unknown;
}

export interface StoredRecords {
  readonly sums: UpsertResult;
  readonly landed: readonly ParsedRecord[];
  readonly refused: readonly RefusedRecord[];
}

/** Stores records in the transaction of the caller. */
export type StoreRecords = (
  tx: Executor,
  collection: Collection,
  records: readonly ParsedRecord[],
  provenance: Provenance,
  /** Rows that must be locked, also where nothing changes: see upsertRecords(). */
  locking: ReadonlySet<number>,
) => Promise<StoredRecords>;

/** Error code of the dead letters of such records. */
export const REFUSED_CODE = 'refused_by_postgresql';

/**
 * Carries out a transaction that stores records. When PostgreSQL refuses it for its values it is carried out once more,
 * and then stores with savepoints all that can be stored. @throws what the transaction throws for any other reason
 */
export async function sparingOthers<T>(transaction: (store: StoreRecords) => Promise<T>): Promise<T> {
  try {
    return await transaction(storeAll);
  } catch (error) {
    if (refusalOf(error) === undefined) throw error;
    return transaction(storeWhatCanBe);
  }
}

const storeAll: StoreRecords = async (tx, collection, records, provenance, locking) => ({
  sums: await upsertRecords(tx, collection, records, provenance, locking),
  landed: records,
  refused: [],
});

const storeWhatCanBe: StoreRecords = async (tx, collection, records, provenance, locking) => {
  // As upsertRecords() does: the later one of equal ids, in the order of ids.
  const latest = [...new Map(records.map((record) => [record.id, record])).values()].sort((a, b) => a.id - b.id);
  const { results, refused } = await byHalves(latest, (some) =>
    tx.transaction((savepoint) => upsertRecords(savepoint, collection, some, provenance, locking)),
  );
  const culprits: RefusedRecord[] = [];
  for (const { item: record, error, code } of refused) {
    const problem = problemOf(error, code);
    culprits.push({ record, problem, code, payload: await storablePayload(tx, record.raw) });
  }
  const isRefused = new Set(culprits.map(({ record }) => record.id));
  return {
    sums: {
      inserted: sumOf(results, 'inserted'),
      updated: sumOf(results, 'updated'),
      unchanged: sumOf(results, 'unchanged'),
    },
    landed: records.filter(({ id }) => !isRefused.has(id)),
    refused: culprits,
  };
};

const sumOf = (results: readonly UpsertResult[], key: keyof UpsertResult): number =>
  results.reduce((sum, result) => sum + result[key], 0);

/** For the dead letter of what is refused. */
export const problemOf = (error: unknown, code: string): string =>
  `PostgreSQL refuses it (${code}): ${describe(error)}`;

/** It may be the payload itself that is refused. */
async function storablePayload(tx: Executor, raw: unknown): Promise<unknown> {
  try {
    await tx.transaction((savepoint) => savepoint.execute(sql`select ${JSON.stringify(raw)}::text::jsonb is null`));
    return raw;
  } catch (error) {
    if (refusalOf(error) === undefined) throw error;
    return keptAsText(raw);
  }
}

interface Halved<Item, Result> {
  readonly results: readonly Result[];
  readonly refused: readonly { readonly item: Item; readonly error: unknown; readonly code: string }[];
}

/**
 * Acts on all items at once, and where PostgreSQL refuses that, on ever smaller parts of them, until the culprits stand
 * alone. In the order of the items. @throws what is no refusal
 */
export async function byHalves<Item, Result>(
  items: readonly Item[],
  act: (items: readonly Item[]) => Promise<Result>,
): Promise<Halved<Item, Result>> {
  try {
    return { results: [await act(items)], refused: [] };
  } catch (error) {
    const code = refusalOf(error);
    const [item] = items;
    if (code === undefined || item === undefined) throw error;
    if (items.length === 1) return { results: [], refused: [{ item, error, code }] };
    const middle = Math.ceil(items.length / 2);
    const first = await byHalves(items.slice(0, middle), act);
    const second = await byHalves(items.slice(middle), act);
    return { results: [...first.results, ...second.results], refused: [...first.refused, ...second.refused] };
  }
}
