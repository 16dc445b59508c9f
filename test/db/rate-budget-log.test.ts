// The log itself, driven without waiting: reserve_slot() only says when, so a test can run a long way ahead of time.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import type { Executor } from '../../src/db/database.js';
import { openTestDatabase } from '../support/database.js';
import fc from '../support/property.js';

const { db } = await openTestDatabase();
let accounts = 0;

interface SlotRow extends Record<string, unknown> {
  n: number;
  at: number;
  now: number;
  limit: number;
}

function openLog(windowMs: number) {
  const account = `log ${++accounts}`;
  const window = sql`make_interval(secs => ${windowMs / 1_000})`;
  return {
    account,
    /** A slot under that limit; `settled` are slots that were answered at that time. Times are epoch milliseconds. */
    async reserve(
      limit: number | null,
      settled: readonly { n: number; at: number }[] = [],
      reserve = 0,
    ): Promise<SlotRow> {
      const ns = `{${settled.map(({ n }) => n).join()}}`;
      const ats = `{${settled.map(({ at }) => new Date(at).toISOString()).join()}}`;
      const [row] = await db.execute<SlotRow>(sql`
        select slot_n as n, extract(epoch from slot_at)::float8 * 1000 as at,
          extract(epoch from now_at)::float8 * 1000 as now, effective_limit as limit
        from sync.reserve_slot(${account}, ${limit}, ${window}, ${reserve}, ${ns}::bigint[], ${ats}::timestamptz[])`);
      if (row === undefined) throw new Error('no slot');
      return row;
    },
    giveBack: (n: number) => db.execute(sql`select sync.give_back_slot(${account}, ${n})`),
  };
}

/** Half a millisecond, as doubles do not hold microseconds of an epoch exactly. */
const EPSILON = 0.5;

type Step =
  | { readonly do: 'reserve'; readonly limit: number }
  | { readonly do: 'settle' | 'give back'; readonly which: number };
const steps = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('reserve' as const), limit: fc.integer({ min: 1, max: 6 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('settle' as const, 'give back' as const), which: fc.nat(7) }),
  },
) satisfies fc.Arbitrary<Step>;

test('no rolling window ever holds more slots than the limit that its last one was reserved under', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(steps, { minLength: 5, maxLength: 40 }),
      fc.integer({ min: 20, max: 300 }),
      async (history, windowMs) => {
        const log = openLog(windowMs);
        const live: SlotRow[] = [];
        let settled: { n: number; at: number }[] = [];
        for (const step of history) {
          if (step.do === 'reserve') {
            const slot = await log.reserve(step.limit, settled);
            settled = [];
            expect(live.map(({ n }) => n)).not.toContain(slot.n);
            const inWindow = live.filter(({ at }) => at > slot.at - windowMs + EPSILON && at <= slot.at + EPSILON);
            expect(inWindow.length + 1, `slots in the window before ${slot.n}`).toBeLessThanOrEqual(step.limit);
            live.push(slot);
          } else {
            // The newest ones wait; the ones before them have been sent.
            const waiting = live.filter(({ at, now }) => at > now);
            const slot = waiting[waiting.length - 1 - (step.which % Math.max(1, waiting.length))];
            if (step.do === 'give back' && slot !== undefined) {
              await log.giveBack(slot.n);
              live.splice(live.indexOf(slot), 1);
            }
            const sent = live.filter(({ at, now }) => at <= now);
            const answered = sent[step.which % Math.max(1, sent.length)];
            if (step.do === 'settle' && answered !== undefined) settled.push({ n: answered.n, at: Date.now() });
          }
        }
      },
    ),
    { numRuns: 150 },
  );
});

test('a slot that was answered late counts from its answer', async () => {
  const log = openLog(60_000);
  const [first, second] = [await log.reserve(2), await log.reserve(2)];
  const third = await log.reserve(2, [{ n: first.n, at: second.now + 1 }]);
  expect(third.at).toBeGreaterThanOrEqual(second.now + 60_000);
  expect(third.at).toBeLessThan(third.now + 60_001);
});

test('an answer cannot lie in the future, whatever a clock says', async () => {
  const log = openLog(1_000);
  const first = await log.reserve(5);
  const second = await log.reserve(5, [{ n: first.n, at: first.now + 3_600_000 }]);
  expect(second.at - second.now).toBeLessThan(1);
});

test('slots that are given back leave their time to the next ones', async () => {
  const log = openLog(60_000);
  const sent = [await log.reserve(2), await log.reserve(2)];
  const waiting = [await log.reserve(2), await log.reserve(2), await log.reserve(2)];
  for (const { n } of [...waiting].sort(() => 1)) await log.giveBack(n);
  const next = [await log.reserve(2), await log.reserve(2), await log.reserve(2)];
  expect(next.map(({ at }) => Math.round(at))).toEqual(waiting.map(({ at }) => Math.round(at)));
  expect(Math.round(next[0]?.at ?? 0)).toBe(Math.round((sent[0]?.at ?? 0) + 60_000));
});

test('the reserve is left to others, but one request always goes', async () => {
  const log = openLog(60_000);
  expect(await log.reserve(10, [], 4)).toMatchObject({ limit: 6 });
  expect(await log.reserve(10, [], 10)).toMatchObject({ limit: 1 });
});

test('under a limit of a million requests the log is never scanned', async () => {
  const log = openLog(3_600_000);
  await log.reserve(1_000_000);
  await db.execute(sql`insert into sync.rate_slots (account, n, at)
    select ${log.account}, n, clock_timestamp() from generate_series(2, 200000) as n`);
  await db.execute(sql`update sync.rate_budgets set next_n = 200001 where account = ${log.account}`);
  await db.execute(sql`analyze sync.rate_slots`);
  // What a connection has counted but not reported yet stands there too, for up to a second: hence the difference.
  const { scanned, fetched } = await db.transaction(async (tx) => {
    const before = await readsOfLog(tx);
    await tx.execute(sql`select * from sync.reserve_slot(${log.account}, 1000000, interval '1 hour', 0, '{}', '{}')`);
    const after = await readsOfLog(tx);
    return { scanned: after.scanned - before.scanned, fetched: after.fetched - before.fetched };
  });
  expect(scanned).toBe(0);
  expect(fetched).toBeLessThan(10);
});

async function readsOfLog(tx: Executor): Promise<{ scanned: number; fetched: number }> {
  const [read] = await tx.execute<{ scanned: number; fetched: number }>(sql`
    select seq_tup_read as scanned, idx_tup_fetch as fetched
    from pg_stat_xact_user_tables where relid = 'sync.rate_slots'::regclass`);
  if (read === undefined) throw new Error('sync.rate_slots has no counters');
  return read;
}
