// The queue knows exactly the schedules that are configured, and a worker that was away catches up once.
import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { readRedisAddress } from '../../src/addresses/redis.js';
import { openClaims } from '../../src/db/run-claims.js';
import { openAccountQueue } from '../../src/queue/account-queue.js';
import { openBackend } from '../../src/queue/backend.js';
import { removeGoneSchedules } from '../../src/queue/gone-accounts.js';
import { type Schedule, setSchedule } from '../../src/queue/schedule.js';
import { openTestDatabase } from '../support/database.js';
import { log } from '../support/log.js';
import { describeQueue } from '../support/needs.js';
import { until } from '../support/until.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const usual: Schedule = { incrementalEveryMs: 900_000, fullCron: '0 3 * * *', timezone: 'Europe/Berlin' };

describeQueue(({ env }) => {
  async function scene(account = 'default') {
    const { db, address } = await openTestDatabase();
    const redis = env.REDIS_URL === undefined ? undefined : readRedisAddress(env.REDIS_URL, []);
    const backend = await openBackend({ database: address, redis, installation: randomUUID(), silenceMs: 10_000, log });
    const claims = openClaims(address);
    closing.push(
      () => backend.close(),
      () => claims.close(),
    );
    const open = (label: string) => {
      const opened = openAccountQueue(backend, label, { pageAttempts: 1, log });
      closing.push(() => opened.close());
      return opened;
    };
    const { queue, name } = open(account);
    const keys = async () => (await queue.getJobSchedulers(0, -1)).map(({ key }) => key).sort();
    const work = async () => {
      const started: unknown[] = [];
      const worker = backend.openWorker(name, async (job) => void started.push(job.data), { concurrency: 1 });
      worker.on('error', () => {});
      closing.push(() => worker.close());
      await worker.waitUntilReady();
      return started;
    };
    return { db, address, backend, claims, queue, keys, open, work };
  }

  test('what is configured is set, what is off or unknown is removed', async () => {
    const { queue, keys } = await scene();
    await queue.upsertJobScheduler('hourly', { every: 3_600_000 }, { name: 'start-run', data: { mode: 'full' } });
    await setSchedule(queue, usual);
    expect(await keys()).toEqual(['full', 'incremental']);
    await setSchedule(queue, { ...usual, fullCron: undefined });
    expect(await keys()).toEqual(['incremental']);
    await setSchedule(queue, { ...usual, fullCron: undefined, incrementalEveryMs: undefined });
    expect(await keys()).toEqual([]);
  });

  test('a full run that was missed is started once, and not when none was missed', async () => {
    const { queue, work } = await scene();
    const fullOnly = { ...usual, incrementalEveryMs: undefined };
    await setSchedule(queue, { ...fullOnly, fullCron: '* * * * * *' });
    await until('its second has passed', async () => {
      const [full] = await queue.getJobSchedulers(0, -1);
      return (full?.next ?? Number.POSITIVE_INFINITY) < Date.now() - 100;
    });
    await setSchedule(queue, fullOnly);
    await setSchedule(queue, fullOnly);
    const started = await work();
    await until('it has started', () => started.length > 0);
    await setSchedule(queue, fullOnly);
    await until('the queue is empty', async () => {
      const { waiting = 0, prioritized = 0, active = 0 } = await queue.getJobCounts();
      return waiting + prioritized + active === 0;
    });
    expect(started).toEqual([{ mode: 'full' }]);
  });

  test('schedules of an account that is gone are removed, unless another worker works it', async () => {
    const { db, address, backend, claims, queue, keys, open } = await scene('old');
    const elsewhere = openClaims(address);
    closing.push(() => elsewhere.close());
    const kept = open('kept').queue;
    await db.execute("insert into sync.rate_budgets (account) values ('old'), ('kept')");
    await setSchedule(queue, usual);
    await setSchedule(kept, usual);
    await removeGoneSchedules({ backend, claims, db, log }, ['kept']);
    expect(await keys()).toEqual([]);
    expect(await kept.getJobSchedulers(0, -1)).toHaveLength(2);

    await setSchedule(queue, { ...usual, incrementalEveryMs: undefined });
    await elsewhere.ofAccount('old').standBy();
    await removeGoneSchedules({ backend, claims, db, log }, ['kept']);
    expect(await keys()).toEqual(['full']);
  });
});
