// The clock that tests move on must be the only one that the product sees in that database.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/db/database.js';
import { readClock } from '../../src/db/ledger.js';
import { openRateBudget } from '../../src/db/rate-budget.js';
import { createDatabase } from './database.js';
import { log } from './log.js';
import { installMovableClock } from './movable-clock.js';

const HOUR_MS = 3_600_000;

test('statements, functions and defaults of columns all see the moved clock', async () => {
  const url = await createDatabase();
  const clock = await installMovableClock(url);
  await clock.advance(HOUR_MS);
  const { db, close } = await openDatabase(url);
  const isMoved = (ms: number) => expect(Math.abs(ms - Date.now() - HOUR_MS)).toBeLessThan(60_000);
  isMoved(clock.now());
  isMoved((await readClock(db)).getTime());
  const budget = openRateBudget(db, { account: 'a', limit: 10, windowMs: 1_000, reserve: 0, log });
  isMoved((await budget.reserve()).now());
  const defaults = await db.execute<{ place: string; is: string }>(sql`
    select table_schema || '.' || table_name || '.' || column_name as place, column_default as is
    from information_schema.columns where table_schema in ('sync', 'hive') and column_default ~ 'now|clock'`);
  expect(defaults.length).toBeGreaterThan(5);
  // The built-in one would be written as machine_now().
  for (const { place, is } of defaults) expect(is, place).toBe('now()');
  // What is no function's name would see the machine's clock.
  const closed = await db.execute(sql`
    select proname from pg_proc where pronamespace in ('sync'::regnamespace, 'hive'::regnamespace)
      and prosrc ~* 'current_timestamp|localtimestamp|transaction_timestamp|statement_timestamp'`);
  expect([...closed]).toEqual([]);
  await budget.close();
  await close();
  await clock.close();
});
