// Promise: how far a run is said to be is true of what is known, and an honest estimate of what is not.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { createRun } from '../../src/db/ledger.js';
import { progressOf, readRunStatus } from '../../src/db/status.js';
import { openTestDatabase } from '../support/database.js';

const months = [1, 2, 3, 4].map((month) => ({
  collection: 'orders',
  kind: 'range' as const,
  from: new Date(Date.UTC(2026, month, 1)),
  to: new Date(Date.UTC(2026, month, 31)),
  priority: 3,
}));

async function progressOfBackfill(...known: { month: number; pages: number; read: number; state: string }[]) {
  const { db, close } = await openTestDatabase();
  const run = await createRun(db, { account: 'a', mode: 'backfill', trigger: 'cli', collections: ['orders'] }, months);
  for (const { month, pages, read, state } of known) {
    await db.execute(sql`
      update sync.windows set page_count = ${pages}, pages_read = ${read}, state = ${state}
      where run_id = ${run.id} and from_at = ${months[month]?.from.toISOString()}`);
  }
  const [status] = await readRunStatus(db, { runIds: [run.id] });
  await close();
  return status && progressOf(status);
}

test('ranges that nobody has asked about are taken to hold as much for their time as the others', async () => {
  const reading = { month: 3, pages: 90, read: 60, state: 'reading' };
  expect(await progressOfBackfill(reading)).toEqual({ pagesDone: 60, pagesTotal: 4 * 90 });
  const empty = { month: 2, pages: 0, read: 1, state: 'certified' };
  expect(await progressOfBackfill(reading, empty)).toEqual({ pagesDone: 61, pagesTotal: 90 + 90 });
});

test('once all have been asked about, it is exact', async () => {
  const all = months.map((_, month) => ({ month, pages: 10 * (month + 1), read: 10, state: 'reading' }));
  expect(await progressOfBackfill(...all)).toEqual({ pagesDone: 40, pagesTotal: 100 });
});
