// Promise: where nothing is down and nothing goes on, whoever is at the terminal or reads the log is told what is in the way,
// without asking for a louder log.
import { Redis } from 'ioredis';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSimulator, type Simulator } from '../../src/simulator/index.js';
import { oneBackend, startCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { needing } from '../support/needs.js';
import { openOwnRedis } from '../support/servers.js';
import { until } from '../support/until.js';

const [queue] = oneBackend();

let simulator: Simulator;
beforeAll(async () => {
  simulator = await openSimulator({ rate: 'unlimited', sizes: { orders: 60, warehouses: 2 } });
});
afterAll(() => simulator.close());

const envFor = (url: string) => ({
  DATABASE_URL: url,
  HIVE_API_KEY: simulator.apiKey,
  HIVE_API_URL: simulator.url,
  CONNECTION_SILENCE: '1s',
  SYNC_RETRY_BASE_MS: '20',
  SYNC_INCREMENTAL_EVERY: 'off',
  ...queue?.env,
});

/** Somebody else who has a table for himself. */
async function holding(url: string, table: string) {
  const other = postgres(url, { max: 1, onnotice: () => {}, connection: { application_name: 'a notebook' } });
  await other`begin`;
  await other.unsafe(`lock table ${table} in access exclusive mode`);
  const [backend] = await other`select pg_backend_pid() as pid`;
  const said = new RegExp(
    `waiting for a lock that is held by process ${backend?.pid} of the server, application_name .?"a notebook.?", role \\w+, in a transaction since \\d{4}-`,
  );
  return {
    said,
    async letGo() {
      await other`commit`;
      await other.end();
    },
  };
}

const times = (text: string, sign: RegExp) => text.split(sign).length - 1;

test.each([
  ['a table that pages are written to', 'hive.orders'],
  ['the ledger, which the command itself reads', 'sync.runs'],
  ['the rate budget', 'sync.rate_budgets'],
])('a sync says who holds a lock on %s, once, and goes on', async (_, table) => {
  const url = await createDatabase();
  const holder = await holding(url, table);
  const sync = startCli(['sync', 'orders', 'warehouses'], envFor(url));
  await until('it says who holds the lock', () => holder.said.test(sync.output().stderr));
  await holder.letGo();
  const { code, stderr } = await sync.ended;
  expect(code).toBe(0);
  expect(times(stderr, holder.said)).toBe(1);
});

test.each([
  ['rederive', 'hive.orders'],
  ['status', 'sync.runs'],
])('%s says it, too', async (command, table) => {
  const url = await createDatabase();
  const holder = await holding(url, table);
  const running = startCli([command], envFor(url));
  await until('it says who holds the lock', () => holder.said.test(running.output().stderr));
  await holder.letGo();
  expect((await running.ended).code).toBe(0);
});

test('a worker logs it', async () => {
  const url = await createDatabase();
  const holder = await holding(url, 'hive.orders');
  const worker = startCli(['worker'], { ...envFor(url), SYNC_INCREMENTAL_EVERY: '1s' });
  await until('its log says who holds the lock', () => holder.said.test(worker.output().stderr));
  expect(worker.output().stderr).toContain('"msg":"work stands still"');
  await holder.letGo();
  worker.kill('SIGTERM');
  expect((await worker.ended).code).toBe(0);
});

test('a server that refuses every row for a while is named, and the run ends well', async () => {
  const url = await createDatabase();
  const owner = postgres(url, { max: 1 });
  await owner.unsafe(`
    create function public.is_full() returns trigger language plpgsql as
      $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$;
    create trigger is_full before insert on hive.orders execute function public.is_full()`);
  const sync = startCli(['sync', 'orders'], envFor(url));
  await until('it says what PostgreSQL refuses', () => sync.output().stderr.includes('No space left on device'));
  await owner`drop trigger is_full on hive.orders`;
  await owner.end();
  const { code, stderr } = await sync.ended;
  expect(code).toBe(0);
  expect(times(stderr, /PostgreSQL refuses to work/)).toBe(1);
});

test('a table that is dropped while a run reads is named before the run has failed, at its end, and by doctor', async () => {
  const url = await createDatabase();
  const other = postgres(url, { max: 1, onnotice: () => {} });
  const dropping = await openSimulator({
    rate: 'unlimited',
    sizes: { orders: 60 },
    onRequest: async ({ n }) => {
      if (n === 2) await other`drop table hive.orders cascade`;
    },
  });
  const env = { ...envFor(url), HIVE_API_KEY: dropping.apiKey, HIVE_API_URL: dropping.url };
  const sync = await startCli(['sync', 'orders'], env).ended;
  expect(sync.code).toBe(1);
  expect(times(sync.stderr, /PostgreSQL refuses to work \(relation "hive\.orders" does not exist\)/)).toBe(1);
  expect(sync.stderr).toContain('does not exist (42P01). See: hive-sync doctor.');
  const doctor = await startCli(['doctor'], env).ended;
  expect(doctor.code).toBe(1);
  expect(doctor.stdout).toContain('The database lacks what the migrations made: table hive.orders');
  const again = await startCli(['sync', 'orders'], env).ended;
  expect(again.code).toBe(1);
  expect(again.stderr).toContain('The database lacks what the migrations made: table hive.orders');
  await Promise.all([other.end(), dropping.close()]);
});

test('a command gives up where a lock lasts, with who holds it, and goes on when it is called again', async () => {
  const url = await createDatabase();
  const env = { ...envFor(url), SYNC_OUTAGE_PATIENCE: '1s' };
  const holder = await holding(url, 'hive.orders');
  const { code, stderr } = await startCli(['sync', 'orders'], env).ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(new RegExp(`Nothing was read for 20 s\\. .*${holder.said.source}.* goes on from there`));
  await holder.letGo();
  expect((await startCli(['sync', 'orders'], env).ended).code).toBe(0);
});

test('Ctrl-C ends a command whose own look at the ledger waits for a lock', async () => {
  const url = await createDatabase();
  let holder: Awaited<ReturnType<typeof holding>> | undefined;
  const slow = await openSimulator({
    rate: 'unlimited',
    sizes: { orders: 60 },
    onRequest: async ({ n }) => {
      if (n === 2) holder = await holding(url, 'sync.runs');
    },
  });
  const env = { ...envFor(url), HIVE_API_KEY: slow.apiKey, HIVE_API_URL: slow.url };
  const sync = startCli(['sync', 'orders'], env);
  await until('it says who holds the lock', () => holder?.said.test(sync.output().stderr));
  sync.kill('SIGINT');
  expect((await sync.ended).code).toBe(130);
  await holder?.letGo();
  await slow.close();
});

test('a command gives up where Redis stays full, with what to do', needing('redis-server'), async () => {
  const redis = await openOwnRedis();
  const client = new Redis(redis.url);
  const filling = await openSimulator({
    rate: 'unlimited',
    sizes: { orders: 60 },
    onRequest: async ({ n }) => {
      if (n === 2) await client.config('SET', 'maxmemory', '1');
    },
  });
  const url = await createDatabase();
  const env = { ...envFor(url), REDIS_URL: redis.url, HIVE_API_KEY: filling.apiKey, HIVE_API_URL: filling.url };
  const { code, stderr } = await startCli(['sync', 'orders'], { ...env, SYNC_OUTAGE_PATIENCE: '1s' }).ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/Nothing was read for 20 s\. The queue takes no jobs: Redis is full\. Raise its maxmemory/);
  await client.config('SET', 'maxmemory', '0');
  expect((await startCli(['sync', 'orders'], env).ended).code).toBe(0);
  client.disconnect();
  await Promise.all([redis.close(), filling.close()]);
});
