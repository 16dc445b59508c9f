// A claim lasts as long as its process, and no longer.
import { sql } from 'drizzle-orm';
import { expect, onTestFinished, test } from 'vitest';
import { openRunClaims } from '../../src/db/run-claims.js';
import { openTestDatabase } from '../support/database.js';
import { until } from '../support/until.js';

async function scene() {
  const database = await openTestDatabase();
  const claims = [openRunClaims(database.url), openRunClaims(database.url)] as const;
  onTestFinished(async () => {
    for (const one of claims) await one.close();
  });
  return { db: database.db, mine: claims[0], others: claims[1] };
}

test('a run is claimed by one process at a time, and another run by another', async () => {
  const { mine, others } = await scene();
  expect(await mine.claim(1)).toBe(true);
  expect(await mine.claim(1)).toBe(true);
  expect(await others.claim(1)).toBe(false);
  expect(await others.claim(2)).toBe(true);
});

test('a run that has ended is let go, the others are kept', async () => {
  const { mine, others } = await scene();
  await mine.claim(1);
  await mine.claim(2);
  await mine.refresh([2]);
  expect(await others.claim(1)).toBe(true);
  expect(await others.claim(2)).toBe(false);
});

test('who leaves lets go of all', async () => {
  const { mine, others } = await scene();
  await mine.claim(1);
  await mine.close();
  await until('the server has noticed', () => others.claim(1));
});

test('a claim that went with its connection is taken anew', async () => {
  const { db, mine, others } = await scene();
  await mine.claim(1);
  await db.execute(sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'hive-sync claims' and datname = current_database()`);
  await until('the claim is back', async () => {
    await mine.refresh([1]).catch(() => {});
    const held = await db.execute(sql`select from pg_locks l join pg_database d on d.oid = l.database
      where l.locktype = 'advisory' and d.datname = current_database()`);
    return held.length === 1;
  });
  expect(await others.claim(1)).toBe(false);
});
