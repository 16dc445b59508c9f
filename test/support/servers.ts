// Servers of a test's own, to be stopped, killed and started again under the product's feet: Redis and PostgreSQL.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import postgres from 'postgres';
import { type Binaries, findBinaries } from '../../src/db/embedded/binaries.js';
import { childEnvironment, run } from '../../src/db/embedded/child.js';
import { type Place, preparePlace } from '../../src/db/embedded/place.js';
import { until } from './until.js';

export interface OwnServer {
  readonly url: string;
  /** Of a PostgreSQL's data. */
  readonly data?: string;
  /** Of its main process; undefined while it is stopped. */
  pid(): number | undefined;
  answers(): Promise<boolean>;
  start(): Promise<void>;
  /** PostgreSQL: fast, as at a restart. Redis: by SIGKILL; it keeps nothing. */
  stop(): Promise<void>;
  /** Stops it and removes its data. */
  close(): Promise<void>;
}

/** @param settings as arguments of redis-server, such as `--cluster-enabled yes`; `port` is the one it is asked on */
export async function openOwnRedis(
  settings: (port: number) => readonly string[] = () => [],
): Promise<OwnServer & { flush(): Promise<void> }> {
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  const start = async () => {
    const usual = ['--port', String(port), '--save', '', '--bind', '127.0.0.1'];
    child = spawn('redis-server', [...usual, ...settings(port)], { stdio: 'ignore' });
    await until('Redis answers', () => answers(port));
  };
  const stop = () => end(child, 'SIGKILL');
  await start();
  return {
    url,
    pid: () => child?.pid,
    answers: () => answers(port),
    start,
    stop,
    close: stop,
    async flush() {
      const client = new Redis(url);
      await client.flushall();
      client.disconnect();
    },
  };
}

interface PostgresOptions {
  /** As a user's server, which waits for the disk. */
  readonly durable?: boolean;
  /** Where its own folder is made. */
  readonly folder?: string;
  /** As `name=value`. */
  readonly settings?: readonly string[];
  /** Folder of another PostgreSQL's programs. Default: those of the embedded one. */
  readonly programs?: string | undefined;
  /** It follows this one, which is stopped for a moment, by streaming replication; until `select pg_promote()`. */
  readonly standbyOf?: OwnServer;
}

export async function openOwnPostgres({
  durable = false,
  folder = tmpdir(),
  settings: own = [],
  programs,
  standbyOf,
}: PostgresOptions = {}): Promise<OwnServer> {
  const home = realpathSync(mkdtempSync(path.join(folder, 'hive-sync-own-')));
  chmodSync(home, 0o755);
  const place = await preparePlace(home, () => {});
  const binaries =
    programs === undefined
      ? await findBinaries(place)
      : { initdb: path.join(programs, 'initdb'), postgres: path.join(programs, 'postgres') };
  const following: string[] = [];
  if (standbyOf?.data === undefined) {
    await initialise(place, binaries);
  } else {
    await standbyOf.stop();
    await run('cp', ['-a', `${standbyOf.data}/.`, place.data], {});
    await standbyOf.start();
    writeFileSync(path.join(place.data, 'standby.signal'), '');
    const { port: primaryPort } = new URL(standbyOf.url);
    following.push(`primary_conninfo=host=127.0.0.1 port=${primaryPort} user=postgres application_name=standby`);
  }
  const settings = [...SETTINGS, ...(durable ? [] : FORGETFUL), ...following, ...own];
  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  let child: ChildProcess | undefined;
  const start = async () => {
    child = spawn(binaries.postgres, ['-D', place.data, '-p', String(port), ...settings.flatMap((it) => ['-c', it])], {
      ...place.account,
      cwd: '/',
      env: childEnvironment,
      stdio: 'ignore',
    });
    await until('PostgreSQL answers', () => selects(url));
  };
  const stop = () => end(child, 'SIGINT');
  await start();
  return {
    url,
    data: place.data,
    pid: () => child?.pid,
    answers: () => selects(url),
    start,
    stop,
    async close() {
      await stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

const SETTINGS = ['listen_addresses=127.0.0.1', 'unix_socket_directories='];
const FORGETFUL = ['fsync=off', 'shared_buffers=64MB'];

async function initialise(place: Place, { initdb }: Binaries): Promise<void> {
  const args = ['--pgdata', place.data, '--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C'];
  const made = await run(initdb, [...args, '--no-sync'], place.account);
  if (!made.ok) throw new Error(`initdb failed: ${made.output}`);
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

async function selects(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, connect_timeout: 1 });
  try {
    await sql`select 1`;
    return true;
  } catch {
    return false;
  } finally {
    await sql.end();
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port });
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/** A port that is free now, so that a server can come back on the same one. */
export async function freePort(): Promise<number> {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as net.AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
