// Promise: a process takes a known number of connections, whatever the number of its accounts.
import { readFileSync } from 'node:fs';
import { sql } from 'drizzle-orm';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/db/database.js';
import { openSimulator } from '../../src/simulator/index.js';
import { startCli } from '../support/cli.js';
import { describeQueue } from '../support/needs.js';
import { openOwnPostgres, openOwnRedis } from '../support/servers.js';
import { until } from '../support/until.js';

/** `ACCOUNTS=200 npx vitest run test/flows/many-accounts.test.ts` tries another number. */
const MANY = Number(process.env.ACCOUNTS ?? 50);
/** docs/operations.md, "Connections". */
const MAIN_POOL = 8;
const CLAIMS = 1;
const QUEUE_IN_POSTGRES = 7;
/** The schema of each is brought in step on a connection that is closed before the work begins. */
const AT_THE_START = 1;

const tiny = { orders: 25, skus: 3, shipments: 3, returns: 3, restocking_shipments: 3, warehouses: 2 };

describeQueue(({ env: { REDIS_URL } }) => {
  // In CI many on the queue that has its connections in PostgreSQL, too; SOAK tries many on both.
  const ACCOUNTS = REDIS_URL === undefined || process.env.SOAK !== undefined ? MANY : Math.min(MANY, 12);
  const labels = Array.from({ length: ACCOUNTS }, (_, i) => `shop-${i + 1}`);
  const DEADLINE_MS = 4_000 * ACCOUNTS + 60_000;

  test(
    `one worker certifies ${ACCOUNTS} accounts on an empty database that allows 100 connections`,
    async () => {
      const postgres = await openOwnPostgres({ settings: ['max_connections=100'] });
      const redis = REDIS_URL === undefined ? undefined : await openOwnRedis();
      // The accounts hold the same: it is the worker that is tried.
      const simulator = await openSimulator({ sizes: tiny, rate: 'unlimited' });
      const startedAt = performance.now();
      const worker = startCli(['worker'], {
        HIVE_ACCOUNTS: labels.join(),
        ...Object.fromEntries(
          labels.map((label) => [`HIVE_API_KEY_${label.toUpperCase().replaceAll('-', '_')}`, simulator.apiKey]),
        ),
        HIVE_API_URL: simulator.url,
        HIVE_RATE_WINDOW_MS: '1000',
        DATABASE_URL: postgres.url,
        ...(redis === undefined ? {} : { REDIS_URL: redis.url }),
        LOG_LEVEL: 'warn',
      });
      const { db, close } = await openDatabase(postgres.url, { connections: 1 });
      const watching = redis === undefined ? undefined : new Redis(redis.url);
      const most = { postgres: 0, redis: 0 };
      const look = async () => {
        const [row] = await db.execute<{ n: number }>(sql`
        select count(*) as n from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`);
        most.postgres = Math.max(most.postgres, row?.n ?? 0);
        const clients = (await watching?.client('LIST'))?.toString().trim().split('\n').length ?? 0;
        most.redis = Math.max(most.redis, clients - 1);
      };
      await until(
        'every account is certified',
        async () => {
          await look();
          const certified = await db
            .execute<{ n: number }>(sql`select count(*) as n from sync.runs where mode = 'full' and state = 'complete'`)
            .catch(() => []);
          return certified[0]?.n === ACCOUNTS;
        },
        DEADLINE_MS,
      ).catch((error) => {
        throw new Error(worker.output().stderr, { cause: error });
      });
      const seconds = Math.round((performance.now() - startedAt) / 1_000);
      const memory = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${worker.pid}/status`, 'utf8'))?.[1];
      console.log(
        `${ACCOUNTS} accounts certified after ${seconds} s; at most ${most.postgres} connections to PostgreSQL and ${most.redis} to Redis, ${Math.round(Number(memory) / 1_024)} MB`,
      );
      const [incomplete] = await db.execute<{ n: number }>(sql`
      select count(*) as n from (select account, collection from sync.windows
        where state = 'certified' and kind = 'whole' group by 1, 2) as proved`);
      expect(incomplete?.n).toBe(ACCOUNTS * 6);
      expect(most.postgres).toBeLessThanOrEqual(
        MAIN_POOL + CLAIMS + AT_THE_START + (redis === undefined ? QUEUE_IN_POSTGRES : 0),
      );
      // One for all queues, one for each worker, and the first look whether it is there.
      expect(most.redis).toBeLessThanOrEqual(redis === undefined ? 0 : ACCOUNTS + 2);
      worker.kill('SIGTERM');
      expect(await worker.ended).toMatchObject({ code: 0 });
      watching?.disconnect();
      await close();
      await Promise.all([postgres.close(), redis?.close(), simulator.close()]);
    },
    DEADLINE_MS + 60_000,
  );
});
