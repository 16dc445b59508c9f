import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/db/database.js';
import { migrate, pendingMigrations } from '../../src/db/migrate.js';
import { createDatabase, openTestDatabase } from '../support/database.js';

test('a migrated database has nothing pending, and migrating again applies nothing', async () => {
  const database = await openTestDatabase();
  expect(await pendingMigrations(database)).toEqual([]);
  expect(await migrate(database)).toEqual([]);
});

test('two processes that migrate an empty database at once leave one identity and no error', async () => {
  const url = await createDatabase();
  const first = await openDatabase(url);
  const second = await openDatabase(url);
  await first.db.execute(sql`drop schema sync cascade`);
  await first.db.execute(sql`drop schema hive cascade`);
  const applied = await Promise.all([migrate(first), migrate(second)]);
  expect(applied.flat().length).toBeGreaterThan(0);
  expect(await first.db.execute(sql`select id from sync.installation`)).toHaveLength(1);
  expect(await pendingMigrations(second)).toEqual([]);
  await first.close();
  await second.close();
});
