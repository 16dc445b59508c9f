// The embedded PostgreSQL: a real server in HIVE_SYNC_HOME for those who have none. Several processes share it; it runs
// exactly as long as one of them does.
import { join } from 'node:path';
import postgres from 'postgres';
import { addressOf } from '../../addresses/postgres.js';
import { postgresJsOptions } from '../connection/driver-options.js';
import { findBinaries } from './binaries.js';
import { checkVersion, clusterExists, createCluster, keepPassfile, readPassword, SUPERUSER } from './cluster.js';
import { EmbeddedPostgresError, useAnotherServer } from './error.js';
import { hasOtherUsers, joinGuarded, type Lease, leave } from './guard.js';
import { type Place, prepareHome, preparePlace } from './place.js';
import { isAlive } from './processes.js';
import { findServer, isGone, isReady, type Server, startServer, stopServer } from './server.js';
import { withStartLock } from './start-lock.js';
import { watchServer } from './watch.js';

export { EmbeddedPostgresError } from './error.js';

export interface EmbeddedPostgres {
  /** With the password: do not log it. */
  url: string;
  port: number;
  /** How to connect with psql, as a line for a shell, without the password. */
  psql: string;
  /** True when the server was running already. */
  adopted: boolean;
  /** Rejects with EmbeddedPostgresError when it died and could not be started again; otherwise never settles. */
  lost: Promise<never>;
  /** This process no longer needs it. If it was the last one, resolves when the server has stopped. May be repeated. */
  close(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** HIVE_SYNC_HOME; created if need be, relative to the working directory. One home belongs to one machine or container. */
  home: string;
  /** Created if it is not there. Default 'hive_sync'. */
  database?: string;
  /** Used when it is free, else any free one. Default 54329. */
  preferredPort?: number;
  /** False: faster, and a power cut may destroy the data (tests, demo). An adopted server stays as it is. Default true. */
  durable?: boolean;
  /** Gets a line when the database had to go elsewhere or takes its time. Default: nothing. */
  log?: (message: string) => void;
}

/**
 * Opens the embedded PostgreSQL of this home: joins the running server, or starts it (and makes the cluster first).
 * Needs no close(): a process that ends in any other way, even by SIGKILL, counts as gone as well.
 * Rejects with EmbeddedPostgresError.
 */
export async function openEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { database = 'hive_sync', log = () => {} } = options;
  const home = prepareHome(options.home);
  const lock = join(home, 'start.lock');
  const opened = await withStartLock(lock, async () => {
    const place = await preparePlace(home, log);
    const joined = (await joinRunning(place)) ?? (await start(place, options, log));
    try {
      const url = await prepareDatabase(place, joined.server, database);
      return { ...joined, place, url, passfile: keepPassfile(place) };
    } catch (error) {
      leave(joined.lease);
      throw error;
    }
  });
  const { place, url, passfile, adopted, server: first } = opened;
  let current: Joined = opened;
  const watch = watchServer({
    isAlive: () => isAlive(current.server.pid),
    revive: () =>
      withStartLock(lock, async () => {
        const { lease } = current;
        current = (await joinRunning(place)) ?? (await start(place, { ...options, preferredPort: first.port }, log));
        leave(lease);
        if (current.server.port !== first.port) throw otherPort(first.port);
      }),
    log,
  });
  let closing: Promise<void> | undefined;
  return {
    url,
    port: first.port,
    psql: `PGPASSFILE=${inShell(passfile)} psql ${inShell(`postgres://${SUPERUSER}@127.0.0.1:${first.port}/${encodeURIComponent(database)}`)}`,
    adopted,
    lost: watch.lost,
    close: () => {
      closing ??= watch.stop().then(() => close(place, current.server, current.lease, log));
      return closing;
    },
  };
}

const inShell = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const otherPort = (port: number) =>
  new EmbeddedPostgresError(
    `The embedded PostgreSQL ended, and its port ${port} was taken by another program before it came back.`,
    'Start this command again.',
  );

type Joined = { server: Server; lease: Lease; adopted: boolean };

async function joinRunning(place: Place): Promise<Joined | undefined> {
  const server = findServer(place);
  if (server === undefined) return undefined;
  const lease = await joinGuarded(place);
  if (lease !== undefined) {
    // Whoever started it may have been killed before it was ready.
    const ready = (await isReady(place, server.pid)) ? findServer(place) : undefined;
    if (ready !== undefined) return { server: ready, lease, adopted: true };
    leave(lease);
  }
  // Its last user has just left, or its guard was killed: a server that nobody would ever stop is replaced by a guarded
  // one. Users it still had stay counted, since the pipe stays the same.
  await stopServer(server);
  return undefined;
}

async function start(place: Place, options: EmbeddedPostgresOptions, log: (message: string) => void): Promise<Joined> {
  const { durable = true, preferredPort = 54_329 } = options;
  const exists = clusterExists(place);
  if (exists) checkVersion(place);
  const binaries = await findBinaries(place);
  if (!exists) {
    log(`Creating the embedded PostgreSQL in ${place.folder}.`);
    await createCluster(place, binaries, durable);
  }
  return { ...(await startServer(place, binaries, { preferredPort, durable })), adopted: false };
}

async function prepareDatabase(place: Place, server: Server, database: string): Promise<string> {
  const url = (name: string) =>
    `postgres://${SUPERUSER}:${readPassword(place)}@127.0.0.1:${server.port}/${encodeURIComponent(name)}`;
  const sql = postgres({
    ...postgresJsOptions({ ...addressOf(url('postgres')), tls: undefined }, ''),
    max: 1,
    connect_timeout: 30,
    fetch_types: false, // array-types.ts says why
    onnotice: () => {},
  });
  try {
    const [found] = await sql`select 1 from pg_database where datname = ${database}`;
    if (found === undefined) await sql`create database ${sql(database)}`;
    return url(database);
  } catch (cause) {
    if (cause instanceof EmbeddedPostgresError) throw cause;
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL on port ${server.port} runs but could not be used (${(cause as Error).message}).`,
      `See its log, ${place.serverLog}. ${useAnotherServer}`,
      { cause },
    );
  } finally {
    await sql.end();
  }
}

async function close(place: Place, server: Server, lease: Lease, log: (message: string) => void): Promise<void> {
  leave(lease);
  let kept = false;
  const giveUp = () => {
    kept = hasOtherUsers(place);
    return kept;
  };
  if (!(await isGone([server.pid, lease.guard], giveUp)) && !kept) log('The embedded PostgreSQL is still stopping.');
}
