// Promise: a worker waits for its servers, stops within 10 s whatever it is doing, and one account's trouble stays its own.
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/db/database.js';
import { openSimulator } from '../../src/simulator/index.js';
import { oneBackend, startCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { needing } from '../support/needs.js';
import { freePort, openOwnPostgres, openOwnRedis } from '../support/servers.js';
import { expectTablesToEqualTruth } from '../support/truth.js';
import { until } from '../support/until.js';

const settings = { HTTP_PORT: '0', SYNC_RETRY_BASE_MS: '50' };

/** Its exit code and how long it took from the signal. */
async function stopped(worker: ReturnType<typeof startCli>, signal: NodeJS.Signals = 'SIGTERM') {
  const at = performance.now();
  worker.kill(signal);
  const { code, stderr } = await worker.ended;
  return { code, stderr, ms: performance.now() - at };
}

const needs = { ...needing('redis-server'), timeout: 90_000 };
test('a worker that starts before PostgreSQL and Redis waits, says for what, and goes on', needs, async () => {
  const simulator = await openSimulator({ sizes: { orders: 40 }, rate: 'unlimited' });
  const [postgres, redis] = await Promise.all([openOwnPostgres(), openOwnRedis()]);
  await Promise.all([postgres.stop(), redis.stop()]);
  const worker = startCli(['worker'], {
    ...settings,
    HIVE_API_KEY: simulator.apiKey,
    HIVE_API_URL: simulator.url,
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
  });
  const says = (what: string) => until(what, () => worker.output().stderr.includes(what));
  await says('PostgreSQL at 127.0.0.1');
  expect(worker.output().stderr).toContain('waiting for a server');
  await postgres.start();
  await says('Redis at 127.0.0.1');
  await redis.start();
  await says('"run finished"').catch((error) => {
    throw new Error(worker.output().stderr, { cause: error });
  });
  await expectTablesToEqualTruth(postgres.url, simulator);
  expect(await stopped(worker)).toMatchObject({ code: 0 });
  await Promise.all([postgres.close(), redis.close(), simulator.close()]);
});

test('SIGTERM while it waits ends it with 0; what waiting cannot mend ends it at once with 1', async () => {
  const key = { ...settings, HIVE_API_KEY: 'k', HIVE_API_URL: 'http://127.0.0.1:9' };
  const worker = startCli(['worker'], { ...key, DATABASE_URL: `postgres://u:p@127.0.0.1:${await freePort()}/x` });
  await until('it waits', () => worker.output().stderr.includes('waiting for a server'));
  const { code, ms } = await stopped(worker);
  expect(code).toBe(0);
  expect(ms).toBeLessThan(2_000);

  const nowhere = new URL(await createDatabase());
  nowhere.pathname = '/no_such_database';
  const ended = await startCli(['worker'], { ...key, DATABASE_URL: nowhere.href }).ended;
  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain('"no_such_database" does not exist');
});

describe.each(oneBackend())('queue on $name', ({ env }) => {
  async function workerOn(options: Parameters<typeof openSimulator>[0]) {
    const simulator = await openSimulator({ sizes: { orders: 200 }, rate: 'unlimited', ...options });
    const url = await createDatabase();
    const worker = startCli(['worker'], {
      ...settings,
      ...env,
      HIVE_API_KEY: simulator.apiKey,
      HIVE_API_URL: simulator.url,
      DATABASE_URL: url,
    });
    return { simulator, url, worker };
  }

  test('SIGTERM while the API keeps it waiting, and while it waits for a slot, ends it within 10 s', async () => {
    for (const options of [{ latencyMs: 60_000 }, { rate: { limit: 3, windowMs: 60_000, kind: 'rolling' as const } }]) {
      const { simulator, worker } = await workerOn(options);
      await until('requests are under way', () => simulator.stats().requests >= ('rate' in options ? 3 : 1));
      const { code, ms, stderr } = await stopped(worker);
      expect(code, stderr).toBe(0);
      expect(ms).toBeLessThan(10_000);
      await simulator.close();
    }
  }, 60_000);

  test('a second signal stops it at once', async () => {
    const { simulator, worker } = await workerOn({ latencyMs: 60_000 });
    await until('requests are under way', () => simulator.stats().requests >= 1);
    worker.kill('SIGINT');
    worker.kill('SIGINT');
    const at = performance.now();
    const { code } = await worker.ended;
    expect([0, 130]).toContain(code);
    expect(performance.now() - at).toBeLessThan(3_000);
    await simulator.close();
  }, 60_000);

  test('an account whose key is refused is halted and says so; the others go on', async () => {
    const simulator = await openSimulator({ sizes: { orders: 60 }, rate: 'unlimited' });
    const refusing = await openSimulator({ sizes: { orders: 60 }, rate: 'unlimited' });
    refusing.revokeKey();
    const url = await createDatabase();
    const { db, close } = await openDatabase(url, { connections: 1 });
    const worker = startCli(['worker'], {
      ...settings,
      ...env,
      HIVE_ACCOUNTS: 'de,fr',
      HIVE_API_KEY_DE: simulator.apiKey,
      HIVE_API_URL_DE: simulator.url,
      HIVE_API_KEY_FR: refusing.apiKey,
      HIVE_API_URL_FR: refusing.url,
      DATABASE_URL: url,
      SYNC_INCREMENTAL_EVERY: '2s',
    });
    const ended = (account: string, state: string, n: number) =>
      until(`${n} runs of ${account} are ${state}`, async () => {
        const runs = await db.execute(sql`select from sync.runs where account = ${account} and state = ${state}`);
        return runs.length >= n;
      });
    await ended('fr', 'failed', 1);
    await ended('de', 'complete', 3);
    const failed = await db.execute<{ n: number }>(sql`select count(*) as n from sync.runs where account = 'fr'`);
    // Two refusals at first, then each scheduled run asks once whether the key works again.
    expect(refusing.stats().requests).toBeLessThanOrEqual(2 + (failed[0]?.n ?? 0));
    const rows = await db.execute(sql`select account, count(*)::int as n from hive.orders group by 1`);
    expect(rows).toEqual([{ account: 'de', n: 60 }]);

    refusing.restoreKey();
    await ended('fr', 'complete', 1);
    const { code, stderr } = await stopped(worker);
    expect(code).toBe(0);
    expect(stderr).toContain('refuses the key of account \\"fr\\"');
    expect(stderr).not.toContain(simulator.apiKey);
    await close();
    await Promise.all([simulator.close(), refusing.close()]);
  }, 90_000);
});
