// Whether a page costs the same in a large account as in a small one, in time and in memory; and what an incremental
// run asks for beside a full one.
import { sql } from 'drizzle-orm';
import { test } from 'vitest';
import type { Db } from '../src/db/database.js';
import { openSimulator, type Simulator } from '../src/simulator/index.js';
import { startCli } from '../test/support/cli.js';
import { watchProcess } from './support/cost.js';
import { isShort, report } from './support/report.js';
import { lastRunSeconds, openServers, SEED, succeeds } from './support/scene.js';

const MOST = Number(process.env.BENCH_ORDERS ?? 1_000_000);
const SIZES = isShort ? [500, 2_000] : [10_000, 100_000, 1_000_000].filter((orders) => orders <= MOST);
const NEW = 15;
const CHANGED = 40;
const HOUR_MS = 3_600_000;

const scale: Record<string, string | number>[] = [];
const incremental: Record<string, string | number>[] = [];

test('scale', async () => {
  for (const orders of SIZES) await account(orders);
  const settings = { seed: SEED, openDays: 1, oldOpenShare: 0.0002, spanDays: 730, queue: 'Redis', concurrency: 4 };
  report({
    name: 'scale',
    what: 'full sync of orders; goal: time per page and memory stay flat',
    settings,
    rows: scale,
  });
  report({
    name: 'incremental',
    what: `requests of an incremental run after ${NEW} new and ${CHANGED} changed orders, at no limit; at 100 a minute it watches closed orders in turns of 375 pages`,
    settings,
    rows: incremental,
  });
});

async function account(orders: number): Promise<void> {
  const others = { shipments: 0, returns: 0, restocking_shipments: 0, warehouses: 0, skus: 100 };
  const simulator = await openSimulator({
    seed: SEED,
    sizes: { ...others, orders },
    rate: 'unlimited',
    // Money of closed orders is watched for 30 days, so the newest ones must be of today.
    endAt: new Date(Math.floor(Date.now() / HOUR_MS) * HOUR_MS),
    openDays: 1,
    oldOpenShare: 0.0002,
    requestLogSize: 10,
  });
  const servers = await openServers('Redis');
  const sync = async (args: string[], env: Record<string, string> = {}) => {
    simulator.resetRequests();
    const program = startCli(['sync', 'orders', ...args], {
      ...servers.env,
      ...env,
      HIVE_API_KEY: simulator.apiKey,
      HIVE_API_URL: simulator.url,
      HIVE_RATE_LIMIT: '10000000',
      LOG_LEVEL: 'warn',
    });
    const watched = watchProcess(program.pid);
    await succeeds(program);
    return { ...watched.stop(), requests: simulator.stats().requests, seconds: await lastRunSeconds(servers.db) };
  };
  const full = await sync(['--full']);
  scale.push({
    orders,
    pages: full.requests,
    seconds: full.seconds,
    'ms per page': (1_000 * full.seconds) / full.requests,
    'CPU ms per page': (1_000 * full.cpuSeconds) / full.requests,
    'worker peak MiB': full.peakMiB,
  });
  for (const lookbackDays of ['30', '0']) {
    const open = await openPages(servers.db);
    change(simulator);
    const run = await sync([], { SYNC_LOOKBACK_DAYS: lookbackDays });
    incremental.push({
      orders,
      'days watched after closing': lookbackDays,
      'pages with open orders': open,
      requests: run.requests,
      'requests per changed record': run.requests / (NEW + CHANGED),
      'full walk': Math.ceil(simulator.count('orders') / 20),
      seconds: run.seconds,
    });
  }
  await servers.close();
  await simulator.close();
}

/** Some of the newest move on, and new ones come. */
function change(simulator: Simulator): void {
  for (let position = 0; position < CHANGED; position++) {
    simulator.apply({ kind: 'update', collection: 'orders', position, patch: { tags: [`${Date.now()}`] } });
  }
  for (let i = 0; i < NEW; i++) simulator.apply({ kind: 'insert', collection: 'orders' });
}

async function openPages(db: Db): Promise<number> {
  const [row] = await db.execute<{ pages: number }>(sql`
    select count(distinct (rank - 1) / 20)::int as pages
    from (select row_number() over (order by created_at desc, id desc) as rank, status from hive.orders) as ranked
    where status not in ('fulfilled', 'unfulfillable')`);
  return row?.pages ?? 0;
}
