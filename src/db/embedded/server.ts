// The running server: is there one, start one, wait until one is gone. The rule: never two on the same data.
import { closeSync, constants, lstatSync, readSync, renameSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Binaries } from './binaries.js';
import { lastLines } from './cluster.js';
import { EmbeddedPostgresError, useAnotherServer } from './error.js';
import { type Lease, leave, startGuarded } from './guard.js';
import type { Place } from './place.js';
import { poll } from './poll.js';
import { isAlive, worksOn } from './processes.js';
import { openPlain, readPlain } from './trust.js';

export interface Server {
  pid: number;
  port: number;
}

const READY_MS = 120_000;
const STOP_MS = 60_000;
const LOG_BYTES = 10 * 1024 * 1024;
const NO_SUCH_PID = 2_147_483_647;

/** The server that runs on this data now, if any. A pid that is a zombie or has gone to another program does not count. */
export function findServer(place: Place): Server | undefined {
  const file = readPidFile(place);
  return file !== undefined && worksOn(file.pid, place.data) ? { pid: file.pid, port: file.port } : undefined;
}

/** Starts a server and waits until it takes connections. Rejects with EmbeddedPostgresError and the end of its log. */
export async function startServer(
  place: Place,
  binaries: Binaries,
  options: { preferredPort: number; durable: boolean },
): Promise<{ server: Server; lease: Lease }> {
  disownPidFile(place);
  rotateLog(place);
  let failure = '';
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const port = await freePort(attempt === 0 ? options.preferredPort : 0);
    const logged = lstatSync(place.serverLog, { throwIfNoEntry: false })?.size ?? 0;
    const command = [binaries.postgres, ...serverArguments(place, port, options.durable)];
    const { pid, lease } = await startGuarded(place, command);
    if (await isReady(place, pid)) return { server: { pid, port }, lease };
    leave(lease);
    failure = logSince(place, logged);
    // The orphans of a killed server need a moment to notice it; and a port can be taken between our look and the start.
    if (!/shared memory block .* still in use|Address already in use/.test(failure)) break;
    await sleep(100);
  }
  throw new EmbeddedPostgresError(
    `The embedded PostgreSQL did not start: ${lastLines(failure)}.`,
    `Its whole log is ${place.serverLog}. ${useAnotherServer}`,
  );
}

/** Stops a server that nobody guards, or waits for one that is being stopped already. */
export async function stopServer(server: Server): Promise<void> {
  if (isAlive(server.pid)) process.kill(server.pid, 'SIGINT');
  if (await isGone([server.pid])) return;
  throw new EmbeddedPostgresError(
    `The embedded PostgreSQL (process ${server.pid}) has been stopping for a minute.`,
    `Wait for it to end and try again. ${useAnotherServer}`,
  );
}

/** Waits until these processes have ended; false when one still runs after a minute, or as soon as `giveUp` says so. */
export async function isGone(pids: number[], giveUp: () => boolean = () => false): Promise<boolean> {
  const outcome = await poll(() => {
    if (!pids.some((pid) => isAlive(pid))) return 'gone';
    return giveUp() ? 'kept' : undefined;
  }, STOP_MS);
  return outcome === 'gone';
}

function serverArguments(place: Place, port: number, durable: boolean): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    // Whoever can reach the port can hold a connection without a word of its own, each for so long as a login may take.
    max_connections: '400',
    authentication_timeout: '5s',
    shared_buffers: '64MB',
    log_checkpoints: 'off',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return ['-D', place.data, '-p', String(port), ...flags];
}

/** True when it takes connections, false when it ended before. */
export async function isReady(place: Place, pid: number): Promise<boolean> {
  const outcome = await poll(() => {
    const file = readPidFile(place);
    if (file?.pid === pid && file.ready) return 'ready';
    return isAlive(pid) ? undefined : 'ended';
  }, READY_MS);
  return outcome === 'ready';
}

function readPidFile(place: Place): { pid: number; port: number; ready: boolean } | undefined {
  try {
    const lines = readPlain(join(place.data, 'postmaster.pid')).split('\n');
    return { pid: Number(lines[0]), port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
  } catch {
    return undefined;
  }
}

/**
 * PostgreSQL refuses to start while the pid in postmaster.pid exists, even as a zombie or as another program. Deleting
 * the file would also switch off its check for orphans that still use the shared memory; so only the pid is replaced.
 */
function disownPidFile(place: Place): void {
  const file = join(place.data, 'postmaster.pid');
  const seen = readPidFile(place);
  if (seen === undefined || !isAliveOrZombie(seen.pid)) return;
  const text = readPlain(file).replace(/^\d+/, String(NO_SUCH_PID));
  const { fd } = openPlain(file, constants.O_RDWR);
  try {
    writeSync(fd, text, 0);
  } finally {
    closeSync(fd);
  }
}

function isAliveOrZombie(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function rotateLog(place: Place): void {
  const size = lstatSync(place.serverLog, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_BYTES) renameSync(place.serverLog, `${place.serverLog}.1`);
}

function logSince(place: Place, offset: number): string {
  try {
    const { fd, stats } = openPlain(place.serverLog, constants.O_RDONLY);
    try {
      const length = Math.min(stats.size - offset, 16_384);
      const bytes = Buffer.alloc(Math.max(length, 0));
      readSync(fd, bytes, 0, bytes.length, offset);
      return bytes.toString('utf8');
    } finally {
      closeSync(fd);
    }
  } catch {
    return '';
  }
}

/** The wanted port when it is free on 127.0.0.1, else one that the system picks. */
function freePort(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => (wanted === 0 ? reject(error) : resolve(freePort(0))));
    probe.listen(wanted, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : wanted));
    });
  });
}
