// Promise: a server that refuses the queue's connections costs a pause, and neither the processor nor the log. BullMQ kept
// the refusal of its first connection and asked again without one: two million lines in 15 seconds, deaf to SIGTERM.
import { Redis } from 'ioredis';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { addressOf } from '../../src/addresses/postgres.js';
import { readRedisAddress } from '../../src/addresses/redis.js';
import { openPostgresBackend } from '../../src/queue/on-postgres.js';
import { openRedisBackend } from '../../src/queue/on-redis.js';
import { createDatabase } from '../support/database.js';
import { createRole } from '../support/limited-role.js';
import { log } from '../support/log.js';
import { needing } from '../support/needs.js';
import { openOwnRedis } from '../support/servers.js';
import { until } from '../support/until.js';

const FEW = 3;
/** A little less than a second, as timers are. */
const PAUSE_MS = 950;

test('too many clients while the worker of a queue connects: it tries again with a pause, then works', async () => {
  const { url, name } = await createRole(await createDatabase(), { limit: FEW });
  const backend = await openPostgresBackend(addressOf(url), log);
  const others = Array.from({ length: FEW }, () => postgres(url, { max: 1, onnotice: () => {} }));
  await until('the connection of before is gone', async () => {
    const taken = await Promise.allSettled(others.map((other) => other`select 1`));
    return taken.every(({ status }) => status === 'fulfilled');
  });
  const done: string[] = [];
  const errors: number[] = [];
  const worker = backend.openWorker('q', async (job) => void done.push(job.name), { concurrency: 4 });
  worker.on('error', (error) => {
    expect(error.message).toContain(`too many connections for role "${name}"`);
    errors.push(performance.now());
  });
  await until('it was refused a few times', () => errors.length >= 3);
  for (const [i, at] of errors.entries()) {
    if (i > 0) expect(at - (errors[i - 1] ?? 0)).toBeGreaterThan(PAUSE_MS);
  }
  await Promise.all(others.map((other) => other.end()));
  const queue = backend.openQueue('q');
  queue.on('error', () => {});
  await until('a job can be added', () =>
    queue.add('a-job', { mode: 'full' }).then(
      () => true,
      () => false,
    ),
  );
  await until('the job is done', () => done.includes('a-job'));
  await Promise.all([worker.close(), queue.close()]);
  await backend.close();
});

test(
  'a Redis that refuses what it is asked while jobs wait is asked again with a pause',
  needing('redis-server'),
  async () => {
    const server = await openOwnRedis();
    const backend = await openRedisBackend(readRedisAddress(server.url, []) as never, 'test', log);
    const queue = backend.openQueue('q');
    queue.on('error', () => {});
    await queue.addBulk(Array.from({ length: 10 }, () => ({ name: 'a-job', data: { mode: 'full' as const } })));
    const errors: number[] = [];
    const refuse = async () => {
      // It takes no write without a replica, of which there is none.
      const owner = new Redis(server.url);
      await owner.config('SET', 'min-replicas-to-write', '1');
      owner.disconnect();
    };
    const worker = backend.openWorker('q', refuse, { concurrency: 1 });
    worker.on('error', () => void errors.push(performance.now()));
    await until('it was refused a few times', () => errors.length >= 6);
    // Two may be about the job that was being worked.
    expect((errors[5] ?? 0) - (errors[0] ?? 0)).toBeGreaterThan(3 * PAUSE_MS);
    await backend.leave();
    await Promise.all([worker.close(), queue.close()]);
    await backend.close();
    await server.close();
  },
);
