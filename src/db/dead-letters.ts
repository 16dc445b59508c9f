// What could not be taken in, kept with its payload. One trouble is one row, however often it recurs; a later good
// version of the record resolves it.
import { and, desc, eq, inArray, isNull, type SQL, sql } from 'drizzle-orm';
import type { Db, Executor } from './database.js';
import { deadLetters } from './machinery.js';

export type DeadLetterKind = 'request' | 'record' | 'webhook';

export interface NewDeadLetter {
  readonly account: string;
  readonly collection: string;
  readonly kind: DeadLetterKind;
  readonly runId: number | null;
  readonly page: number | null;
  /** Without secrets: the key travels in a header. */
  readonly url: string | null;
  readonly recordId: number | null;
  readonly httpStatus: number | null;
  /** Short and stable, for filters: `http_422`, `timeout`, `not_json`, `invalid_record`. */
  readonly errorCode: string;
  /** The API's own errors array, or the messages of our validation. */
  readonly errors: readonly string[];
  readonly payload: unknown;
  /** Tries that this occurrence took. */
  readonly attempts: number;
  /** Equal for two occurrences of the same trouble. */
  readonly fingerprint: string;
}

export type DeadLetter = typeof deadLetters.$inferSelect;

/** How the fingerprint of a page begins; the code of its failure follows. */
export const pageTrouble = (from: Date | null, page: number): string =>
  `request ${from?.toISOString() ?? ''} page ${page} `;

/** Somebody has looked at this very thing and let it be. With another payload or other errors it is news again. */
const STAYS_DISCARDED = sql`${deadLetters.resolution} = 'discarded'
  and ${deadLetters.payload} is not distinct from excluded.payload and ${deadLetters.errors} = excluded.errors`;

/**
 * Files letters in the transaction of the caller. A trouble that is on file already counts up and is open again, unless
 * it was discarded and has not changed since.
 * @returns how many of them are open now
 */
export async function fileDeadLetters(tx: Executor, letters: readonly NewDeadLetter[]): Promise<number> {
  const byFingerprint = new Map(letters.map((letter) => [`${letter.collection} ${letter.fingerprint}`, letter]));
  // In one order for everybody: two pages with the same trouble wait for each other instead of locking up.
  const sorted = [...byFingerprint.values()].sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
  let open = 0;
  for (const letter of sorted) {
    const values = {
      account: letter.account,
      collection: letter.collection,
      kind: letter.kind,
      run_id: letter.runId,
      page: letter.page,
      url: letter.url,
      record_id: letter.recordId,
      http_status: letter.httpStatus,
      error_code: letter.errorCode,
      errors: [...letter.errors],
      payload: letter.payload ?? null,
      attempts: letter.attempts,
      fingerprint: letter.fingerprint,
    };
    const { attempts, fingerprint, ...latest } = values;
    const [filed] = await tx
      .insert(deadLetters)
      .values(values)
      .onConflictDoUpdate({
        target: [deadLetters.account, deadLetters.collection, deadLetters.fingerprint],
        set: {
          ...latest,
          attempts: sql`${deadLetters.attempts} + ${attempts}`,
          last_seen_at: sql`now()`,
          resolved_at: sql`case when ${STAYS_DISCARDED} then ${deadLetters.resolved_at} end`,
          resolution: sql`case when ${STAYS_DISCARDED} then ${deadLetters.resolution} end`,
          resolution_reason: sql`case when ${STAYS_DISCARDED} then ${deadLetters.resolution_reason} end`,
        },
      })
      .returning({ resolved_at: deadLetters.resolved_at });
    if (filed?.resolved_at === null) open += 1;
  }
  return open;
}

/** A good version of these records has landed: letters about them are history. */
export async function supersedeDeadLetters(
  tx: Executor,
  account: string,
  collection: string,
  recordIds: readonly number[],
): Promise<void> {
  if (recordIds.length === 0) return;
  await tx.execute(sql`
    update sync.dead_letters set resolved_at = now(), resolution = 'superseded'
    where account = ${account} and collection = ${collection} and kind in ('record', 'webhook')
      and resolved_at is null and record_id = any(${`{${recordIds.join(',')}}`}::bigint[])`);
}

export interface DeadLetterFilter {
  readonly ids?: readonly number[] | undefined;
  readonly account?: string | undefined;
  readonly collection?: string | undefined;
  readonly kind?: string | undefined;
  /** Resolved ones too. */
  readonly all?: boolean | undefined;
  /** 100 unless told; null = all of them. */
  readonly limit?: number | null | undefined;
}

/** Newest first. */
export function listDeadLetters(db: Db, filter: DeadLetterFilter): Promise<DeadLetter[]> {
  const conditions: SQL[] = [];
  if (filter.ids !== undefined) conditions.push(inArray(deadLetters.id, [...filter.ids]));
  if (filter.account !== undefined) conditions.push(eq(deadLetters.account, filter.account));
  if (filter.collection !== undefined) conditions.push(eq(deadLetters.collection, filter.collection));
  if (filter.kind !== undefined) conditions.push(eq(deadLetters.kind, filter.kind));
  if (filter.all !== true) conditions.push(isNull(deadLetters.resolved_at));
  const found = db
    .select()
    .from(deadLetters)
    .where(and(...conditions))
    .orderBy(desc(deadLetters.last_seen_at), desc(deadLetters.id));
  return filter.limit === null ? found : found.limit(filter.limit ?? 100);
}

export async function readDeadLetter(db: Db, letterId: number): Promise<DeadLetter | undefined> {
  const [letter] = await db.select().from(deadLetters).where(eq(deadLetters.id, letterId));
  return letter;
}
