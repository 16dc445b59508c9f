// Promise: in a migrated database nothing that an analyst meets lacks a comment, and comments never go out of step.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { pendingComments } from '../../src/db/comments.js';
import { migrate, pendingMigrations } from '../../src/db/migrate.js';
import { openTestDatabase } from '../support/database.js';

test('every schema, table, view and column of hive and sync has a comment in a freshly migrated database', async () => {
  const { db } = await openTestDatabase();
  const bare = await db.execute<{ place: string }>(sql`
    select n.nspname as place from pg_namespace n
    where n.nspname in ('hive', 'sync') and coalesce(obj_description(n.oid, 'pg_namespace'), '') = ''
    union all
    select c.oid::regclass::text from pg_class c
    where c.relnamespace in ('hive'::regnamespace, 'sync'::regnamespace) and c.relkind in ('r', 'p', 'v', 'm')
      and coalesce(obj_description(c.oid, 'pg_class'), '') = ''
    union all
    select c.oid::regclass || '.' || a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace in ('hive'::regnamespace, 'sync'::regnamespace) and c.relkind in ('r', 'p', 'v', 'm')
      and a.attnum > 0 and not a.attisdropped and coalesce(col_description(c.oid, a.attnum), '') = ''`);
  expect(bare.map(({ place }) => place)).toEqual([]);
});

test('a column tells its meaning, its values, that it is assumed, and where the API describes it', async () => {
  const { db } = await openTestDatabase();
  const commentOf = async (column: string) => {
    const [row] = await db.execute<{ comment: string }>(sql`
      select col_description('hive.return_line_items'::regclass, attnum) as comment from pg_attribute
      where attrelid = 'hive.return_line_items'::regclass and attname = ${column}`);
    return row?.comment;
  };
  expect(await commentOf('condition')).toBe(
    'Grade that the warehouse gave the goods; null when not graded. ' +
      'Values: A = unused, in the original packaging; B = unused, packaging missing or damaged; C = used or damaged. New ones can appear. ' +
      "Assumed: Hive's public pages do not show this field. See https://developers.hive.app/reference/api-reference/returns",
  );
  expect(await commentOf('return_id')).toContain('hive.returns.id');
});

test('a comment that differs is pending, is set again by migrate, and the others are left alone', async () => {
  const database = await openTestDatabase();
  await database.db.execute(sql`comment on column hive.orders.status is 'something else'`);
  await database.db.execute(sql`comment on schema hive is null`);
  expect(await pendingMigrations(database)).toEqual(['comments']);
  const statements = await pendingComments(database.db);
  expect(statements).toHaveLength(2);
  expect(statements.join('\n')).toMatch(/^comment on schema hive is .*\ncomment on column hive.orders.status is /);
  expect(await migrate(database)).toEqual(['comments']);
  expect(await pendingMigrations(database)).toEqual([]);
});
