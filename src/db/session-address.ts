// Where what needs a session gets one: the claims on runs, and a queue in PostgreSQL. A pooler in transaction mode has none
// to give, so another way to the same database may be named.
import { randomInt } from 'node:crypto';
import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { type PostgresAddress, placeOf } from '../addresses/postgres.js';
import { UsageError } from '../errors.js';
import { postgresJsOptions } from './connection/driver-options.js';
import { type Database, lookAt } from './database.js';

export interface Wanted {
  /** QUEUE_DATABASE_URL. */
  readonly other: PostgresAddress | undefined;
  /** Without sessions claims work, a queue does not. */
  readonly hasQueue: boolean;
}

/**
 * @returns the other address, or that of the database, with what its sessions are
 * @throws UsageError with one sentence when a queue could not work there, or it is another database
 */
export async function sessionAddress(
  { db, address }: Pick<Database, 'db' | 'address'>,
  { other, hasQueue }: Wanted,
): Promise<PostgresAddress> {
  if (other === undefined) {
    if (address.sessions === 'shared' && hasQueue) throw new UsageError(sentence('DATABASE_URL', address));
    return address;
  }
  const found = await lookAt(other);
  if (found.sessions === 'shared') throw new UsageError(sentence('QUEUE_DATABASE_URL', found));
  if (!(await isSameDatabase(db, found))) {
    throw new UsageError(
      `QUEUE_DATABASE_URL (${placeOf(found)}) reaches another database than DATABASE_URL (${placeOf(address)}): both have to name the same one, the first without a pooler in transaction mode.`,
    );
  }
  return found;
}

const sentence = (variable: string, address: PostgresAddress): string =>
  variable === 'DATABASE_URL'
    ? `At ${placeOf(address)} (DATABASE_URL) a pooler in transaction mode answers, where a queue in PostgreSQL cannot work: name PostgreSQL itself, or a pooler in session mode, in QUEUE_DATABASE_URL, or keep the queue in Redis (REDIS_URL).`
    : `At ${placeOf(address)} (QUEUE_DATABASE_URL) a pooler in transaction mode answers: name PostgreSQL itself there, or a pooler in session mode.`;

/** A lock that is held in one of them is held in the other, and in no other database. */
async function isSameDatabase(db: Database['db'], address: PostgresAddress): Promise<boolean> {
  const key = randomInt(2 ** 40);
  const client = postgres({
    ...postgresJsOptions(address, 'probe'),
    max: 1,
    fetch_types: false, // it reads no arrays
    onnotice: () => {},
  });
  try {
    return await db.transaction(async (tx) => {
      await tx.execute(sql`select pg_advisory_xact_lock(${key}::bigint)`);
      const [row] = await client<{ free: boolean }[]>`select pg_try_advisory_xact_lock(${key}::bigint) as free`;
      return row?.free === false;
    });
  } finally {
    await client.end({ timeout: 1 });
  }
}
