// Brings a database to where a sync may begin: schema in step, rights looked at, identity settled, days as configured.
import type { PostgresAddress } from '../addresses/postgres.js';
import type { Logger } from '../log.js';
import { schemas } from '../schema-names.js';
import { type Database, openDatabase } from './database.js';
import { settle } from './identity.js';
import { type Installation, readInstallation, setTimezone, type TimezoneChange } from './installation.js';
import { migrate } from './migrate.js';
import { checkBuilding } from './migrating/ground.js';
import { checkRights } from './missing-rights.js';

export interface Preparation {
  /** Where a queue in PostgreSQL is to be; undefined = it is elsewhere. */
  readonly queueAt: PostgresAddress | undefined;
  readonly timezone: string;
  readonly log: Logger;
  readonly signal?: AbortSignal | undefined;
  /** Told in a sentence what the migration waits for. */
  readonly waiting?: (sentence: string) => void;
  /** Without it the database's days stay as they are; told when they did not. */
  readonly timezoneChanged?: ((change: TimezoneChange) => void) | undefined;
}

/** @throws as migrate(); NotPermittedError when rights are missing */
export async function prepareDatabase(database: Database, options: Preparation): Promise<Installation> {
  const { queueAt, timezone, log, signal, waiting = () => {}, timezoneChanged } = options;
  if (queueAt !== undefined) await checkQueueGround(database, queueAt);
  const applied = await migrate(database, {
    signal,
    waiting(sentence) {
      log.warn({ problem: sentence }, 'waiting for a lock');
      waiting(sentence);
    },
  });
  if (applied.length > 0) log.info({ migrations: applied }, 'schema brought in step');
  await checkRights(database.db);
  if (await settle(database.db)) {
    log.warn('the database was restored or copied from elsewhere, and has an identity and queues of its own now');
  }
  if (timezoneChanged !== undefined) {
    const change = await setTimezone(database.db, timezone);
    if (change !== undefined) timezoneChanged(change);
  }
  return readInstallation(database.db);
}

/** Before the other schemas are made, so that none of them is left half made. */
async function checkQueueGround(database: Database, queueAt: PostgresAddress): Promise<void> {
  const isOther = queueAt !== database.address;
  const way = isOther ? await openDatabase(queueAt, { connections: 1 }) : database;
  try {
    await checkBuilding(way.db, [schemas.queue]);
    await checkRights(way.db, [schemas.queue]);
  } finally {
    if (isOther) await way.close();
  }
}
