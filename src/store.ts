// The database alone: all that commands need which neither sync nor queue. Whoever opens a Store closes it.

import { addressOf } from './addresses/postgres.js';
import type { Config } from './config.js';
import { type Database, openDatabase } from './db/database.js';
import { openEmbeddedPostgres } from './db/embedded/index.js';
import type { Logger } from './log.js';
import { chooseSchemas } from './schema-names.js';

/** PostgreSQL, the user's own or the embedded one, and how to let go of it. */
export interface Store extends Database {
  readonly embedded: boolean;
  /** Rejects with one sentence when an embedded server is gone for good; otherwise never settles. */
  readonly lost: Promise<never>;
}

/** What `act` comes to, unless its embedded server is gone for good before. @throws EmbeddedPostgresError then */
export const unlessLost = <T>({ lost }: Pick<Store, 'lost'>, act: Promise<T>): Promise<T> => Promise.race([act, lost]);

const NEVER = new Promise<never>(() => {});

export interface StoreOptions {
  /** Told where the embedded database went, when that is not obvious. What it holds back is written with the close. */
  readonly log?: Logger;
  /** False = embedded data may be lost in a power cut (demo, tests). */
  readonly durable?: boolean;
}

/** Opens the user's PostgreSQL, or starts the embedded one. @throws ServiceUnavailableError */
export async function openStore(
  {
    database: own,
    home,
    connections,
    silenceMs,
    schemas,
  }: Pick<Config, 'database' | 'home' | 'connections' | 'silenceMs' | 'schemas'>,
  { log, durable = true }: StoreOptions = {},
): Promise<Store> {
  chooseSchemas(schemas);
  if (own !== undefined) {
    const database = await openDatabase(own, { connections });
    return { ...database, embedded: false, lost: NEVER, close: () => database.close().finally(() => log?.flush()) };
  }
  const server = await openEmbeddedPostgres({
    home,
    durable,
    ...(log === undefined ? {} : { log: (message: string) => log.info(message) }),
  });
  // It has no TLS, and listens on this machine only.
  const database = await openDatabase({ ...addressOf(server.url), tls: undefined, silenceMs }, { connections }).catch(
    async (error: unknown) => {
      await server.close();
      throw error;
    },
  );
  return {
    ...database,
    embedded: true,
    lost: server.lost,
    async close() {
      try {
        await database.close();
      } finally {
        await server.close();
        log?.flush();
      }
    },
  };
}
