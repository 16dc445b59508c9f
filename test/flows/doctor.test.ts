// Promise: doctor says whether what it checks can be used, and a worker that cannot work so says why and ends.
import { sql } from 'drizzle-orm';
import { afterEach, describe, expect, test } from 'vitest';
import { startCli } from '../support/cli.js';
import { openStage } from '../support/command.js';
import { setHostile } from '../support/hostile-settings.js';
import { describeQueue, needing } from '../support/needs.js';
import { openOwnPostgres, openOwnRedis } from '../support/servers.js';
import { until } from '../support/until.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function stageOf(env: Record<string, string> = {}) {
  const stage = await openStage({ sizes: { orders: 5 } }, env);
  closing.push(() => stage.simulator.close());
  return stage;
}

describeQueue(({ env }) => {
  test('where all is well, each thing was used', async () => {
    const stage = await stageOf({ ...env });
    const { code, stdout } = await stage.run('doctor');
    expect(code, stdout).toBe(0);
    for (const line of ['PostgreSQL: version', 'sessions: locks', 'writing: rows', 'jobs: added', 'queue: BullMQ'])
      expect(stdout).toContain(`✓ ${line}`);
    if (env.REDIS_URL === undefined) expect(stdout).toContain('✓ notifications: heard');
  });

  test('a worker starts as ever, and warns of nothing', async () => {
    const stage = await stageOf({ ...env });
    const worker = startCli(['worker'], { ...stage.env, SYNC_INCREMENTAL_EVERY: 'off', SYNC_FULL_CRON: 'off' });
    await until('it is up', () => worker.output().stderr.includes('worker is up'));
    expect(worker.output().stderr).not.toContain('a server is not as it should be');
    worker.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0 });
  });
});

test('a role with too few connections: doctor and the worker say how many and what to do, and end with 1', async () => {
  const stage = await stageOf();
  const url = await setHostile(stage.url, 'role', []);
  const { username } = new URL(url);
  await stage.inDatabase(({ db }) => db.execute(sql.raw(`alter role ${username} nosuperuser connection limit 5`)));
  const env = { ...stage.env, DATABASE_URL: url };
  const sentence = `number of connections: a process takes 17 (DATABASE_POOL=8 and 9 more), and the role "${username}" has 5.`;
  const doctor = await startCli(['doctor'], env).ended;
  expect(doctor.code).toBe(1);
  expect(doctor.stdout).toContain(`✗ ${sentence}`);
  const worker = await startCli(['worker'], env).ended;
  expect(worker.code, worker.stderr).toBe(1);
  expect(worker.stderr).toContain(`Error: ${sentence}`);
});

test('a server with max_connections=5', async () => {
  const stage = await stageOf();
  const server = await openOwnPostgres({ settings: ['max_connections=5', 'superuser_reserved_connections=1'] });
  closing.push(server.close);
  const doctor = await startCli(['doctor'], { ...stage.env, DATABASE_URL: server.url }).ended;
  expect(doctor.code).toBe(1);
  expect(doctor.stdout).toContain('and the server has 5 (max_connections)');
  expect(doctor.stdout).toContain('Either keep the queue in Redis with DATABASE_POOL=3, or raise max_connections to ');
});

test("a clock that differs from the API's is named, and all is well otherwise", async () => {
  const stage = await stageOf();
  const date = new Date(Date.now() - 600_000).toUTCString();
  const pagination = { current_page: 1, item_count: 0, page_count: 1, items_per_page: 20 };
  stage.simulator.addFault({
    match: { path: '/warehouses' },
    respond: { status: 200, headers: { date }, body: { data: [], pagination } },
  });
  const { code, stdout } = await stage.run('doctor');
  expect(code, stdout).toBe(0);
  expect(stdout).toMatch(
    /! clocks: that of 127\.0\.0\.1:\d+ is (599|60\d) s behind PostgreSQL's\. Set PostgreSQL's by NTP/,
  );
});

describe('Redis', needing('redis-server'), () => {
  const withRedis = async (...settings: string[]) => {
    const redis = await openOwnRedis(() => settings);
    closing.push(redis.close);
    return { redis, stage: await stageOf({ REDIS_URL: redis.url }) };
  };

  test('that throws jobs away: doctor and the worker end with 1 and the setting', async () => {
    const { stage } = await withRedis('--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru');
    const doctor = await stage.run('doctor');
    expect(doctor).toMatchObject({ code: 1, stdout: expect.stringContaining('✗ eviction of Redis: ') });
    const worker = await stage.run('worker');
    expect(worker).toMatchObject({ code: 1, stderr: expect.stringContaining('Set: maxmemory-policy noeviction') });
  });

  test('that is full: the worker waits, says so, and starts when there is room', async () => {
    const { stage, redis } = await withRedis('--maxmemory', '1mb', '--maxmemory-policy', 'noeviction');
    expect(await stage.run('doctor')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('✗ jobs: Redis is full.'),
    });
    const worker = startCli(['worker'], { ...stage.env, SYNC_INCREMENTAL_EVERY: 'off', SYNC_FULL_CRON: 'off' });
    await until('it waits', () => /waiting for a server/.test(worker.output().stderr));
    expect(worker.output().stderr).toContain('jobs: Redis is full.');
    const { Redis } = await import('ioredis');
    const client = new Redis(redis.url);
    await client.config('SET', 'maxmemory', '0');
    client.disconnect();
    await until('it is up', () => worker.output().stderr.includes('worker is up'));
    worker.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0 });
  });
});
