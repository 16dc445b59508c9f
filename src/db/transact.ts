// Transactions that write what others write too. Rule: everybody takes locks in one order, and here is that order. A
// transaction that met another one all the same is run again at once: nothing was wrong with it.
import pRetry, { AbortError } from 'p-retry';
import { isConflict } from '../service-trouble.js';
import type { Db, Executor } from './database.js';

/**
 * The order in which the parts of a transaction take their locks, whoever it is. Inside a part, rows are taken in the
 * order of their keys, in one statement. Tables that are only added to (history, touched keys of rollups) need no place.
 *
 * records      rows of schema hive in the order of collections and ids, with their parts and their stock of the day
 * deliveries   sync.webhook_deliveries by id
 * deadLetters  sync.dead_letters by id, new ones by fingerprint
 * drift        sync.schema_drift by key
 * lookups      sync.lookups
 * ledger       sync.pages and sync.windows
 */
const LOCK_ORDER = ['records', 'deliveries', 'deadLetters', 'drift', 'lookups', 'ledger'] as const;
type Part = (typeof LOCK_ORDER)[number];
type Parts = Partial<Record<Part, () => Promise<unknown>>>;
type Results<P extends Parts> = { [Name in keyof P]: P[Name] extends () => Promise<infer T> ? T : undefined };

/**
 * Carries out the parts of a transaction in the order of locks, whatever the order in which they are written.
 * @returns what each gave
 */
export async function inLockOrder<P extends Parts>(parts: P): Promise<Results<P>> {
  const results: Partial<Record<Part, unknown>> = {};
  for (const name of LOCK_ORDER) {
    const act = parts[name];
    if (act !== undefined) results[name] = await act();
  }
  return results as Results<P>;
}

/** Tries that follow the first at once, each a little later than the one before. */
const CONFLICT_RETRIES = 6;

/** A transaction, run again at once when it met another one (40001, 40P01, ConflictError). @throws all else */
export const transact = <T>(db: Db, act: (tx: Executor) => Promise<T>): Promise<T> =>
  pRetry(
    async () => {
      try {
        return await db.transaction(act);
      } catch (error) {
        if (isConflict(error)) throw error;
        throw new AbortError(error instanceof Error ? error : new Error(String(error)));
      }
    },
    { retries: CONFLICT_RETRIES, minTimeout: 5, factor: 2, randomize: true },
  );
