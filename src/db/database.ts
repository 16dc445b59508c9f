// One connection pool to PostgreSQL, through Drizzle. Everything stored goes through here as parameters.
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { addressOf, type PostgresAddress, placeOf } from '../addresses/postgres.js';
import { describe, ServiceUnavailableError, UsageError } from '../errors.js';
import { arrayTypes } from './array-types.js';
import { postgresJsOptions } from './connection/driver-options.js';
import { mended } from './driver.js';

export type Db = PostgresJsDatabase;
/** A Db, or a transaction of it. */
export type Executor = Db | Parameters<Parameters<Db['transaction']>[0]>[0];

export interface Database {
  readonly db: Db;
  /** For connections beside this pool. Holds the password: never log it. */
  readonly address: PostgresAddress;
  close(): Promise<void>;
}

/**
 * @param connections most connections of this pool
 * @throws ServiceUnavailableError with one sentence when the server does not answer; UsageError when a pooler refuses the
 *   settings of our sessions
 */
export async function openDatabase(at: PostgresAddress | string, { connections = 8 } = {}): Promise<Database> {
  const address = addressOf(at);
  const client = postgres({
    ...postgresJsOptions(address, ''),
    max: connections,
    backoff: reconnectAfter,
    onnotice: () => {},
    // int8 as number: ids and counts stay far below 2^53.
    types: { ...arrayTypes, int8: { to: 20, from: [20], serialize: String, parse: Number } },
    fetch_types: false,
  });
  try {
    await client`select 1`;
  } catch (error) {
    await client.end({ timeout: 1 });
    if (/unsupported startup parameter/i.test(describe(error))) {
      throw new UsageError(
        `A pooler answers at ${placeOf(address)} that drops the settings of a session (${describe(error)}). DATABASE_URL has to name PostgreSQL itself.`,
      );
    }
    throw new ServiceUnavailableError(`PostgreSQL at ${placeOf(address)} cannot be used: ${describe(error)}`, {
      cause: error,
    });
  }
  // Whoever closes has finished; only a connection that was lost in a statement keeps the driver waiting.
  return { db: drizzle(mended(client)), address, close: () => client.end({ timeout: 1 }) };
}

/** Seconds before connection attempt n after failures: the driver's own go up to 20, and a server is back before that. */
export const reconnectAfter = (failures: number): number => Math.min(0.05 * 2 ** failures, 1);
