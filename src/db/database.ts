// One connection pool to PostgreSQL, through Drizzle. Everything stored goes through here as parameters.
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { addressOf, type PostgresAddress, placeOf } from '../addresses/postgres.js';
import { describe, ServiceUnavailableError, UsageError } from '../errors.js';
import { arrayTypes } from './array-types.js';
import { postgresJsOptions } from './connection/driver-options.js';
import { settledEachTime } from './connection/each-transaction.js';
import { isOwnSession, sessionsOf } from './connection/sessions.js';
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
 * @throws ServiceUnavailableError with one sentence when the server does not answer; UsageError when a pooler refuses
 *   the options of the address
 */
export async function openDatabase(at: PostgresAddress | string, { connections = 8 } = {}): Promise<Database> {
  const given = addressOf(at);
  const open = (address: PostgresAddress) =>
    postgres({
      ...postgresJsOptions(address, ''),
      max: connections,
      backoff: reconnectAfter,
      onnotice: () => {},
      // int8 as number: ids and counts stay far below 2^53.
      types: { ...arrayTypes, int8: { to: 20, from: [20], serialize: String, parse: Number } },
      fetch_types: false,
    });
  const { client, address } = await lookedAt(given, open);
  return {
    db: drizzle(mended(settledEachTime(client, address))),
    address,
    // Whoever closes has finished; only a connection that was lost in a statement keeps the driver waiting.
    close: () => client.end({ timeout: 1 }),
  };
}

/**
 * Connects, and finds out what the sessions of the address are unless somebody has.
 * @param open makes a client for an address; it is connected when this returns
 * @returns the address with what its sessions are
 * @throws as openDatabase
 */
async function lookedAt(
  given: PostgresAddress,
  open: (address: PostgresAddress) => postgres.Sql,
): Promise<{ client: postgres.Sql; address: PostgresAddress }> {
  let client = open(given);
  try {
    if (given.sessions !== undefined) await client.unsafe('select 1');
    else if (!(await isOwnOrRefused(client))) {
      await client.end({ timeout: 1 });
      const address = { ...given, sessions: await sessionsOf(given) };
      client = open(address);
      await client.unsafe('select 1');
      return { client, address };
    }
    return { client, address: { ...given, sessions: given.sessions ?? 'own' } };
  } catch (error) {
    await client.end({ timeout: 1 });
    throw unusable(given, error);
  }
}

/** What the sessions of an address are. @throws as openDatabase */
export async function lookAt(at: PostgresAddress): Promise<PostgresAddress> {
  const { client, address } = await lookedAt(at, (one) =>
    postgres({ ...postgresJsOptions(one, 'probe'), max: 1, fetch_types: false, onnotice: () => {} }),
  );
  await client.end({ timeout: 1 });
  return address;
}

async function isOwnOrRefused(client: postgres.Sql): Promise<boolean> {
  try {
    return await isOwnSession(client);
  } catch (error) {
    if (isPoolersRefusal(error)) return false;
    throw error;
  }
}

/** PgBouncer takes few settings at the start of a session, and names the first that it does not. */
const isPoolersRefusal = (error: unknown): boolean => /unsupported startup parameter/i.test(describe(error));

function unusable(address: PostgresAddress, error: unknown): Error {
  if (error instanceof ServiceUnavailableError) return error;
  if (isPoolersRefusal(error)) {
    return new UsageError(
      `The pooler at ${placeOf(address)} does not take the options of the address (${describe(error)}). Leave them out.`,
    );
  }
  return new ServiceUnavailableError(
    `PostgreSQL at ${placeOf(address)} cannot be used: ${describe(error)}${adviceOn(error)}`,
    { cause: error },
  );
}

/** What the words of the system or of the server leave open. */
function adviceOn(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ECONNREFUSED') return '. Is the server up? Check host and port in its address';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return '. Check the host in its address';
  if (code === '3D000') return '. Make it (create database …), or check its name in the address';
  // With 28000 the server also speaks of its pg_hba.conf, and then says enough.
  if (code === '28P01' || (code === '28000' && !describe(error).includes('pg_hba')))
    return '. Check user and password in its address';
  return '';
}

/** Seconds before connection attempt n after failures: the driver's own go up to 20, and a server is back before that. */
export const reconnectAfter = (failures: number): number => Math.min(0.05 * 2 ** failures, 1);
