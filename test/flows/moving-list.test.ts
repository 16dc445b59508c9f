// Promise: a list that moves while it is read ends certified with everything, or uncertified and says so.

import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { type Change, type DriftRule, openSimulator } from '../../src/simulator/index.js';
import { fullSync, openTestApp } from '../support/app.js';
import { oneBackend } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { byId, change, fault, fellIntoTheHole, type Listed } from '../support/moving.js';
import fc, { SEED } from '../support/property.js';

const RUNS = Number(process.env.SOAK_RUNS ?? 80);
const [queue] = oneBackend();

const script = fc.record({
  collection: fc.constantFrom<Listed>('orders', 'shipments'),
  size: fc.integer({ min: 0, max: 60 }),
  perPage: fc.integer({ min: 3, max: 9 }),
  seed: fc.nat(1_000),
  drift: fc.array(fc.record({ request: fc.integer({ min: 1, max: 25 }), which: fc.nat(4) }), { maxLength: 6 }),
  faults: fc.array(
    fc.record({
      request: fc.integer({ min: 1, max: 25 }),
      respond: fault,
    }),
    { maxLength: 3 },
  ),
  changes: fc
    .constantFrom<Listed>('orders', 'shipments')
    .chain((name) => fc.array(change(name), { minLength: 5, maxLength: 5 })),
});

test(
  'certified means: nothing that existed all the time is missing, and nothing is older than the start of the run',
  async () => {
    const url = await createDatabase();
    let account = 0;
    let certified = 0;
    let moved = 0;
    await fc.assert(
      fc.asyncProperty(script, async ({ collection, size, perPage, seed, drift, faults, changes }) => {
        account += 1;
        const rules: DriftRule[] = drift.map(({ request, which }) => ({
          before: { requestNumber: request },
          do: [withCollection(changes[which], collection)],
        }));
        const simulator = await openSimulator({
          seed,
          sizes: { [collection]: size },
          itemsPerPage: perPage,
          rate: 'unlimited',
          drift: rules.filter(() => size > 0),
          faults: faults.map(({ request, respond }) => ({ match: { requestNumber: request }, respond })),
        });
        const before = byId(simulator, collection);
        const testApp = await openTestApp(simulator, url, { HIVE_ACCOUNT: `run-${account}`, ...queue?.env });
        try {
          const { windows } = await fullSync(testApp, [collection]);
          const [window] = windows;
          if (window?.state !== 'certified') {
            expect(window?.reason).toMatch(/moved|counts|could not be read|item_count/);
            return;
          }
          certified += 1;
          moved += window.moved ? 1 : 0;
          if (fellIntoTheHole(simulator.history, simulator)) return;
          const after = byId(simulator, collection);
          const stored = new Map(
            (
              await testApp.app.store.db.execute<{ id: number; raw: unknown }>(sql`
              select id, _raw as raw from hive.${sql.identifier(collection)} where account = ${`run-${account}`}`)
            ).map(({ id, raw }) => [id, raw]),
          );
          for (const [id, record] of before) {
            if (!after.has(id)) continue;
            expect(stored.has(id), `record ${id} existed throughout the run`).toBe(true);
            const touched = simulator.history.some((entry) => entry.id === id);
            if (!touched) expect(stored.get(id)).toEqual(record);
          }
        } finally {
          await testApp.close();
          await simulator.close();
        }
      }),
      { numRuns: RUNS },
    );
    console.log(`seed ${SEED}, ${RUNS} runs: ${certified} certified, ${moved} of them of a list that moved`);
    expect(certified).toBeGreaterThan(RUNS / 2);
    expect(moved).toBeGreaterThan(RUNS / 20);
  },
  120_000 + RUNS * 1_500,
);

/** The position must exist: a change that cannot be made would be answered with a 500. */
function withCollection(given: Change | undefined, collection: Listed): Change {
  const one = given ?? { kind: 'insert' as const, collection };
  return one.kind === 'setItemsPerPage' ? one : ({ ...one, collection } as Change);
}
