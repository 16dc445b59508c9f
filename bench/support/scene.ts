// What the benchmarks of a sync share: servers and a simulator as processes of their own, so that each one's cost shows.
import { sql } from 'drizzle-orm';
import { type Db, openDatabase } from '../../src/db/database.js';
import { type Started, startCli } from '../../test/support/cli.js';
import { openOwnPostgres, openOwnRedis } from '../../test/support/servers.js';
import { until } from '../../test/support/until.js';

export const SEED = 7;
export const KEY = 'bench-key';

export interface Sizes {
  readonly orders: number;
  readonly shipments: number;
  readonly returns: number;
  readonly skus: number;
  readonly restockingShipments: number;
  readonly warehouses: number;
}

export interface RemoteSimulator {
  readonly url: string;
  readonly origin: string;
  readonly pid: number;
  close(): Promise<void>;
}

/** The simulator as a process. @param flags further ones of `hive-sync simulate` */
export async function startSimulator(sizes: Sizes, flags: readonly string[] = []): Promise<RemoteSimulator> {
  const options = { ...sizes, 'restocking-shipments': sizes.restockingShipments, restockingShipments: undefined };
  const counts = Object.entries(options).flatMap(([name, n]) => (n === undefined ? [] : [`--${name}`, String(n)]));
  const program = startCli(['simulate', '--key', KEY, '--seed', String(SEED), ...counts, ...flags]);
  const find = () =>
    /https?:\/\/[\d.]+:\d+\/merchant_api\/v1/.exec(program.output().stdout + program.output().stderr)?.[0];
  const url = await until('the simulator is up', find, 120_000);
  return {
    url,
    origin: new URL(url).origin,
    pid: program.pid,
    async close() {
      program.kill('SIGTERM');
      await program.ended;
    },
  };
}

export interface Servers {
  readonly env: Record<string, string>;
  readonly db: Db;
  readonly postgresPid: number | undefined;
  readonly redisPid: number | undefined;
  close(): Promise<void>;
}

/** A PostgreSQL of its own, as durable as a user's, and for that backend a Redis. */
export async function openServers(backend: 'PostgreSQL' | 'Redis'): Promise<Servers> {
  const postgres = await openOwnPostgres({ durable: true });
  const redis = backend === 'Redis' ? await openOwnRedis() : undefined;
  const database = await openDatabase(postgres.url, { connections: 1 });
  return {
    env: { DATABASE_URL: postgres.url, ...(redis === undefined ? {} : { REDIS_URL: redis.url }) },
    db: database.db,
    postgresPid: postgres.pid(),
    redisPid: redis?.pid(),
    async close() {
      await database.close();
      await postgres.close();
      await redis?.close();
    },
  };
}

/** Waits for a command and insists that it went well. */
export async function succeeds(program: Started): Promise<void> {
  const ended = await program.ended;
  if (ended.code !== 0) throw new Error(`exit ${ended.code}\n${ended.stdout}\n${ended.stderr}`);
}

/** Seconds of the last run, by the ledger: without the start of the process. */
export async function lastRunSeconds(db: Db): Promise<number> {
  const [run] = await db.execute<{ seconds: number }>(sql`
    select extract(epoch from finished_at - started_at)::float8 as seconds from sync.runs order by id desc limit 1`);
  return run?.seconds ?? Number.NaN;
}
