// Promise: Ctrl-C loses nothing; the same command goes on from there.
import { describe, expect, test } from 'vitest';
import { openSimulator } from '../../src/simulator/index.js';
import { oneBackend, runCli, startCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { expectTablesToEqualTruth } from '../support/truth.js';
import { until } from '../support/until.js';

describe.each(oneBackend())('queue on $name', ({ env: backend }) => {
  test('an interrupted sync exits with 130 at once, and the next one reads only what is left', async () => {
    const simulator = await openSimulator({ sizes: { orders: 600 }, rate: 'unlimited', latencyMs: 50 });
    const env = {
      HIVE_API_KEY: simulator.apiKey,
      HIVE_API_URL: simulator.url,
      DATABASE_URL: await createDatabase(),
      ...backend,
    };
    const first = startCli(['sync', 'orders'], env);
    await until('some pages were read', () => simulator.stats().requests >= 10);
    first.kill('SIGINT');
    const ended = await first.ended;
    expect(ended).toMatchObject({ code: 130 });
    expect(ended.stderr).toContain('goes on from there');
    expect(simulator.stats().requests).toBeLessThan(30);

    const second = await runCli(['sync', 'orders'], env);
    expect(second).toMatchObject({ code: 0 });
    expect(second.stderr).toContain('Going on with run 1');
    await expectTablesToEqualTruth(env.DATABASE_URL, simulator, ['orders']);
    // 30 pages and the head above them; those that were in flight once more; and those around the pause, if it was one.
    expect(simulator.stats().requests).toBeLessThanOrEqual(30 + 1 + 4 + 4);
    await simulator.close();
  }, 60_000);

  test('an interrupted first sync is gone on with, also when some of its collections are certified already', async () => {
    const simulator = await openSimulator({ sizes: { orders: 600 }, rate: 'unlimited', latencyMs: 50 });
    const env = {
      HIVE_API_KEY: simulator.apiKey,
      HIVE_API_URL: simulator.url,
      DATABASE_URL: await createDatabase(),
      ...backend,
    };
    const first = startCli(['sync'], env);
    await until('warehouses are certified', () =>
      first.output().stderr.includes('warehouses: 1/1 pages, 4 records, certified'),
    );
    first.kill('SIGINT');
    expect(await first.ended).toMatchObject({ code: 130 });
    const second = await runCli(['sync'], env);
    expect(second).toMatchObject({ code: 0 });
    expect(second.stderr).toContain('Going on with run 1');
    expect(second.stdout).toContain('Run 1 (full) is complete');
    await expectTablesToEqualTruth(env.DATABASE_URL, simulator);
    await simulator.close();
  }, 60_000);
});
