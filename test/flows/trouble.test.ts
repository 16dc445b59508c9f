// Promise: trouble on the way costs time, not records; what cannot be had is named.
import { describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/db/database.js';
import { listDeadLetters } from '../../src/db/dead-letters.js';
import { type FaultRule, openSimulator, type Simulator } from '../../src/simulator/index.js';
import { oneBackend, runCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { expectedRows } from '../support/expected-rows.js';
import { expectTablesToEqualTruth } from '../support/truth.js';

const sizes = { orders: 400 };

const environment = (simulator: Simulator, url: string, more: Record<string, string> = {}) => ({
  HIVE_API_KEY: simulator.apiKey,
  HIVE_API_URL: simulator.url,
  DATABASE_URL: url,
  SYNC_RETRY_BASE_MS: '20',
  ...more,
});

const tooMany = (page: number, headers: Record<string, string>): FaultRule => ({
  match: { path: '/orders', page },
  respond: { status: 429, headers, body: { success: false, errors: ['rate limit exceeded'] } },
});

describe.each(oneBackend())('queue on $name', ({ env }) => {
  test('429s with every form of Retry-After, 503s, a cut connection, an HTML 502 and broken JSON lose nothing', async () => {
    const faults: FaultRule[] = [
      tooMany(18, { 'retry-after': '3.2' }),
      tooMany(14, { 'retry-after': '0' }),
      tooMany(11, { 'retry-after': new Date(Date.now() + 3_000).toUTCString() }),
      tooMany(8, {}),
      { match: { path: '/orders', page: 5 }, times: 3, respond: { status: 503 } },
      { match: { path: '/orders', page: 4 }, respond: { cut: 'mid-body' } },
      { match: { path: '/orders', page: 3 }, respond: { cut: 'before-headers' } },
      { match: { path: '/shipments', page: 2 }, respond: { html: true, status: 502 } },
      { match: { path: '/shipments', page: 3 }, respond: { brokenJson: true } },
    ];
    const simulator = await openSimulator({ sizes, rate: 'unlimited', faults });
    const url = await createDatabase();
    const ended = await runCli(['sync'], environment(simulator, url, env));
    expect(ended).toMatchObject({ code: 0 });
    expect(simulator.stats().byStatus).toMatchObject({ 429: 4, 502: 1, 503: 3 });
    await expectTablesToEqualTruth(url, simulator);
    await simulator.close();
  }, 60_000);

  test('a 422 page and two malformed records become dead letters, everything else lands, exit 3', async () => {
    const simulator = await openSimulator({
      sizes,
      rate: 'unlimited',
      faults: [
        {
          match: { path: '/orders', page: 7 },
          respond: { status: 422, body: { success: false, errors: ["Name can't be blank", 'page is odd'] } },
        },
        {
          match: { path: '/orders', page: 12 },
          respond: {
            patchRecords: [
              { index: 3, merge: { id: 'no number' } },
              { index: 5, merge: { items: 'none' } },
            ],
          },
        },
      ],
    });
    const url = await createDatabase();
    const ended = await runCli(['sync'], environment(simulator, url, env));
    expect(ended).toMatchObject({ code: 3 });
    expect(ended.stdout).toContain('dead-letters list');

    const database = await openDatabase(url, { connections: 1 });
    const letters = await listDeadLetters(database.db, {});
    await database.close();
    const truth = simulator.truth('orders') as { id: number }[];
    expect(letters.filter(({ kind }) => kind === 'request')).toMatchObject([
      { collection: 'orders', page: 7, http_status: 422, errors: ["Name can't be blank", 'page is odd'], attempts: 1 },
    ]);
    expect(letters.filter(({ kind }) => kind === 'record').map(({ record_id }) => record_id)).toEqual(
      expect.arrayContaining([null, truth[11 * 20 + 5]?.id]),
    );
    const lost = new Set([...truth.slice(6 * 20, 7 * 20), truth[11 * 20 + 3], truth[11 * 20 + 5]]);
    const landed = truth.filter((order) => !lost.has(order));
    await expectTablesToEqualTruth(url, {
      truth: (name) => (name === 'orders' ? landed : simulator.truth(name)),
    } as Simulator);
    expect(expectedRows('orders', landed).orders).toHaveLength(400 - 22);

    const shown = await runCli(['dead-letters', 'list', '--json'], { DATABASE_URL: url });
    expect(JSON.parse(shown.stdout)).toHaveLength(3);
    await simulator.close();
  }, 60_000);

  test('a wrong key costs at most three requests, ends with exit 1 and says what to do', async () => {
    const simulator = await openSimulator({ sizes, rate: 'unlimited' });
    const url = await createDatabase();
    const ended = await runCli(['sync'], environment(simulator, url, { ...env, HIVE_API_KEY: 'wrong-key' }));
    expect(ended).toMatchObject({ code: 1 });
    expect(ended.stderr).toContain('Check HIVE_API_KEY');
    expect(ended.stdout + ended.stderr).not.toContain('wrong-key');
    expect(simulator.stats().requests).toBeLessThanOrEqual(3);

    const mended = await runCli(['sync'], environment(simulator, url, env));
    expect(mended).toMatchObject({ code: 0 });
    await expectTablesToEqualTruth(url, simulator);
    await simulator.close();
  }, 60_000);
});
