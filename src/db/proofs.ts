// What is proved of an account's collections (the view sync.proofs), for those who say it when a run has ended.
import { sql } from 'drizzle-orm';
import type { Executor } from './database.js';

export interface Proved {
  /** The last proof over the whole list; null = never. */
  readonly wholeAsOf: Date | null;
  /** Records that were new then are in the table; null = never. */
  readonly newUpTo: Date | null;
  /** The API's count less our own when they were compared; null = not compared. */
  readonly missing: number | null;
  readonly countedAt: Date | null;
}

/** By collection; those that were never read are not in it. */
export async function readProofs(db: Executor, account: string): Promise<ReadonlyMap<string, Proved>> {
  const rows = await db.execute<{
    collection: string;
    whole: number | null;
    new_up_to: number | null;
    missing: number | null;
    counted: number | null;
  }>(sql`
    select collection, extract(epoch from whole_as_of)::float8 * 1000 as whole,
      extract(epoch from new_up_to)::float8 * 1000 as new_up_to, missing,
      extract(epoch from api_count_at)::float8 * 1000 as counted
    from sync.proofs where account = ${account}`);
  return new Map(
    rows.map(({ collection, whole, new_up_to, missing, counted }) => [
      collection,
      { wholeAsOf: toDate(whole), newUpTo: toDate(new_up_to), missing, countedAt: toDate(counted) },
    ]),
  );
}

const toDate = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));
