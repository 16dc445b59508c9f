// The last hour of requests, minute by minute.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { openRateBudget } from '../../src/db/rate-budget.js';
import { requestsPerMinute } from '../../src/db/requests-per-minute.js';
import { openTestDatabase } from '../support/database.js';
import { log } from '../support/log.js';

const options = { limit: 1_000, windowMs: 60_000, reserve: 0, log };

test('an account without requests has an hour of empty minutes', async () => {
  const { db } = await openTestDatabase();
  const minutes = await requestsPerMinute(db, 'nobody');
  expect(minutes).toHaveLength(60);
  expect(minutes.every(({ requests, rejected }) => requests === 0 && rejected === 0)).toBe(true);
  const gaps = minutes.slice(1).map(({ minute }, i) => minute.getTime() - (minutes[i]?.minute.getTime() ?? 0));
  expect(new Set(gaps)).toEqual(new Set([60_000]));
});

test('requests stand in their minute, 429s are marked, and what was not sent or belongs to others does not count', async () => {
  const { db } = await openTestDatabase();
  const budget = openRateBudget(db, { account: 'de', ...options });
  for (let n = 0; n < 3; n++) budget.settle(await budget.reserve());
  await budget.block(await budget.reserve(), 0);
  await openRateBudget(db, { account: 'fr', ...options }).reserve();
  await budget.close();
  await db.execute(sql`
    insert into sync.rate_slots (account, n, at) values
      ('de', 1001, clock_timestamp() - interval '30 minutes'), ('de', 1002, clock_timestamp() - interval '2 hours'),
      ('de', 1003, '-infinity'), ('de', 1004, clock_timestamp() + interval '10 seconds')`);
  const minutes = await requestsPerMinute(db, 'de');
  const sent = minutes.filter(({ requests }) => requests > 0);
  expect(sent.reduce((sum, { requests }) => sum + requests, 0)).toBe(5);
  expect(sent[0]?.requests).toBe(1);
  expect(minutes.indexOf(sent[0] ?? { minute: new Date(), requests: 0, rejected: 0 })).toBeGreaterThanOrEqual(28);
  expect(sent.slice(1).reduce((sum, { rejected }) => sum + rejected, 0)).toBe(1);
});

test('a slot of this hour outlives the housekeeping of the log', async () => {
  const { db } = await openTestDatabase();
  const budget = openRateBudget(db, { account: 'de', ...options, windowMs: 1_000 });
  await db.execute(sql`
    insert into sync.rate_slots (account, n, at) values
      ('de', 1, clock_timestamp() - interval '55 minutes'), ('de', 2, clock_timestamp() - interval '3 hours')`);
  await db.execute(sql`insert into sync.rate_budgets (account, next_n) values ('de', 1535)`);
  await budget.reserve();
  await budget.reserve();
  await budget.close();
  const left = await db.execute(sql`select n from sync.rate_slots where account = 'de' and n < 10 order by n`);
  expect(left).toEqual([{ n: 1 }]);
  expect((await requestsPerMinute(db, 'de')).reduce((sum, { requests }) => sum + requests, 0)).toBe(3);
});
