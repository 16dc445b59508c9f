// A run that is due while PostgreSQL is away is started when it is back. Only with the queue on Redis is there somebody
// to say that it is due.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { START_RUN } from '../../src/queue/jobs.js';
import { openTestApp } from '../support/app.js';
import { needing } from '../support/needs.js';
import { openOwnPostgres, openOwnRedis } from '../support/servers.js';
import { until } from '../support/until.js';

const needs = { ...needing('redis-server'), timeout: 60_000 };
test('the nightly run is not lost because the database was away in its minute', needs, async () => {
  const [postgres, redis] = await Promise.all([openOwnPostgres(), openOwnRedis()]);
  const nobody = { url: 'http://127.0.0.1:9', apiKey: 'a-key' };
  const testApp = await openTestApp(nobody, postgres.url, { REDIS_URL: redis.url });
  const { account } = testApp;
  const { queue } = account.queue;
  const worker = account.work();
  try {
    await postgres.stop();
    // Twice: however long the database is away, one run is made up for.
    for (const jobId of ['first', 'second'])
      await queue.add(START_RUN, { mode: 'full' }, { jobId, removeOnFail: true });
    await until('both have been tried', async () => {
      const { active = 0, waiting = 0, prioritized = 0 } = await queue.getJobCounts();
      return active + waiting + prioritized === 0;
    });
    expect((await queue.getJobCounts()).delayed).toBe(1);
    await postgres.start();
    const { db } = testApp.app.store;
    const runs = () => db.execute(sql`select mode, trigger from sync.runs`).catch(() => []);
    await until('the run is started', async () => (await runs()).length > 0, 30_000);
    expect(await runs()).toEqual([{ mode: 'full', trigger: 'schedule' }]);
  } finally {
    await worker.close();
    await testApp.close();
    await Promise.all([postgres.close(), redis.close()]);
  }
});
