// Promise: a publication FOR ALL TABLES, as Debezium, Supabase Realtime and ClickPipes make it, stops nothing of ours;
// and the tables and views can be replicated to another server, as docs/operations.md says.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/db/database.js';
import { letGo } from '../../src/db/retention.js';
import { openSimulator, type Simulator } from '../../src/simulator/index.js';
import { runCli } from '../support/cli.js';
import { needing, systemPostgres } from '../support/needs.js';
import { type OwnServer, openOwnPostgres } from '../support/servers.js';
import { expectTablesToEqualTruth } from '../support/truth.js';
import { until } from '../support/until.js';

const sizes = { orders: 60, shipments: 60, returns: 20, restocking_shipments: 10, skus: 20, warehouses: 2 };
const settings = ['wal_level=logical', 'max_wal_senders=5', 'max_replication_slots=5'];

let simulator: Simulator;
beforeAll(async () => {
  simulator = await openSimulator({ rate: 'unlimited', sizes });
});
afterAll(() => simulator.close());

const environment = (url: string) => ({
  HIVE_API_KEY: simulator.apiKey,
  HIVE_API_URL: simulator.url,
  DATABASE_URL: url,
});

/** Everything that writes: a run, another over changes, rollups, deletions, rederiving, letting go, masks. */
async function useAllOfIt(url: string): Promise<void> {
  const env = environment(url);
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCli(args, env);
    expect([args[0], code, code === 0 ? '' : stdout + stderr]).toEqual([args[0], 0, '']);
    expect(stderr).not.toContain('replica identity');
  };
  await run('sync', '--full');
  simulator.apply({ kind: 'insert', collection: 'orders' });
  simulator.apply({ kind: 'update', collection: 'shipments', position: 0, step: true });
  simulator.apply({ kind: 'delete', collection: 'returns', position: 0 });
  await run('sync');
  await run('sync', '--full');
  await run('rederive');
  const database = await openDatabase(url, { connections: 2 });
  try {
    await letGo(database.db, 'default', { ledgerMs: 1, deadLettersMs: 1, webhooksMs: 1, historyMs: 1 });
  } finally {
    await database.close();
  }
  await expectTablesToEqualTruth(url, simulator);
}

test('under a publication for all tables that is read, everything of ours works', async () => {
  const server = await openOwnPostgres({ settings });
  const sql = postgres(server.url, { max: 1, onnotice: () => {} });
  try {
    await sql`create publication everything for all tables`;
    // Somebody reads it: what is published is decoded.
    await sql`select pg_create_logical_replication_slot('debezium', 'pgoutput')`;
    await useAllOfIt(server.url);
    const [read] = await sql`
      select count(*) > 1000 as much from pg_logical_slot_get_binary_changes('debezium', null, null,
        'proto_version', '1', 'publication_names', 'everything')`;
    expect(read).toEqual({ much: true });
  } finally {
    await sql.end();
    await server.close();
  }
}, 180_000);

describe('to another server, of another version', needing('postgresql'), () => {
  const programs = systemPostgres();
  let source: OwnServer;
  let copy: OwnServer;
  beforeAll(async () => {
    source = await openOwnPostgres({ settings, programs });
    copy = await openOwnPostgres();
  });
  afterAll(() => Promise.all([source.close(), copy.close()]));

  test('the recipe makes a copy that follows: tables, and views with the same answers', async () => {
    expect((await runCli(['migrate'], { DATABASE_URL: source.url })).code).toBe(0);
    const from = postgres(source.url, { max: 1, onnotice: () => {} });
    const to = postgres(copy.url, { max: 1, onnotice: () => {} });
    const own = ['--schema-only', '--no-owner', '--no-privileges', '--schema=hive', '--schema=sync'];
    const schema = execFileSync(path.join(programs ?? '', 'pg_dump'), [...own, source.url], { encoding: 'utf8' });
    execFileSync(path.join(programs ?? '', 'psql'), ['--quiet', '--set=ON_ERROR_STOP=1', copy.url], { input: schema });
    await from.unsafe('create publication hive_sync for tables in schema hive, sync');
    await to.unsafe(`create subscription hive_sync connection '${source.url}' publication hive_sync`);
    await useAllOfIt(source.url);
    const views = ['freshness', 'order_fulfilment', 'sku_sales', 'carrier_performance', 'return_rates', 'orders'];
    const answers = async (sql: postgres.Sql) =>
      Object.fromEntries(
        await Promise.all(
          views.map(async (view) => {
            const [row] = await sql.unsafe(
              `select count(*)::int as n, md5(string_agg(md5(v::text), '' order by md5(v::text))) as hash from hive.${view} v`,
            );
            return [view, row] as const;
          }),
        ),
      );
    const wanted = await answers(from);
    expect(wanted.orders?.n).toBeGreaterThan(50);
    expect(wanted.order_fulfilment?.n).toBe(wanted.orders?.n);
    await until(
      'the copy has followed',
      async () => JSON.stringify(await answers(to)) === JSON.stringify(wanted),
      60_000,
    );
    await to`drop subscription hive_sync`;
    await Promise.all([from.end(), to.end()]);
  }, 180_000);
});
