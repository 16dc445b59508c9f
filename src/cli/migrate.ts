// hive-sync migrate: brings the schema in step, or says whether it is.

import { readConfig } from '../config.js';
import { renewIdentity } from '../db/identity.js';
import { inOneSentence, setTimezone } from '../db/installation.js';
import { migrate, pendingMigrations } from '../db/migrate.js';
import { openLog } from '../log.js';
import { openStore } from '../store.js';
import { foregroundLevel, type Io, note, print } from './io.js';

export interface MigrateCommandOptions {
  readonly check: boolean;
  readonly recreateDependents: boolean;
  readonly newIdentity: boolean;
  readonly secondInstallation: boolean;
}

/** @returns 0 in step · 3 with --check when something is pending */
export async function migrateCommand(
  io: Io,
  { check, recreateDependents, newIdentity, secondInstallation: isSecond }: MigrateCommandOptions,
): Promise<number> {
  const config = readConfig(io.env, { needsKey: false });
  const store = await openStore(config, { log: openLog(foregroundLevel(io.env), io.stderr) });
  try {
    const tags = check
      ? await pendingMigrations(store, { isSecond })
      : await migrate(store, {
          recreateDependents,
          isSecond,
          signal: io.signal,
          waiting: (sentence) => note(io, sentence),
        });
    const change = check ? undefined : await setTimezone(store.db, config.schedule.timezone);
    if (change !== undefined) note(io, inOneSentence(change));
    if (newIdentity && !check) {
      await renewIdentity(store.db);
      note(
        io,
        'The database has a new identity: its queues in Redis begin anew, and workers have to be started again.',
      );
    }
    if (tags.length === 0) print(io, 'The schema is in step with this release.');
    else if (check) print(io, `Pending: ${tags.join(', ')}. Run: hive-sync migrate`);
    else print(io, `Applied: ${tags.join(', ')}.`);
    return check && tags.length > 0 ? 3 : 0;
  } finally {
    await store.close();
  }
}
