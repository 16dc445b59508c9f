// Health: of the process, and of what it needs.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { needing } from '../support/needs.js';
import { openTestServer } from '../support/server.js';
import { openOwnPostgres, openOwnRedis } from '../support/servers.js';
import { until } from '../support/until.js';

const nobody = { url: 'http://127.0.0.1:9', apiKey: 'a-key' };

test('ready means database, schema and queue; the process is up without them', needing('redis-server'), async () => {
  const postgres = await openOwnPostgres();
  const redis = await openOwnRedis();
  const server = await openTestServer(nobody, { DATABASE_URL: postgres.url, REDIS_URL: redis.url });
  const readiness = async () => {
    const answer = await server.ask('/readyz');
    return { status: answer.status, body: (await answer.json()) as { errors?: string[] } };
  };
  const isReady = async () => (await readiness()).status === 200;
  try {
    expect(await readiness()).toEqual({ status: 200, body: { ok: true } });

    await redis.stop();
    const withoutQueue = await until('the queue is missed', async () => {
      const now = await readiness();
      return now.status === 503 && now;
    });
    expect(withoutQueue.body.errors).toEqual(['The queue of account default does not answer.']);
    await redis.start();
    await until('the queue is back', isReady);

    await server.app.store.db.execute(sql`
      delete from sync.migrations where created_at = (select max(created_at) from sync.migrations)`);
    const behind = await until('the schema is behind', async () => {
      const now = await readiness();
      return now.status === 503 && now;
    });
    expect(behind.body.errors).toEqual([expect.stringMatching(/lacks 1 migration .*hive-sync migrate/)]);

    await postgres.stop();
    await until('the database is missed', async () =>
      (await readiness()).body.errors?.includes('The database does not answer.'),
    );
    expect((await server.ask('/healthz')).status).toBe(200);
    const metrics = await (await server.ask('/metrics')).text();
    expect(metrics).toContain('hive_sync_database_up 0');
    expect(metrics).not.toMatch(/^hive_sync_budget_used\{/m);
    expect(metrics).toMatch(/^process_resident_memory_bytes \d/m);
    const status = await server.ask('/api/status');
    expect([status.status, await status.json()]).toEqual([
      503,
      { errors: [expect.stringContaining('database is away')] },
    ]);
    await postgres.start();
    await until('the database is back', async () => (await server.ask('/api/status')).status === 200);
  } finally {
    await server.close();
    await redis.close();
    await postgres.close();
  }
});
