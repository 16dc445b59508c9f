// A job is added and removed on servers as people have them: each is a real one.
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import { addressOf } from '../../src/addresses/postgres.js';
import { readRedisAddress } from '../../src/addresses/redis.js';
import type { Finding } from '../../src/finding.js';
import type { Backend } from '../../src/queue/backend.js';
import { checkJob } from '../../src/queue/checks/job.js';
import { openPostgresBackend } from '../../src/queue/on-postgres.js';
import { openRedisBackend } from '../../src/queue/on-redis.js';
import { openTestDatabase } from '../support/database.js';
import { log } from '../support/log.js';
import { needing } from '../support/needs.js';
import { openOwnRedis } from '../support/servers.js';
import { until } from '../support/until.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function findIn(backend: Backend): Promise<Finding[]> {
  closing.push(() => backend.close());
  return [...(await backend.check()), await checkJob(backend, 8)];
}

async function onRedis(settings: readonly string[], user = ''): Promise<{ url: string; found: Finding[] }> {
  const redis = await openOwnRedis(() => settings);
  closing.push(redis.close);
  const url = redis.url.replace('redis://', `redis://${user}`);
  const address = readRedisAddress(url, []);
  if (address === undefined) throw new Error(`${url} is no address`);
  return { url, found: await findIn(await openRedisBackend(address, randomUUID(), log)) };
}

test('PostgreSQL: a job goes in and out, and nothing stays', async () => {
  const { url, db } = await openTestDatabase();
  expect(await findIn(await openPostgresBackend(addressOf(url), log))).toMatchObject([
    { level: 'well', about: 'notifications' },
    { level: 'well', about: 'jobs' },
  ]);
  expect(await db.execute('select from bullmq.job')).toHaveLength(0);
});

describe('Redis', needing('redis-server'), () => {
  test('as it should be is told in one line, and nothing stays', async () => {
    const { url, found } = await onRedis([]);
    expect(found).toMatchObject([
      { level: 'well', sentence: expect.stringMatching(/^version \d.*, noeviction, without TLS; it may lose jobs/) },
      { level: 'well', about: 'jobs' },
    ]);
    const client = new Redis(url);
    expect(await client.keys('*')).toEqual([]);
    client.disconnect();
  });

  test('that keeps what it has says so', async () => {
    const { found } = await onRedis([
      '--appendonly',
      'yes',
      '--appenddirname',
      `checks-${randomUUID()}`,
      '--dir',
      '/tmp',
    ]);
    expect(found[0]?.sentence).toContain('keeps what it has (AOF)');
  });

  test.each([
    ['without a limit of memory', '0', 'mind'],
    ['with one', '100mb', 'stop'],
  ])('that throws keys away %s', async (_what, most, level) => {
    const { found } = await onRedis(['--maxmemory-policy', 'allkeys-lru', '--maxmemory', most]);
    expect(found[0]).toMatchObject({ level, sentence: expect.stringContaining('Set: maxmemory-policy noeviction') });
  });

  test('that is full', async () => {
    const { found } = await onRedis(['--maxmemory', '1mb', '--maxmemory-policy', 'noeviction']);
    expect(found.at(-1)).toMatchObject({
      level: 'stop',
      mayPass: true,
      sentence: expect.stringMatching(/^Redis is full\./),
    });
  });

  test('that is a replica', async () => {
    const file = ['--dir', '/tmp', '--dbfilename', `hive-sync-checks-${randomUUID()}.rdb`];
    closing.push(() => rmSync(`/tmp/${file.at(-1)}`, { force: true }));
    const primary = await openOwnRedis(() => file);
    closing.push(primary.close);
    const { port } = new URL(primary.url);
    const replica = await openOwnRedis(() => [...file, '--replicaof', '127.0.0.1', port]);
    closing.push(replica.close);
    const client = new Redis(replica.url);
    await until('the replica follows', async () => /master_link_status:up/.test(await client.info('replication')));
    client.disconnect();
    const address = readRedisAddress(replica.url, []);
    if (address === undefined) throw new Error('no address');
    const found = await findIn(await openRedisBackend(address, randomUUID(), log));
    expect(found).toMatchObject([
      { level: 'stop', mayPass: true, sentence: expect.stringContaining('has to name the primary') },
      { level: 'stop', mayPass: true, sentence: expect.stringContaining('has to name the primary') },
    ]);
  });

  test.each([
    ['scripts', ['~*', '&*', '+@all', '-@scripting']],
    ['its keys', ['~other:*', '&*', '+@all']],
    ['waiting for jobs', ['~*', '&*', '+@all', '-bzpopmin']],
  ])('whose user has no right to %s', async (_what, rights) => {
    const { found } = await onRedis(['--user', 'worker', 'on', '>secret', ...rights], 'worker:secret@');
    expect(found.find(({ level }) => level === 'stop')).toMatchObject({
      about: 'jobs',
      mayPass: false,
      sentence: expect.stringMatching(/lacks a right\. Give it: /),
    });
  });

  test('whose user has the rights that we ask for, and no others, is well', async () => {
    const rights = ['~hive-sync-*', '&*', '+@all', '-@admin', '-@dangerous', '+info', '+client'];
    const { found } = await onRedis(['--user', 'worker', 'on', '>secret', ...rights], 'worker:secret@');
    expect(found.map(({ level }) => level)).toEqual(['well', 'well']);
  });
});
