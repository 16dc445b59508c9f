// What X-Rate-Limit-Used and X-Rate-Limit-Max of an answer do to the budget.
import { afterEach, expect, test } from 'vitest';
import { type BudgetOptions, openRateBudget, type RateBudget } from '../../src/db/rate-budget.js';
import { openTestDatabase } from '../support/database.js';
import { log } from '../support/log.js';

const { db } = await openTestDatabase();
const opened: RateBudget[] = [];
afterEach(() => Promise.all(opened.splice(0).map((budget) => budget.close())));
let accounts = 0;

function open(options: Partial<BudgetOptions> = {}): RateBudget {
  const account = `account ${++accounts}`;
  const budget = openRateBudget(db, { account, limit: undefined, windowMs: 60_000, reserve: 0, log, ...options });
  opened.push(budget);
  return budget;
}

test('X-Rate-Limit-Max is followed, and 100 is believed until it came', async () => {
  const budget = open({ reserve: 10 });
  const slot = await budget.reserve();
  expect(slot.limit).toBe(90);
  await budget.observe(slot, { used: 1, max: 250 });
  expect((await budget.reserve()).limit).toBe(240);
});

test.each([undefined, 0])('a max of %j changes nothing', async (max) => {
  const budget = open();
  await budget.observe(await budget.reserve(), { used: 1, max });
  expect((await budget.reserve()).limit).toBe(100);
});

test('X-Rate-Limit-Max is not followed when the limit is pinned', async () => {
  const budget = open({ limit: 30 });
  await budget.observe(await budget.reserve(), { used: 1, max: 250 });
  expect((await budget.reserve()).limit).toBe(30);
});

test('more requests used than ours are the share of others, and are taken off until they are gone', async () => {
  const budget = open();
  await budget.observe(await budget.reserve(), { used: 41, max: 100 });
  const slot = await budget.reserve();
  expect(slot).toMatchObject({ others: 40, limit: 60, used: 2 });
  await budget.observe(slot, { used: 22, max: 100 });
  const next = await budget.reserve();
  expect(next).toMatchObject({ others: 20, limit: 80 });
  await budget.observe(next, { used: 3, max: 100 });
  expect(await budget.reserve()).toMatchObject({ others: 0, limit: 100 });
});
