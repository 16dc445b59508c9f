// Promise: when all connections of a worker die without a word, it notices within a minute, works on with new ones, and
// readiness and log say so; SIGTERM ends it as ever.
import { expect, test } from 'vitest';
import { openSimulator } from '../../src/simulator/index.js';
import { type Blackhole, openBlackhole } from '../support/blackhole.js';
import { startCli } from '../support/cli.js';
import { watchCompleteRuns } from '../support/complete-runs.js';
import { createDatabase } from '../support/database.js';
import { describeQueue } from '../support/needs.js';
import { freePort } from '../support/servers.js';
import { until } from '../support/until.js';

describeQueue(({ env }) => {
  test('a worker goes on after all of its flows have vanished', async () => {
    const simulator = await openSimulator({ sizes: { orders: 40 }, rate: 'unlimited' });
    const direct = await createDatabase();
    const ways: Blackhole[] = [await openBlackhole(direct)];
    if (env.REDIS_URL !== undefined) ways.push(await openBlackhole(env.REDIS_URL));
    const port = await freePort();
    const worker = startCli(['worker'], {
      HIVE_API_KEY: simulator.apiKey,
      HIVE_API_URL: simulator.url,
      DATABASE_URL: ways[0]?.url ?? '',
      ...(ways[1] === undefined ? {} : { REDIS_URL: ways[1].url }),
      HTTP_PORT: String(port),
      SYNC_INCREMENTAL_EVERY: '1s',
      CONNECTION_SILENCE: '1s',
    });
    const runs = await watchCompleteRuns(direct);
    try {
      await runs.until(2);
      for (const way of ways) way.swallow();
      const before = await runs.count();
      const at = performance.now();
      await runs.until(before + 3);
      console.log(`${Math.round(performance.now() - at)} ms until it had gone on, ${env.REDIS_URL ?? 'PostgreSQL'}`);
      const ready = await until('it is ready', async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
        return answer.status === 200 && answer.json();
      });
      const loop = (name: string, account?: string) => ({
        loop: name,
        ...(account === undefined ? {} : { account }),
        secondsAgo: expect.any(Number),
      });
      expect(ready).toEqual({
        ok: true,
        loops: expect.arrayContaining([
          loop('queue', 'default'),
          loop('watch', 'default'),
          loop('schedule', 'default'),
          loop('writing'),
        ]),
      });
      // Nothing passes any more: it still ends in time.
      for (const way of ways) {
        way.swallow();
        way.swallowNew(true);
      }
      const still = await until('readiness says which loops stand still', async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
        const { errors = [] } = (await answer.json()) as { errors?: string[] };
        return ['queue', 'watch', 'schedule', 'writing'].every((name) =>
          errors.some((error) => error.startsWith(`The loop "${name}"`)),
        )
          ? errors
          : undefined;
      });
      expect(still).toContainEqual(
        expect.stringMatching(/^The loop "queue" of account default has not got round for \d+ s\.$/),
      );
      const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      expect(metrics).toContain('hive_sync_loop_stands_still{loop="writing"} 1');
      expect(worker.output().stderr).toMatch(
        /"loop":"queue","account":"default","forS":\d+,"msg":"a loop stands still"/,
      );
      worker.kill('SIGTERM');
      expect(await worker.ended).toMatchObject({ code: 0 });
    } finally {
      await runs.close();
      await simulator.close();
      for (const way of ways) way.close();
    }
  });
});
