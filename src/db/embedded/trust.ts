// Root works where others can write: in a home of theirs, and in the folder of the server's user. The rule: a link is
// followed only when root made it, what root hands over or changes is what it has just made, and it is held by a descriptor
// meanwhile, so that nobody can put something else in its place.
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { dirname, parse, resolve, sep } from 'node:path';
import type { Account } from './account.js';
import { EmbeddedPostgresError } from './error.js';

const isRoot = (): boolean => process.getuid?.() === 0;

/** Throws EmbeddedPostgresError when root would follow a link of somebody else on this absolute path, its end included. */
export function checkLinks(path: string): void {
  if (!isRoot()) return;
  let walked = parse(path).root;
  for (const part of path.slice(walked.length).split(sep)) {
    walked = resolve(walked, part);
    const found = lstatSync(walked, { throwIfNoEntry: false });
    if (found === undefined) return;
    if (!found.isSymbolicLink()) continue;
    if (found.uid !== 0) {
      throw new EmbeddedPostgresError(
        `${walked} is a link that belongs to user ${found.uid}, and root does not follow it.`,
        `Remove it, or give it to root (chown -h root ${walked}) if it is as you want it.`,
      );
    }
    checkLinks(resolve(dirname(walked), readlinkSync(walked)));
  }
}

/** What is done to something new, by descriptor. @param mode undefined = as it was made; `account` undefined = stays ours */
export interface Handover {
  readonly mode?: number;
  readonly account?: Account;
}

/** Makes a folder. @returns false when there is one, or something else, which is left as it is */
export function makeFolder(path: string, { mode = 0o700, account = {} }: Handover): boolean {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  handOver(path, { mode, account });
  return true;
}

/** For a folder that is ours already and that nobody has used. */
export function handOver(path: string, { mode, account = {} }: Handover): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_DIRECTORY);
  try {
    if (fstatSync(fd).uid !== process.getuid?.()) throw new Error(`${path} was changed by somebody else`);
    // Whatever the umask has taken away.
    if (mode !== undefined) fchmodSync(fd, mode);
    give(fd, account);
  } finally {
    closeSync(fd);
  }
}

/** A file that is not there yet, for the account alone. */
export function makeFile(path: string, text: string, account: Account): void {
  const fd = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(fd, text);
    give(fd, account);
  } finally {
    closeSync(fd);
  }
}

function give(fd: number, { uid, gid }: Account): void {
  // >>> 0: `id` prints the uid of nobody as -2 on macOS.
  if (uid !== undefined && gid !== undefined) fchownSync(fd, uid >>> 0, gid >>> 0);
}

/**
 * Is this folder, which was there before, of the account? One of root's that nobody has used (a start was cut off, or it is
 * where a disk was mounted) becomes so. Throws EmbeddedPostgresError when it is somebody else's.
 */
export function checkFolder(path: string, account: Account): void {
  const found = lstatSync(path);
  if (!found.isDirectory()) throw notAsItWas(path, 'folder');
  if (account.uid === undefined) return;
  const { uid } = found;
  if (uid === account.uid >>> 0) return;
  if (uid === 0 && readdirSync(path).length === 0) {
    handOver(path, { account });
    return;
  }
  throw new EmbeddedPostgresError(
    `${path} belongs to user ${uid} and not to the server's user (${account.uid}); hive-sync did not make it.`,
    `Move it away, or give it to that user if it is the right one (chown ${account.uid} ${path}).`,
  );
}

/** Most that is read of a file of the server, bytes. */
const MOST_BYTES = 64 * 1024;

/** Opens a file of the server. @throws as openSync; EmbeddedPostgresError for a link, and for what is no file */
export function openPlain(path: string, flags: number): { readonly fd: number; readonly stats: Stats } {
  let fd: number | undefined;
  try {
    fd = openSync(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = fstatSync(fd);
    if (stats.isFile()) return { fd, stats };
    closeSync(fd);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ELOOP') throw error;
  }
  throw notAsItWas(path, 'file');
}

const notAsItWas = (path: string, what: string) =>
  new EmbeddedPostgresError(
    `${path} is not the ${what} that it was: somebody has put something else in its place.`,
    `Find out who, and put the ${what} back.`,
  );

/** @throws as openPlain */
export function readPlain(path: string): string {
  const { fd, stats } = openPlain(path, constants.O_RDONLY);
  try {
    if (stats.size > MOST_BYTES) throw new Error(`${path} is too large`);
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}
