// Which system user the server runs as. PostgreSQL refuses to run as root, so root has to lend it another one.
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { EmbeddedPostgresError, useAnotherServer } from './error.js';

/** Ids for child processes; both absent = our own. */
export interface Account {
  uid?: number;
  gid?: number;
}

/**
 * An ordinary user: nothing to change. Root: the owner of the existing data folder, else `postgres`, else `nobody`
 * (they need an entry in the user database, or initdb fails).
 */
export function serverAccount(dataFolder: string): Account {
  if (process.getuid?.() !== 0) return {};
  const owner = statSync(dataFolder, { throwIfNoEntry: false });
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  for (const name of ['postgres', 'nobody']) {
    try {
      return { uid: idOf('-u', name), gid: idOf('-g', name) };
    } catch {}
  }
  throw new EmbeddedPostgresError(
    'PostgreSQL does not run as root, and there is no user "postgres" or "nobody" to run it as.',
    `Start hive-sync as an ordinary user. ${useAnotherServer}`,
  );
}

function idOf(flag: '-u' | '-g', name: string): number {
  return Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
}
