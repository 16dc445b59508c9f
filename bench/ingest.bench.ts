// Pages and records per second from the API to committed rows, with an API that sets no limit: first load, unchanged
// reload, one record in a hundred changed; and which process the time goes to.
import { sql } from 'drizzle-orm';
import { test } from 'vitest';
import type { Db } from '../src/db/database.js';
import { startCli } from '../test/support/cli.js';
import { watchProcess, watchServer } from './support/cost.js';
import { isShort, report } from './support/report.js';
import { KEY, lastRunSeconds, openServers, SEED, type Sizes, startSimulator, succeeds } from './support/scene.js';

const SCALE = isShort ? 0.02 : 1;
const sizes: Sizes = {
  orders: 20_000 * SCALE,
  shipments: 20_000 * SCALE,
  returns: 4_000 * SCALE,
  skus: 2_000 * SCALE,
  restockingShipments: 1_000 * SCALE,
  warehouses: 5,
};
const RECORDS = Object.values(sizes).reduce((sum, n) => sum + n, 0);
const CONCURRENCY = process.env.BENCH_CONCURRENCY ?? '8';

const rows: Record<string, string | number>[] = [];

test.each(['Redis', 'PostgreSQL'] as const)('queue on %s', async (backend) => {
  const simulator = await startSimulator(sizes, ['--rate-limit', 'unlimited']);
  const servers = await openServers(backend);
  const load = async (what: string) => {
    const before = await writesOf(servers.db);
    const postgres = watchServer(servers.postgresPid);
    const redis = watchServer(servers.redisPid);
    const simulated = watchServer(simulator.pid);
    const program = startCli(['sync', '--full'], {
      ...servers.env,
      HIVE_API_KEY: KEY,
      HIVE_API_URL: simulator.url,
      HIVE_RATE_LIMIT: '10000000',
      SYNC_CONCURRENCY: CONCURRENCY,
      LOG_LEVEL: 'warn',
    });
    const worker = watchProcess(program.pid);
    await succeeds(program);
    const { cpuSeconds, peakMiB } = worker.stop();
    const seconds = await lastRunSeconds(servers.db);
    const after = await writesOf(servers.db);
    rows.push({
      queue: backend,
      load: what,
      'records/s': Math.round(RECORDS / seconds),
      'pages/s': Math.round(RECORDS / 20 / seconds),
      seconds,
      'CPU worker': cpuSeconds,
      'CPU PostgreSQL': postgres.stop(),
      'CPU Redis': redis.stop(),
      'CPU simulator': simulated.stop(),
      'WAL MB': (after.wal - before.wal) / 1e6,
      'rows written in hive': after.written - before.written,
      'dead tuples in hive': after.deadInHive - before.deadInHive,
      'dead tuples elsewhere': after.deadElsewhere - before.deadElsewhere,
      'worker peak MiB': peakMiB,
    });
  };
  await load('first');
  await load('unchanged');
  await change(simulator.origin, sizes.orders / 100);
  await load('1 % changed');
  await servers.close();
  await simulator.close();
  report({
    name: 'ingest',
    what: 'goal on 2 cores, first load: 5,000 records/s with Redis, 3,000 with PostgreSQL; unchanged at least twice that, no row written',
    settings: { seed: SEED, ...sizes, concurrency: CONCURRENCY, rate: 'unlimited' },
    rows,
  });
});

/** Changes orders all over the list. */
async function change(origin: string, orders: number): Promise<void> {
  for (let nth = 0; nth < orders; nth++) {
    const answer = await fetch(`${origin}/__apply`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        kind: 'update',
        collection: 'orders',
        position: nth * 100,
        patch: { tags: [`changed ${nth}`] },
      }),
    });
    if (!answer.ok) throw new Error(`the simulator refused a change: ${await answer.text()}`);
  }
}

interface Writes {
  /** Position in bytes. */
  readonly wal: number;
  /** Rows inserted, updated or deleted in schema hive. */
  readonly written: number;
  /** Row versions that updates and deletes left for vacuum, whether it has come by since or not. */
  readonly deadInHive: number;
  readonly deadElsewhere: number;
}

/** What has been written since the server began. */
async function writesOf(db: Db): Promise<Writes> {
  await db.execute(sql`select pg_stat_force_next_flush()`).catch(() => {});
  const [row] = await db.execute<Writes & Record<string, unknown>>(sql`
    select (pg_current_wal_lsn() - '0/0')::float8 as wal,
      coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del) filter (where schemaname = 'hive'), 0)::float8 as written,
      coalesce(sum(n_tup_upd + n_tup_del) filter (where schemaname = 'hive'), 0)::float8 as "deadInHive",
      coalesce(sum(n_tup_upd + n_tup_del) filter (where schemaname <> 'hive'), 0)::float8 as "deadElsewhere"
    from pg_stat_user_tables`);
  return row ?? { wal: 0, written: 0, deadInHive: 0, deadElsewhere: 0 };
}
