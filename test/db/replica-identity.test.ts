// Under a publication FOR ALL TABLES PostgreSQL refuses updates and deletes on tables without a key or an identity.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { openTestDatabase } from '../support/database.js';

test('each table of ours, those of the queue too, has a primary key or a replica identity', async () => {
  const { db } = await openTestDatabase();
  const found = await db.execute<{ name: string; tables: number }>(sql`
    select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('hive', 'sync', 'bullmq') and c.relkind in ('r', 'p') and c.relreplident in ('d', 'n')
      and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary and c.relreplident = 'd')`);
  expect(found.map(({ name }) => name)).toEqual([]);
});
