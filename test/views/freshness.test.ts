// Promise: what hive.freshness and hive.oldest_proof say was proved is what was proved, and no run makes more of it.
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { openSimulator, type Simulator } from '../../src/simulator/index.js';
import { startLookups } from '../../src/sync/runs/start-run.js';
import { fullSync, openTestApp, syncOnce, type TestApp, workOff } from '../support/app.js';
import { createDatabase } from '../support/database.js';

const DAY_MS = 86_400_000;
const incremental = { mode: 'incremental', trigger: 'cli' } as const;
const full = { mode: 'full', trigger: 'cli' } as const;

interface Fresh extends Record<string, unknown> {
  rows: number;
  missing: number | null;
  certified: number | null;
  new_records: number | null;
  open_records: number | null;
  counted: number | null;
  success_run: number | null;
  attempt_run: number | null;
  attempt_state: string | null;
  success: number | null;
  attempt: number | null;
}

const ms = (column: string) => sql.raw(`extract(epoch from ${column})::float8 * 1000`);

async function freshnessOf({ app }: TestApp, collection = 'orders'): Promise<Fresh> {
  const [row] = await app.store.db.execute<Fresh>(sql`
    select rows, missing, ${ms('certified_up_to')} as certified, ${ms('new_records_up_to')} as new_records,
      ${ms('open_records_up_to')} as open_records, ${ms('api_count_at')} as counted,
      last_success_run_id as success_run, last_attempt_run_id as attempt_run, last_attempt_state as attempt_state,
      ${ms('last_success_at')} as success, ${ms('last_attempt_at')} as attempt
    from hive.freshness where account = 'default' and collection = ${collection}`);
  if (row === undefined) throw new Error(`freshness has no row of ${collection}`);
  return row;
}

async function onStage(
  sizes: Record<string, number>,
  act: (stage: { simulator: Simulator; testApp: TestApp }) => Promise<void>,
): Promise<void> {
  const endAt = new Date(Date.now() - 3_600_000);
  const simulator = await openSimulator({ sizes, rate: 'unlimited', endAt, spanDays: 400 });
  const testApp = await openTestApp(simulator, await createDatabase());
  try {
    await act({ simulator, testApp });
  } finally {
    await testApp.close();
    await simulator.close();
  }
}

/** As if all that is on file had happened so many days earlier. */
const age = ({ app }: TestApp, days: number): Promise<unknown> => {
  const ago = sql`make_interval(days => ${days})`;
  return Promise.all([
    app.store.db.execute(sql`
      update sync.runs set started_at = started_at - ${ago}, heartbeat_at = heartbeat_at - ${ago}, finished_at = finished_at - ${ago}`),
    app.store.db.execute(sql`
      update sync.windows set from_at = from_at - ${ago}, to_at = to_at - ${ago}, started_at = started_at - ${ago},
        finished_at = finished_at - ${ago}, counted_at = counted_at - ${ago}, as_of = as_of - ${ago}`),
    app.store.db.execute(sql`
      update sync.pages set requested_at = requested_at - ${ago}, committed_at = committed_at - ${ago}`),
  ]);
};

test('after an incremental run the whole list is still proved as of the full one, as what is old may have changed', () =>
  onStage({ orders: 120, shipments: 0, returns: 0, restocking_shipments: 0 }, async ({ simulator, testApp }) => {
    const first = await syncOnce(testApp, ['orders'], full);
    expect(first.run.state).toBe('complete');
    await age(testApp, 1);
    const proved = await freshnessOf(testApp);
    expect(proved).toMatchObject({ open_records: proved.certified });
    // The head above the list was read after it.
    expect(proved.new_records).toBeGreaterThanOrEqual(proved.certified ?? 0);

    // What no incremental run can see, and no count either: one is dated a hundred days back, one is gone.
    const createdAt = Date.now() - 100 * DAY_MS;
    const backDated = simulator.apply({ kind: 'insertBackdated', collection: 'orders', createdAt });
    const gone = simulator.truth('orders').at(-1);
    simulator.apply({ kind: 'delete', collection: 'orders', position: simulator.count('orders') - 1 });
    const second = await syncOnce(testApp, ['orders'], incremental);
    expect(second.run).toMatchObject({ mode: 'incremental', state: 'complete' });
    const wrong = await testApp.app.store.db.execute(sql`
      select id from hive.orders where id in (${Number(backDated?.id)}, ${Number(gone?.id)}) and _deleted_at is null`);
    expect([...wrong]).toEqual([{ id: Number(gone?.id) }]);

    const later = await freshnessOf(testApp);
    expect(later.certified).toBe(proved.certified);
    const aDayAfter = (proved.certified ?? 0) + 0.9 * DAY_MS;
    expect(later.new_records).toBeGreaterThan(aDayAfter);
    expect(later.open_records).toBeGreaterThan(aDayAfter);
    expect(later).toMatchObject({ success_run: second.run.id, attempt_run: second.run.id });

    const third = await syncOnce(testApp, ['orders'], full);
    expect(third.run.state).toBe('complete');
    expect((await freshnessOf(testApp)).certified).toBeGreaterThan(aDayAfter);
  }));

test('rows that a whole list did not show and that nobody buries leave it without a proof of anything', () =>
  onStage({ orders: 60, shipments: 0, returns: 0, restocking_shipments: 0 }, async ({ simulator, testApp }) => {
    await fullSync(testApp, ['orders']);
    await age(testApp, 1);
    const before = await freshnessOf(testApp);
    for (let n = 0; n < 30; n += 1) simulator.apply({ kind: 'delete', collection: 'orders', position: 10 });
    const doubted = await syncOnce(testApp, ['orders'], full);
    expect(doubted.run).toMatchObject({ state: 'incomplete' });
    const after = await freshnessOf(testApp);
    // A list that lacks so much may lack anything.
    const { certified, new_records: newRecords } = before;
    expect(after).toMatchObject({ rows: 60, certified, new_records: newRecords, attempt_state: 'incomplete' });

    const believed = await syncOnce(testApp, ['orders'], { ...full, allowDeletes: true });
    expect(believed.run.state).toBe('complete');
    expect((await freshnessOf(testApp)).certified).toBeGreaterThan(after.certified ?? 0);
  }));

describe('success and attempt', () => {
  test('a key that is refused for days leaves the last success where it was, while attempts move on', () =>
    onStage({ orders: 40, shipments: 20, returns: 0, restocking_shipments: 0 }, async ({ simulator, testApp }) => {
      const { run } = await fullSync(testApp, ['orders', 'shipments']);
      await age(testApp, 5);
      simulator.revokeKey();
      const failed = await syncOnce(testApp, ['orders', 'shipments'], incremental);
      expect(failed.run.state).toBe('failed');

      const fresh = await freshnessOf(testApp);
      expect(fresh).toMatchObject({ success_run: run.id, attempt_run: failed.run.id, attempt_state: 'failed' });
      expect(Date.now() - (fresh.success ?? 0)).toBeGreaterThan(4.9 * DAY_MS);
      expect(Date.now() - (fresh.attempt ?? 0)).toBeLessThan(DAY_MS / 24);
      for (const at of [fresh.certified, fresh.new_records, fresh.open_records]) {
        expect(Date.now() - (at ?? 0)).toBeGreaterThan(4.9 * DAY_MS);
      }
    }));

  test('a run that reads single records is neither', () =>
    onStage({ orders: 60, shipments: 0, returns: 0, restocking_shipments: 0 }, async ({ simulator, testApp }) => {
      simulator.addFault({ match: { path: '/orders', page: 2 }, times: null, respond: { status: 422 } });
      expect((await fullSync(testApp, ['orders'])).run.state).toBe('incomplete');
      const before = await freshnessOf(testApp);
      expect(before).toMatchObject({ certified: null, success: null, attempt_state: 'incomplete' });

      const ids = [Number(simulator.truth('orders')[0]?.id)];
      const { id } = await startLookups(testApp.account.context, 'refresh', [{ collection: 'orders', ids }]);
      expect((await workOff(testApp, id)).run.state).toBe('complete');
      expect(await freshnessOf(testApp)).toEqual(before);
    }));
});

describe('the oldest proof of all', () => {
  test('is one row whatever there is, and null when something was never proved', () =>
    onStage({ orders: 0, shipments: 0, returns: 0, restocking_shipments: 0 }, async ({ testApp }) => {
      const { db } = testApp.app.store;
      const oldest = async () => [
        ...(await db.execute(sql`
        select account, collection, ${ms('certified_up_to')} as certified, ${ms('new_records_up_to')} as new_records,
          collections_that_differ as differ, open_dead_letters as letters from hive.oldest_proof`)),
      ];
      const nothing = { account: null, collection: null, certified: null, new_records: null, differ: 0, letters: 0 };
      expect(await oldest()).toEqual([nothing]);

      const now = Date.now();
      /** An account of which every collection was proved so many hours ago, but one. */
      const account = async (label: string, hours: number, [name, other]: [string, number | null]) => {
        const [run] = await db.execute<{ id: number }>(sql`
          insert into sync.runs (account, mode, collections, trigger, state, finished_at)
          values (${label}, 'full', '{orders}', 'cli', 'complete', now()) returning id`);
        await db.execute(sql`
          insert into sync.windows (run_id, account, collection, kind, priority, state, as_of, finished_at,
            last_item_count, counted_at, own_count)
          select ${run?.id}, ${label}, c, 'whole', 3, 'certified',
            to_timestamp((${now}::float8 - 3600000 * case c when ${name} then ${other}::float8 else ${hours}::float8 end) / 1000),
            now(), 5, now(), case when c = ${name} then 4 else 5 end
          from unnest('{warehouses,skus,orders,shipments,returns,restocking_shipments}'::text[]) c`);
      };
      await account('b', 2, ['returns', 9]);
      await account('a', 3, ['skus', 1]);
      const hoursAgo = (hours: number) => now - hours * 3_600_000;
      expect(await oldest()).toEqual([
        {
          account: 'b',
          collection: 'returns',
          certified: hoursAgo(9),
          new_records: hoursAgo(9),
          differ: 2,
          letters: 0,
        },
      ]);
      await account('c', 1, ['orders', null]);
      expect(await oldest()).toEqual([
        { account: 'c', collection: 'orders', certified: null, new_records: null, differ: 3, letters: 0 },
      ]);
    }));
});
