// The guard: a small shell, parent of the server, that stops it when its last user is gone, however that one ended.
// The rule it rests on: every user holds the write end of one named pipe, and the kernel closes it with the process.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { childEnvironment } from './child.js';
import { EmbeddedPostgresError, useAnotherServer } from './error.js';
import type { Place } from './place.js';
import { poll } from './poll.js';
import { isAlive } from './processes.js';
import { checkFolder, makeFolder, readPlain } from './trust.js';

/** One use of the server by this process: an open write end, and a file that tells others we are here. */
export interface Lease {
  fd: number;
  note: string;
  guard: number;
}

// $1 pipe, $2 folder of the users' notes, $3 log, $4 postmaster.pid, then the server and its arguments.
// - The pipe is first opened both ways (fd 3), so that nobody waits for the other side; fd 3 is closed when the process
//   that starts us has opened its own end and got its answer, or is gone.
// - The watcher answers each user's line by writing the guard's pid into that user's note: a line without an answer came
//   too late, the server is being stopped.
// - Signals are switched off only after the fork: a server so young that it still has no handlers dies of the TERM, an
//   older one takes the INT that follows as "stop fast".
// - The log holds values of rows that PostgreSQL refused, and the folder may have been there before, open to all.
const SCRIPT = `
pipe=$1 users=$2 log=$3 pidfile=$4; shift 4
umask 077
[ -p "$pipe" ] || mkfifo -m 600 "$pipe" || exit 1
exec 3<>"$pipe" 4<"$pipe" || exit 1
"$@" </dev/null >>"$log" 2>&1 3>&- 4<&- &
server=$!
trap '' INT TERM HUP QUIT
is_ours() { kill -0 $$ || { read -r pid <"$pidfile" && [ "$pid" = "$server" ]; }; }
(
  while read -r user; do [ -z "$user" ] || echo $$ >"$users/$user"; done <&4
  exec 4<&-
  is_ours && kill -TERM "$server" && kill -INT "$server"
) </dev/null >/dev/null 2>&1 3>&- &
watcher=$!
exec 4<&-
echo "$server"
read -r opened
exec 3>&- >/dev/null 2>&1
wait "$server"
kill -KILL "$watcher"
wait "$watcher"
`;

/** Starts the server under a new guard and returns the server's pid with our lease. The server is not ready yet. */
export async function startGuarded(place: Place, command: string[]): Promise<{ pid: number; lease: Lease }> {
  const { pipe, users } = paths(place);
  if (!makeFolder(users, { account: place.account })) checkFolder(users, place.account);
  const pidFile = join(place.data, 'postmaster.pid');
  // detached: a session of its own, so that Ctrl-C in our terminal reaches neither guard nor server.
  const guard = spawn('/bin/sh', ['-c', SCRIPT, 'hive-sync-guard', pipe, users, place.serverLog, pidFile, ...command], {
    ...place.account,
    cwd: '/',
    env: childEnvironment,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  try {
    const pid = await firstLine(guard);
    const lease = await joinGuarded(place);
    guard.stdin.end('opened\n');
    if (lease === undefined) throw new Error('its guard does not answer');
    return { pid, lease };
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL could not be started in ${place.folder} (${(cause as Error).message}).`,
      `Set HIVE_SYNC_HOME to a folder on a local disk (named pipes must work there). ${useAnotherServer}`,
      { cause },
    );
  } finally {
    for (const stream of [guard.stdout, guard.stderr]) stream.destroy();
    guard.unref();
  }
}

/** Joins the users of a running server. Undefined when no guard listens: it is stopping the server, or was killed. */
export async function joinGuarded(place: Place): Promise<Lease | undefined> {
  const { pipe, users } = paths(place);
  let fd: number;
  try {
    // Without a reader this fails with ENXIO. Node opens with O_CLOEXEC, so no child of ours keeps the lease alive.
    fd = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch {
    return undefined;
  }
  if (!fstatSync(fd).isFIFO()) {
    closeSync(fd);
    return undefined;
  }
  const note = join(users, `${process.pid}-${randomBytes(6).toString('hex')}`);
  write(fd, `${basename(note)}\n`);
  // The empty line, which the guard skips, only asks whether it still reads.
  const answer = await poll(() => readNote(note) ?? (write(fd, '\n') ? undefined : 0), 10_000);
  if (answer) return { fd, note, guard: answer };
  closeSync(fd);
  return undefined;
}

/** Gives the lease back. The guard sees it at once. */
export function leave(lease: Lease): void {
  rmSync(lease.note, { force: true });
  closeSync(lease.fd);
}

/** True while some process has a note here; only a hint for who waits, what counts is the pipe. */
export function hasOtherUsers(place: Place): boolean {
  const { users } = paths(place);
  const notes = lstatSync(users, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(users) : [];
  const living = notes.filter((note) => isAlive(Number.parseInt(note, 10)));
  for (const note of notes) if (!living.includes(note)) rmSync(join(users, note), { force: true });
  return living.length > 0;
}

function paths(place: Place): { pipe: string; users: string } {
  return { pipe: join(place.folder, 'users.pipe'), users: join(place.folder, 'users') };
}

/** False when nobody reads the pipe any more. */
function write(fd: number, line: string): boolean {
  try {
    writeSync(fd, line);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN';
  }
}

function readNote(note: string): number | undefined {
  try {
    return Number.parseInt(readPlain(note), 10) || undefined;
  } catch {
    return undefined;
  }
}

function firstLine(guard: ReturnType<typeof spawn>): Promise<number> {
  return new Promise((resolve, reject) => {
    let errors = '';
    guard.on('error', reject);
    guard.stdin?.on('error', () => {});
    guard.stderr?.on('data', (chunk) => (errors += String(chunk)));
    guard.stdout?.once('data', (chunk) => resolve(Number.parseInt(String(chunk), 10)));
    guard.on('close', () => reject(new Error(errors.trim() || 'its guard ended at once')));
  });
}
