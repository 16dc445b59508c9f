// Promise: a PostgreSQL that goes away in the middle of a run, queue and all, costs time and nothing else.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { openSimulator } from '../../src/simulator/index.js';
import { oneBackend, startCli } from '../support/cli.js';
import { environment, expectWholeAfter, sixtyPages } from '../support/crash.js';
import { openOwnPostgres } from '../support/servers.js';
import { until } from '../support/until.js';

const AWAY_MS = process.env.SOAK === undefined ? 5_000 : 20_000;

describe.each(oneBackend())('queue on $name', ({ name, env: backend }) => {
  test.each(process.env.SOAK === undefined ? [20] : [1, 20, 50])(
    'PostgreSQL stopped at request %i of 60 and started again: the run ends certified',
    async (n) => {
      const server = await openOwnPostgres();
      const simulator = await openSimulator(sixtyPages);
      try {
        const sync = startCli(['sync', 'orders'], { ...environment(simulator, server.url), ...backend });
        await until(`request ${n}`, () => simulator.requests.length >= n);
        await server.stop();
        // The outage itself: nothing is waited for.
        await sleep(AWAY_MS);
        await server.start();
        const startedAt = performance.now();
        const ended = await sync.ended;
        const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
        const twice = await expectWholeAfter(1, { ended, simulator, url: server.url });
        console.log(`${name}, away at request ${n}: ${twice} bought twice, ended after ${seconds} s`);
        expect(ended.stderr).toMatch(
          /PostgreSQL does not answer .*, waiting for it …\n(.*\n)*PostgreSQL answers again/,
        );
      } finally {
        await simulator.close();
        await server.close();
      }
    },
  );

  test('Ctrl-C ends a sync although its PostgreSQL is gone', async () => {
    const server = await openOwnPostgres();
    const simulator = await openSimulator(sixtyPages);
    const sync = startCli(['sync', 'orders'], { ...environment(simulator, server.url), ...backend });
    await until('request 20', () => simulator.requests.length >= 20);
    await server.stop();
    sync.kill('SIGINT');
    expect(await sync.ended).toMatchObject({ code: 130 });
    await simulator.close();
    await server.close();
  });
});
