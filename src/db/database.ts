// One connection pool to PostgreSQL, through Drizzle. Everything stored goes through here as parameters.
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { describe, ServiceUnavailableError } from '../errors.js';

export type Db = PostgresJsDatabase;
/** A Db, or a transaction of it. */
export type Executor = Db | Parameters<Parameters<Db['transaction']>[0]>[0];

export interface Database {
  readonly db: Db;
  /** The connection string, for BullMQ's own pool. Holds the password: never log it. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * @param connections most connections of this pool
 * @throws ServiceUnavailableError with one sentence when the server does not answer
 */
export async function openDatabase(url: string, { connections = 8 } = {}): Promise<Database> {
  const client = postgres(url, {
    max: connections,
    onnotice: () => {},
    connection: { application_name: 'hive-sync' },
    // int8 as number: ids and counts stay far below 2^53.
    types: { int8: { to: 20, from: [20], serialize: String, parse: Number } },
  });
  try {
    await client`select 1`;
  } catch (error) {
    await client.end({ timeout: 1 });
    throw new ServiceUnavailableError(`PostgreSQL at ${placeOf(url)} cannot be used: ${describe(error)}`, {
      cause: error,
    });
  }
  return { db: drizzle(preparing(client)), url, close: () => client.end({ timeout: 5 }) };
}

/** Host, port and database of a connection string, without user and password. */
export function placeOf(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname}${port === '' ? '' : `:${port}`}${pathname}`;
}

type Unsafe = (query: string, params?: never[], options?: postgres.UnsafeQueryOptions) => unknown;
type Scope = { unsafe: Unsafe; begin?: Begin; savepoint?: Begin };
type Begin = (...args: [...unknown[], (scope: Scope) => unknown]) => unknown;

/**
 * Drizzle sends its statements unprepared, which postgres.js answers with two round trips each. Ours are few and their
 * texts are constant, so they are prepared once per connection and then cost one.
 */
function preparing(client: postgres.Sql): postgres.Sql {
  const prepareIn = (scope: Scope): Scope => {
    const { unsafe, begin, savepoint } = scope;
    const passOn =
      (open: Begin): Begin =>
      (...args) => {
        const act = args.pop() as (inner: Scope) => unknown;
        return open(...args, (inner) => act(prepareIn(inner)));
      };
    scope.unsafe = (query, params, options) => unsafe(query, params, { ...options, prepare: true });
    if (begin !== undefined) scope.begin = passOn(begin);
    if (savepoint !== undefined) scope.savepoint = passOn(savepoint);
    return scope;
  };
  return prepareIn(client as unknown as Scope) as unknown as postgres.Sql;
}
