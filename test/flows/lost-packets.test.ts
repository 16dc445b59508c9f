// Promise: packets that are lost below TCP, where no kernel acknowledges anything, stop a worker no longer than flows that a
// proxy swallows (dead-connections.test.ts): those that there are, or all.
import { describe, expect, test } from 'vitest';
import { openSimulator } from '../../src/simulator/index.js';
import { openBlackhole } from '../support/blackhole.js';
import { oneBackend, startCli } from '../support/cli.js';
import { watchCompleteRuns } from '../support/complete-runs.js';
import { createDatabase } from '../support/database.js';
import { openFarSide } from '../support/far-side.js';
import { needing } from '../support/needs.js';
import { until } from '../support/until.js';

describe.each(oneBackend())('queue on $name', ({ env }) => {
  test(
    'a worker goes on when the packets of its flows are lost, and ends when all are',
    needing('namespaces'),
    async () => {
      const simulator = await openSimulator({ sizes: { orders: 40 }, rate: 'unlimited' });
      const direct = await createDatabase();
      const side = openFarSide();
      // As they are, and reached from there.
      const ways = {
        api: await openBlackhole(simulator.url, side.host),
        database: await openBlackhole(direct, side.host),
        ...(env.REDIS_URL === undefined ? {} : { redis: await openBlackhole(env.REDIS_URL, side.host) }),
      };
      const worker = startCli(
        ['worker'],
        {
          HIVE_API_KEY: simulator.apiKey,
          HIVE_API_URL: ways.api.url.replace(/\/$/, ''),
          HIVE_API_INSECURE: '1',
          DATABASE_URL: ways.database.url,
          ...(ways.redis === undefined ? {} : { REDIS_URL: ways.redis.url }),
          SYNC_INCREMENTAL_EVERY: '1s',
          CONNECTION_SILENCE: '1s',
          HIVE_TIMEOUT_MS: '2000',
        },
        undefined,
        side.within,
      );
      const runs = await watchCompleteRuns(direct);
      try {
        await runs.until(2);
        side.loseFlows();
        const before = await runs.count();
        const at = performance.now();
        await runs.until(before + 3);
        console.log(`${Math.round(performance.now() - at)} ms until it had gone on, ${env.REDIS_URL ?? 'PostgreSQL'}`);
        side.cut();
        await until('it says that it stands still', () => worker.output().stderr.includes('a loop stands still'));
        worker.kill('SIGTERM');
        expect(await worker.ended).toMatchObject({ code: 0 });
      } finally {
        await runs.close();
        await simulator.close();
        for (const way of Object.values(ways)) way.close();
      }
    },
  );
});
