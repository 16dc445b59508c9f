// For commands that need the tables alone: the database open and in step while they act.
import { readConfig } from '../config.js';
import { pendingMigrations } from '../db/migrate.js';
import { ServiceUnavailableError } from '../errors.js';
import { openLog } from '../log.js';
import { openStore, type Store } from '../store.js';
import { foregroundLevel, type Io } from './io.js';

export async function withStore(io: Io, act: (store: Store) => Promise<number>): Promise<number> {
  const config = readConfig(io.env, { needsKey: false });
  const store = await openStore(config, { log: openLog(foregroundLevel(io.env), io.stderr) });
  try {
    await requireSchema(store);
    return await act(store);
  } finally {
    await store.close();
  }
}

/** @throws ServiceUnavailableError when the tables are not there yet */
export async function requireSchema(store: Store): Promise<void> {
  const pending = await pendingMigrations(store);
  if (pending.length > 0) {
    throw new ServiceUnavailableError(
      `The database lacks ${pending.length} migration${pending.length === 1 ? '' : 's'} of this release. Run: hive-sync migrate`,
    );
  }
}
