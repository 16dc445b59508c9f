// The budget as its users see it: several processes are several RateBudget objects.
import { sql } from 'drizzle-orm';
import { afterEach, describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/db/database.js';
import { type BudgetOptions, openRateBudget, type RateBudget } from '../../src/db/rate-budget.js';
import { AccountHaltedError, isAbort } from '../../src/errors.js';
import { openTestDatabase } from '../support/database.js';
import { log } from '../support/log.js';
import { until } from '../support/until.js';

const { db, url } = await openTestDatabase();
const opened: RateBudget[] = [];
afterEach(() => Promise.all(opened.splice(0).map((budget) => budget.close())));
let accounts = 0;
const newAccount = () => `account ${++accounts}`;

function open(account: string, options: Partial<BudgetOptions> = {}, database = db): RateBudget {
  const budget = openRateBudget(database, { account, limit: undefined, windowMs: 60_000, reserve: 0, log, ...options });
  opened.push(budget);
  return budget;
}

/** Most of these times that lie within any window. */
function mostInAnyWindow(times: readonly number[], windowMs: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return Math.max(...sorted.map((end) => sorted.filter((at) => at > end - windowMs && at <= end).length));
}

const waiting = (account: string, count: number) =>
  until(`${count} slots reserved`, async () => {
    const [row] = await db.execute<{ n: number }>(
      sql`select count(*) as n from sync.rate_slots where account = ${account} and at > '-infinity'`,
    );
    return row !== undefined && row.n >= count;
  });

async function reserveAll(budget: RateBudget, count: number, sent: number[]): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, async () => {
      const slot = await budget.reserve();
      sent.push(performance.now());
      budget.settle(slot);
    }),
  );
}

test('two processes that ask for 40 slots at once keep one window', async () => {
  const second = await openDatabase(url);
  const [account, options] = [newAccount(), { limit: 10, windowMs: 200 }];
  const budgets = [open(account, options), open(account, options, second.db)];
  const slots = await Promise.all(budgets.flatMap((budget) => Array.from({ length: 20 }, () => budget.reserve())));
  expect(new Set(slots.map(({ n }) => n)).size).toBe(40);
  const log = await db.execute<{ at: number }>(sql`
    select extract(epoch from at)::float8 * 1000 as at from sync.rate_slots where account = ${account}`);
  // Half a millisecond, as doubles do not hold microseconds of an epoch exactly.
  expect(
    mostInAnyWindow(
      log.map(({ at }) => at),
      199.5,
    ),
  ).toBe(10);
  await second.close();
});

test('a restart does not forget what was sent', async () => {
  const [account, options] = [newAccount(), { limit: 3, windowMs: 300 }];
  const first = open(account, options);
  const started = performance.now();
  for (let i = 0; i < 3; i++) first.settle(await first.reserve());
  await first.close();
  await open(account, options).reserve();
  expect(performance.now() - started).toBeGreaterThanOrEqual(300);
});

test('accounts do not share a budget', async () => {
  await open(newAccount(), { limit: 1 }).reserve();
  await open(newAccount(), { limit: 1 }).reserve();
});

describe('an abort', () => {
  test('before reserving takes no slot', async () => {
    const account = newAccount();
    await expect(open(account).reserve(AbortSignal.abort())).rejects.toSatisfy(isAbort);
    expect(await db.execute(sql`select n from sync.rate_slots where account = ${account}`)).toEqual([]);
  });

  test('while waiting gives the slot back, so that the next ones come no later than without it', async () => {
    const [account, options] = [newAccount(), { limit: 2, windowMs: 800 }];
    const [budget, stopping] = [open(account, options), new AbortController()];
    const started = performance.now();
    await Promise.all([budget.reserve(), budget.reserve()]);
    const aborted = Array.from({ length: 5 }, () => budget.reserve(stopping.signal));
    await waiting(account, 7);
    stopping.abort();
    for (const one of await Promise.allSettled(aborted)) {
      expect(one.status === 'rejected' && isAbort(one.reason)).toBe(true);
    }
    await Promise.all([budget.reserve(), budget.reserve()]);
    const took = performance.now() - started;
    expect(took).toBeGreaterThanOrEqual(800);
    expect(took).toBeLessThan(1_600);
  });
});

describe('a refused key', () => {
  test('halts the account at the second 401 in a row, for every process, also for those that wait', async () => {
    const account = newAccount();
    const [budget, other] = [open(account, { limit: 1, windowMs: 1_000 }), open(account)];
    await budget.suspect(await budget.reserve());
    const next = await other.reserve();
    const waits = budget.reserve();
    await waiting(account, 3);
    await other.suspect(next);
    await expect(other.reserve()).rejects.toThrow(AccountHaltedError);
    await expect(waits).rejects.toThrow(AccountHaltedError);
  });

  test('of requests that were under way together are one, and none of them lifts a halt', async () => {
    const budget = open(newAccount());
    const together = [await budget.reserve(), await budget.reserve(), await budget.reserve()] as const;
    await budget.suspect(together[0]);
    await budget.suspect(together[1]);
    await budget.suspect(await budget.reserve());
    await budget.suspect(together[2]);
    await expect(budget.reserve()).rejects.toThrow(AccountHaltedError);
  });

  test('is forgotten when an answer in between was fine', async () => {
    const budget = open(newAccount());
    await budget.suspect(await budget.reserve());
    await budget.clear();
    await budget.suspect(await budget.reserve());
    expect(await budget.reserve()).toMatchObject({ suspected: true });
  });

  test('can be probed once: one more 401 halts, any other answer frees', async () => {
    const budget = open(newAccount());
    await budget.suspect(await budget.reserve());
    await budget.suspect(await budget.reserve());
    await budget.probe();
    const slot = await budget.reserve();
    expect(slot).toMatchObject({ suspected: true });
    await budget.suspect(slot);
    await expect(budget.reserve()).rejects.toThrow(AccountHaltedError);
    await budget.probe();
    await budget.clear();
    expect(await budget.reserve()).toMatchObject({ suspected: false });
  });

  test('a probe of an account that works changes nothing', async () => {
    const budget = open(newAccount());
    await budget.reserve();
    await budget.probe();
    expect(await budget.reserve()).toMatchObject({ suspected: false });
  });
});

/** Both clocks are cut to milliseconds. */
const CLOCK_STEP_MS = 2;

test('a block holds back everybody, also those who wait for a slot already', async () => {
  const account = newAccount();
  const [budget, other] = [open(account, { limit: 2, windowMs: 150 }), open(account, { limit: 2, windowMs: 150 })];
  const slot = await budget.reserve();
  await budget.reserve();
  const sent: number[] = [];
  const waits = reserveAll(budget, 2, sent);
  await waiting(account, 4);
  const asked = performance.now();
  await other.block(slot, 500);
  const blocked = performance.now();
  await Promise.all([waits, reserveAll(other, 2, sent)]);
  // On a machine that is busy those who waited may have been sent before it held.
  const after = sent.filter((at) => at > blocked);
  expect(after.length).toBeGreaterThanOrEqual(2);
  expect(Math.min(...after) - asked).toBeGreaterThanOrEqual(500 - CLOCK_STEP_MS);
  expect(mostInAnyWindow(sent, 125)).toBeLessThanOrEqual(2);
});

test('a shorter block never ends a longer one', async () => {
  const budget = open(newAccount());
  const slot = await budget.reserve();
  const blocked = performance.now();
  await budget.block(slot, 300);
  await budget.block(slot, 1);
  await budget.reserve();
  expect(performance.now() - blocked).toBeGreaterThanOrEqual(300 - CLOCK_STEP_MS);
});
