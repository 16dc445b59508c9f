// Promise: a key that may not read one collection costs that collection only; a key that is revoked stops everything.
import { describe, expect, test } from 'vitest';
import { oneBackend, startCli } from '../support/cli.js';
import { openStage } from '../support/command.js';
import { expectTablesToEqualTruth } from '../support/truth.js';
import { until } from '../support/until.js';

const CONCURRENCY = 4;

describe.each(oneBackend())('queue on $name', ({ env }) => {
  test('a key that is revoked during a run halts it within what is in flight, asked once more; restored, the next sync completes', async () => {
    const stage = await openStage({ sizes: { orders: 600 }, latencyMs: 30 }, env);
    const { simulator } = stage;
    const run = startCli(['sync'], { ...stage.env, SYNC_CONCURRENCY: String(CONCURRENCY) });
    await until('some pages were read', () => simulator.stats().requests >= 12);
    simulator.revokeKey();
    const ended = await run.ended;
    expect(ended).toMatchObject({ code: 1 });
    expect(ended.stderr).toContain('Check HIVE_API_KEY');
    expect(simulator.stats().byStatus[401]).toBeGreaterThanOrEqual(2);
    expect(simulator.stats().byStatus[401]).toBeLessThanOrEqual(2 * CONCURRENCY);
    const before = simulator.stats().byStatus[401] ?? 0;

    const refused = await stage.run('sync');
    expect(refused).toMatchObject({ code: 1 });
    expect(simulator.stats().byStatus[401]).toBe(before + 1);

    simulator.restoreKey();
    expect(await stage.run('sync')).toMatchObject({ code: 0 });
    await expectTablesToEqualTruth(stage.url, simulator);
    expect(await stage.letters()).toEqual([]);
    await simulator.close();
  }, 90_000);
});

test.each(['warehouses', 'returns'])('a 403 on %s leaves the others certified, exit 3', async (forbidden) => {
  const stage = await openStage({
    sizes: { orders: 100 },
    faults: [
      {
        match: { path: `/${forbidden}` },
        times: null,
        respond: { status: 403, body: { success: false, errors: ['not allowed'] } },
      },
    ],
  });
  const ended = await stage.run('sync');
  expect(ended).toMatchObject({ code: 3 });
  expect(ended.stdout).toMatch(new RegExp(`${forbidden}\\s+uncertified`));
  expect(ended.stdout).toContain(`${forbidden}: 1 page could not be read, see dead letters`);
  expect(ended.stdout.match(/ certified /g)).toHaveLength(5);
  expect(await stage.letters()).toMatchObject([
    { collection: forbidden, page: 1, http_status: 403, errors: ['not allowed'], attempts: 1 },
  ]);
  await expectTablesToEqualTruth(stage.url, {
    truth: (name) => (name === forbidden ? [] : stage.simulator.truth(name)),
  });
  // Allowed again: only that collection was never certified.
  stage.simulator.clearFaults();
  expect(await stage.run('sync')).toMatchObject({ code: 0 });
  expect(await stage.letters({ all: false })).toEqual([]);
  await expectTablesToEqualTruth(stage.url, stage.simulator);
  await stage.simulator.close();
});
