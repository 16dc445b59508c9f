// Promise: one command brings every record of the account, exactly, within the budget.
import { expect, test } from 'vitest';
import { openSimulator, type Simulator } from '../../src/simulator/index.js';
import { runCli, startCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { fingerprint } from '../support/fingerprint.js';
import { describeQueue } from '../support/needs.js';
import { expectTablesToEqualTruth } from '../support/truth.js';

const sizes = { orders: 3_000, shipments: 400, returns: 400, restocking_shipments: 400, skus: 400, warehouses: 400 };
const rate = { limit: 20, windowMs: 3_000 };

const environment = (simulator: Simulator, url: string, backend: Record<string, string>) => ({
  HIVE_API_KEY: simulator.apiKey,
  HIVE_API_URL: simulator.url,
  HIVE_RATE_WINDOW_MS: String(rate.windowMs),
  DATABASE_URL: url,
  ...backend,
});

/** Orders and SKUs are pinned: the part above the pin is read in the end. */
const HEADS = 2;

/** The share of the budget that was used between the first request and the last. */
function shareOfBudget({ requests }: Simulator): number {
  const times = requests.map(({ at }) => at);
  const took = Math.max(...times) - Math.min(...times);
  return (Math.floor((times.length - 1) / rate.limit) * rate.windowMs) / took;
}

describeQueue(({ env }) => {
  test('a sync brings every field of every record, uses at least 90 % of the budget and never hits a 429; a second one writes nothing', async () => {
    const simulator = await openSimulator({ sizes, rate });
    const url = await createDatabase();
    const first = await runCli(['sync'], environment(simulator, url, env));
    expect(first).toMatchObject({ code: 0 });
    expect(first.stdout).toContain('every collection is certified');
    expect(simulator.stats()).toMatchObject({ requests: 250 + HEADS, rateLimited: 0 });
    expect(shareOfBudget(simulator)).toBeGreaterThanOrEqual(0.9);
    await expectTablesToEqualTruth(url, simulator);

    const before = await fingerprint(url);
    simulator.setRate('unlimited');
    const second = await runCli(['sync', '--full'], environment(simulator, url, env));
    expect(second).toMatchObject({ code: 0 });
    expect(await fingerprint(url)).toEqual(before);

    // The comparison itself can fail: one changed field in one child row is enough.
    const [order] = simulator.truth('orders') as { id: number; items: { quantity: number }[] }[];
    const items = order?.items.map((item) => ({ ...item, quantity: item.quantity + 1 }));
    simulator.apply({ kind: 'update', collection: 'orders', id: order?.id ?? 0, patch: { items } });
    await expect(expectTablesToEqualTruth(url, simulator)).rejects.toThrow('quantity');
    await simulator.close();
  }, 180_000);

  test('two processes that sync at once share one budget: no 429', async () => {
    const simulator = await openSimulator({ sizes: { orders: 600 }, rate });
    const url = await createDatabase();
    // Of two modes: of one, the second would follow the first.
    const first = startCli(['backfill', 'orders', 'skus'], environment(simulator, url, env));
    const second = startCli(['sync', 'orders', 'skus'], environment(simulator, url, env));
    for (const { ended } of [first, second]) expect(await ended).toMatchObject({ code: 0 });
    expect(simulator.requests.length).toBeGreaterThanOrEqual(2 * 33);
    expect(simulator.stats()).toMatchObject({ rateLimited: 0 });
    await expectTablesToEqualTruth(url, simulator, ['orders', 'skus']);
    await simulator.close();
  }, 90_000);
});
