// Promise: a certified incremental run lacks nothing that was there all the time and is newer than what had been
// certified before it, while the list moves between the runs and during each.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { readHeadMark } from '../../src/db/head-marks.js';
import { type Change, openSimulator, type Simulator, SimulatorOptionError } from '../../src/simulator/index.js';
import { headReachesTo } from '../../src/sync/runs/plan.js';
import { fullSync, openTestApp, syncOnce, type TestApp } from '../support/app.js';
import { oneBackend } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { byId, change, fault, fellIntoTheHole, type Listed } from '../support/moving.js';
import fc, { SEED } from '../support/property.js';

const RUNS = Math.ceil(Number(process.env.SOAK_RUNS ?? 60) / 5);
const [queue] = oneBackend();

const script = fc.constantFrom<Listed>('orders', 'shipments', 'returns', 'restocking_shipments').chain((collection) =>
  fc.record({
    collection: fc.constant(collection),
    size: fc.integer({ min: 0, max: 60 }),
    perPage: fc.integer({ min: 3, max: 9 }),
    seed: fc.nat(1_000),
    rounds: fc.array(
      fc.record({
        fresh: fc.integer({ min: 3, max: 40 }),
        between: fc.array(change(collection), { maxLength: 4 }),
        drift: fc.array(fc.record({ request: fc.integer({ min: 2, max: 8 }), change: change(collection) }), {
          minLength: 1,
          maxLength: 4,
        }),
        faults: fc.array(fc.record({ request: fc.integer({ min: 1, max: 12 }), respond: fault }), { maxLength: 2 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  }),
);

/** What the script cannot do to so short a list is left out. */
function apply(simulator: Simulator, one: Change): void {
  try {
    simulator.apply(one);
  } catch (error) {
    if (!(error instanceof SimulatorOptionError)) throw error;
  }
}

const sums = { certified: 0, moved: 0, passes: 0, inTheHole: 0 };

/** One incremental run, and what it must have brought. */
async function runAndCheck(testApp: TestApp, simulator: Simulator, collection: Listed, account: string) {
  const { db } = testApp.app.store;
  const watermark = await readHeadMark(db, account, collection);
  const mark = watermark === undefined ? Number.NEGATIVE_INFINITY : headReachesTo(watermark).getTime();
  const before = byId(simulator, collection);
  const from = simulator.history.length;
  const { windows } = await syncOnce(testApp, [collection], { mode: 'incremental', trigger: 'cli' });
  const [window] = windows;
  if (window?.state !== 'certified') {
    expect(window?.reason).toMatch(/moved|counts|could not be read|too long|item_count/);
    return window;
  }
  sums.certified += 1;
  sums.moved += window.moved ? 1 : 0;
  sums.passes = Math.max(sums.passes, window.pass);
  const during = simulator.history.slice(from);
  if (fellIntoTheHole(during, simulator)) {
    sums.inTheHole += 1;
    return window;
  }
  const after = byId(simulator, collection);
  const rows = await db.execute<{ id: number; raw: unknown }>(sql`
    select id, _raw as raw from hive.${sql.identifier(collection)} where account = ${account}`);
  const stored = new Map(rows.map(({ id, raw }) => [id, raw]));
  for (const [id, record] of before) {
    if (!after.has(id)) continue;
    const { created_at: createdAt } = record as { created_at?: string };
    // Without created_at new records come on top only, and all that is older was certified before.
    if (createdAt !== undefined) {
      const at = Date.parse(createdAt);
      if (at < mark || at > (window.to_at?.getTime() ?? Number.POSITIVE_INFINITY)) continue;
    }
    expect(stored.has(id), `record ${id} of ${collection} was there throughout run ${window.run_id}`).toBe(true);
    const wasTouched = during.some((entry) => entry.id === id);
    if (createdAt !== undefined && !wasTouched) expect(stored.get(id)).toEqual(record);
  }
  return window;
}

test(
  'a head that is certified reaches down to what was certified before, without a gap',
  async () => {
    const url = await createDatabase();
    let scripts = 0;
    await fc.assert(
      fc.asyncProperty(script, async ({ collection, size, perPage, seed, rounds }) => {
        scripts += 1;
        const account = `head-${scripts}`;
        const sizes = { orders: Math.max(1, size), [collection]: size };
        const simulator = await openSimulator({ seed, sizes, itemsPerPage: perPage, rate: 'unlimited' });
        const testApp = await openTestApp(simulator, url, { HIVE_ACCOUNT: account, ...queue?.env });
        try {
          expect((await fullSync(testApp, [collection])).run.state).toBe('complete');
          for (const { fresh, between, drift, faults } of rounds) {
            for (let i = 0; i < fresh; i += 1) apply(simulator, { kind: 'insert', collection });
            for (const one of between) apply(simulator, one);
            const n = simulator.requests.at(-1)?.n ?? 0;
            for (const { request, change: one } of drift)
              simulator.addDrift({ before: { requestNumber: n + request }, do: [one] });
            for (const { request, respond } of faults)
              simulator.addFault({ match: { requestNumber: n + request }, respond });
            await runAndCheck(testApp, simulator, collection, account);
            simulator.clearDrift();
            simulator.clearFaults();
          }
          // A list that came to rest is certified at once.
          expect((await runAndCheck(testApp, simulator, collection, account))?.state).toBe('certified');
        } finally {
          await testApp.close();
          await simulator.close();
        }
      }),
      { numRuns: RUNS },
    );
    console.log(`seed ${SEED}, ${RUNS} scripts: ${JSON.stringify(sums)}`);
    expect(sums.certified).toBeGreaterThan(RUNS);
    expect(sums.moved).toBeGreaterThan(RUNS / 10);
  },
  120_000 + RUNS * 8_000,
);
