// Promise: the queue is only a queue. A Redis that forgets everything, or dies and comes back empty, stops no run.
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { openSimulator } from '../../src/simulator/index.js';
import { startCli } from '../support/cli.js';
import { environment, expectWholeAfter, sixtyPages } from '../support/crash.js';
import { createDatabase } from '../support/database.js';
import { needing } from '../support/needs.js';
import { openOwnRedis } from '../support/servers.js';
import { until } from '../support/until.js';

type OwnRedis = Awaited<ReturnType<typeof openOwnRedis>>;

const incidents: [string, (redis: OwnRedis) => Promise<void>][] = [
  ['emptied by FLUSHALL', (redis) => redis.flush()],
  ['killed and started again', (redis) => redis.stop().then(redis.start)],
];

test.each(incidents)(
  'a Redis that is %s in the middle of a run does not keep it from its end',
  needing('redis-server'),
  async (what, happen) => {
    const redis = await openOwnRedis();
    try {
      for (const n of process.env.SOAK === undefined ? [20] : [1, 20, 58]) {
        const simulator = await openSimulator(sixtyPages);
        const url = await createDatabase();
        const sync = startCli(['sync', 'orders'], { ...environment(simulator, url), REDIS_URL: redis.url });
        await until(`request ${n}`, () => simulator.requests.length >= n);
        const startedAt = performance.now();
        await happen(redis);
        const ended = await sync.ended;
        const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
        const twice = await expectWholeAfter(1, { ended, simulator, url });
        console.log(`Redis ${what} at request ${n}: ${twice} bought twice, ended after ${seconds} s`);
        await simulator.close();
      }
    } finally {
      await redis.close();
    }
  },
);

test('Ctrl-C ends a sync at once although its Redis is gone', needing('redis-server'), async () => {
  const redis = await openOwnRedis();
  const simulator = await openSimulator(sixtyPages);
  const env = { ...environment(simulator, await createDatabase()), REDIS_URL: redis.url };
  const sync = startCli(['sync', 'orders'], env);
  await until('request 20', () => simulator.requests.length >= 20);
  await redis.stop();
  sync.kill('SIGINT');
  expect(await sync.ended).toMatchObject({ code: 130 });
  await simulator.close();
});

const refusals: [string, string[], RegExp][] = [
  ['is full', ['config', 'set', 'maxmemory', '1'], /jobs: Redis is full\. Raise its maxmemory/],
  ['has become a replica', ['replicaof', '127.0.0.1', '1'], /jobs: Redis is a replica/],
];

test.each(refusals)(
  'a Redis that %s ends a sync with a sentence, also one that would go on with a run that was left behind',
  needing('redis-server'),
  async (_, command, sentence) => {
    const redis = await openOwnRedis();
    const client = new Redis(redis.url);
    const simulator = await openSimulator(sixtyPages);
    const env = { ...environment(simulator, await createDatabase()), REDIS_URL: redis.url };
    const first = startCli(['sync', 'orders'], env);
    await until('request 20', () => simulator.requests.length >= 20);
    first.kill('SIGINT');
    expect(await first.ended).toMatchObject({ code: 130 });
    const [name = '', ...words] = command;
    await client.call(name, ...words);
    const { code, stderr } = await startCli(['sync', 'orders'], env).ended;
    expect(stderr).toMatch(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(1);
    client.disconnect();
    await redis.close();
    await simulator.close();
  },
);

test('a worker whose Redis was emptied sets its schedules again', needing('redis-server'), async () => {
  const redis = await openOwnRedis();
  const client = new Redis(redis.url);
  const simulator = await openSimulator(sixtyPages);
  const schedules = async () => {
    const [key] = await client.keys('*:repeat');
    return key === undefined ? 0 : client.zcard(key);
  };
  const worker = startCli(['worker'], { ...environment(simulator, await createDatabase()), REDIS_URL: redis.url });
  await until('both schedules are set', async () => (await schedules()) === 2);
  await client.flushall();
  expect(await schedules()).toBe(0);
  await until('both schedules are set again', async () => (await schedules()) === 2);
  worker.kill('SIGTERM');
  expect(await worker.ended).toMatchObject({ code: 0 });
  client.disconnect();
  await redis.close();
  await simulator.close();
});
