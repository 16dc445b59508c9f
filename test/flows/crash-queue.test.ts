// Promise: whatever the queue does with a page, the ledger knows that it is missing and heal() sends it out again.
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { openSimulator } from '../../src/simulator/index.js';
import { runCli, startCli } from '../support/cli.js';
import { environment, expectWholeAfter, sixtyPages } from '../support/crash.js';
import { createDatabase } from '../support/database.js';
import { describeQueue } from '../support/needs.js';
import { until } from '../support/until.js';

/** What somebody with access to the queue's server could do to it. */
interface Vandal {
  /** Jobs go from the queue; active ones stay, as their worker has them. */
  removeWaiting(): Promise<void>;
  /** Everything that was ever in the queue goes. */
  removeAll(): Promise<void>;
  /** The next stall of an active job is one more than allowed. */
  wearOutActive(): Promise<number>;
}

async function openVandal(url: string, redisUrl: string | undefined): Promise<Vandal & { close(): Promise<void> }> {
  const sql = postgres(url, { max: 1 });
  if (redisUrl === undefined) {
    return {
      removeWaiting: async () => void (await sql`delete from bullmq.job where state <> 'active'`),
      removeAll: async () => void (await sql`delete from bullmq.job`),
      wearOutActive: async () =>
        (await sql`update bullmq.job set stalled_count = 1000000 where state = 'active'`).count,
      close: () => sql.end(),
    };
  }
  const [row] = await sql`select id from sync.installation`;
  await sql.end();
  const prefix = `hive-sync-${row?.id}`;
  const redis = new Redis(redisUrl);
  const queue = new Queue('sync-default', { connection: { url: redisUrl }, prefix });
  return {
    removeWaiting: () => queue.drain(true),
    removeAll: () => queue.obliterate({ force: true }),
    async wearOutActive() {
      const ids = await redis.lrange(`${prefix}:sync-default:active`, 0, -1);
      for (const id of ids) await redis.hset(`${prefix}:sync-default:${id}`, 'stc', '1000000');
      return ids.length;
    },
    async close() {
      await queue.close();
      redis.disconnect();
    },
  };
}

describeQueue(({ env: backend }) => {
  async function scene() {
    const simulator = await openSimulator(sixtyPages);
    const url = await createDatabase();
    const env = { ...environment(simulator, url), ...backend };
    const vandal = await openVandal(url, backend.REDIS_URL);
    const sync = startCli(['sync', 'orders'], env);
    await until('request 20', () => simulator.requests.length >= 20);
    return { simulator, url, env, vandal, sync };
  }

  test('jobs that are removed from the queue by hand come back', async () => {
    const { simulator, url, vandal, sync } = await scene();
    await vandal.removeWaiting();
    await expectWholeAfter(1, { ended: await sync.ended, simulator, url });
    await vandal.close();
    await simulator.close();
  });

  test('a process that dies between the commit of a page and the job for the next one strands no run', async () => {
    const { simulator, url, env, vandal, sync } = await scene();
    sync.kill('SIGKILL');
    await sync.ended;
    // The state that such a death leaves behind, for every page at once: all of it in the ledger, nothing in the queue.
    await vandal.removeAll();
    await expectWholeAfter(1, { ended: await runCli(['sync', 'orders'], env), simulator, url });
    await vandal.close();
    await simulator.close();
  });

  test('jobs that BullMQ fails for ever, as stalled more than allowed, come back', async () => {
    const { simulator, url, env, vandal, sync } = await scene();
    // Frozen, so that its jobs are certainly active, then dead.
    sync.kill('SIGSTOP');
    expect(await vandal.wearOutActive()).toBeGreaterThan(0);
    sync.kill('SIGKILL');
    await sync.ended;
    await expectWholeAfter(1, { ended: await runCli(['sync', 'orders'], env), simulator, url });
    await vandal.close();
    await simulator.close();
  });
});
