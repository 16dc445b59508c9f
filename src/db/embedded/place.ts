// Where the cluster lives: <home>/postgres. The rule: the server's user really can enter it, and no data is ever left
// behind silently; when root's home lies behind a closed door, <home>/postgres is a link to a folder outside.
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { type Account, serverAccount } from './account.js';
import { run } from './child.js';
import { EmbeddedPostgresError, useAnotherServer } from './error.js';
import { checkFolder, checkLinks, handOver, makeFolder } from './trust.js';

/** The folder of one cluster (an absolute path without links), and the user its server runs as. */
export interface Place {
  folder: string;
  data: string;
  password: string;
  serverLog: string;
  account: Account;
}

/**
 * Creates what is missing of a path, one folder at a time: Node's own recursive mkdir runs for ever where a parent
 * exists and nothing can be created in it (/proc).
 */
function makeFolders(path: string): void {
  if (existsSync(path)) return;
  makeFolders(dirname(path));
  if (process.getuid?.() === 0) {
    // PostgreSQL's user must be able to follow, whatever root's umask is.
    makeFolder(path, { mode: 0o755 });
    return;
  }
  try {
    mkdirSync(path);
  } catch (error) {
    if (!existsSync(path)) throw error; // another process was faster
  }
}

/** Creates the home if need be and returns its absolute path. Others may pass through it; the cluster itself is 0700. */
export function prepareHome(home: string): string {
  const path = resolve(home);
  try {
    checkLinks(path);
    makeFolders(path);
    accessSync(path, constants.W_OK | constants.X_OK);
    return path;
  } catch (error) {
    if (error instanceof EmbeddedPostgresError) throw error;
    throw notUsable(path, error);
  }
}

/** Finds or creates the place of the cluster. Call it under the start lock. Rejects with EmbeddedPostgresError. */
export async function preparePlace(home: string, log: (message: string) => void): Promise<Place> {
  const folder = join(home, 'postgres');
  try {
    checkLinks(join(folder, 'data'));
    const account = serverAccount(join(folder, 'data'));
    forgetDeadLink(folder, log);
    if (!makeFolder(folder, { account })) checkFolder(realpathSync(folder), account);
    if (!(await canUse(realpathSync(folder), account))) await moveOut(home, folder, account, log);
    const real = realpathSync(folder);
    return {
      folder: real,
      data: join(real, 'data'),
      password: join(real, 'password'),
      serverLog: join(real, 'postgres.log'),
      account,
    };
  } catch (error) {
    throw error instanceof EmbeddedPostgresError ? error : notUsable(folder, error);
  }
}

async function moveOut(home: string, folder: string, account: Account, log: (message: string) => void): Promise<void> {
  const who = account.uid === undefined ? 'you' : `the server's user (uid ${account.uid})`;
  const hasData = lstatSync(join(folder, 'data'), { throwIfNoEntry: false }) !== undefined;
  if (account.uid === undefined || hasData || lstatSync(folder).isSymbolicLink()) {
    throw new EmbeddedPostgresError(
      `The folder of the embedded PostgreSQL, ${folder}, cannot be entered and written by ${who}.`,
      `Give access to it and to the folders above it, or set HIVE_SYNC_HOME to another folder. ${useAnotherServer}`,
    );
  }
  rmSync(folder, { recursive: true });
  for (const parent of ['/var/lib/hive-sync', tmpdir()]) {
    const outside = createIn(parent, home);
    if (outside === undefined) continue;
    handOver(outside, { account });
    if (await canUse(outside, account)) {
      symlinkSync(outside, folder);
      const mayVanish = parent === tmpdir() ? ' That is a temporary folder: a reboot may empty it.' : '';
      log(
        `${home} is closed to ${who}, so the database lives in ${outside} (linked from ${folder}).${mayVanish} ` +
          'Set HIVE_SYNC_HOME to a folder that other users can enter to choose the place yourself.',
      );
      return;
    }
    rmSync(outside, { recursive: true });
  }
  throw new EmbeddedPostgresError(
    `${home} cannot be entered by ${who}, and no other place was found for the database.`,
    `Set HIVE_SYNC_HOME to a folder that other users can enter. ${useAnotherServer}`,
  );
}

// A random name: nobody can have prepared it for us, and deleting the home really begins anew.
function createIn(parent: string, home: string): string | undefined {
  try {
    if (mkdirSync(parent, { recursive: true }) !== undefined) chmodSync(parent, 0o755);
    return mkdtempSync(join(parent, `${basename(dirname(home)) || 'root'}-`));
  } catch {
    return undefined;
  }
}

function forgetDeadLink(folder: string, log: (message: string) => void): void {
  if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return;
  try {
    realpathSync(folder);
  } catch {
    log(`${folder} points to a folder that is gone; starting with an empty database.`);
    rmSync(folder);
  }
}

// Asked by really trying as that user: modes, ACLs and mount options all have a say.
async function canUse(folder: string, account: Account): Promise<boolean> {
  return (await run('/bin/sh', ['-c', 'cd "$1" && test -r . && test -w .', 'sh', folder], account)).ok;
}

function notUsable(path: string, cause: unknown): EmbeddedPostgresError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new EmbeddedPostgresError(
    `The folder for the embedded PostgreSQL, ${path}, cannot be used (${reason}).`,
    `Set HIVE_SYNC_HOME to a folder you can write to. ${useAnotherServer}`,
    { cause },
  );
}
