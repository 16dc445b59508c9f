// Every table and view of schema hive is what its description says.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { relations } from '../../src/docs/relations.js';
import { openTestDatabase } from '../support/database.js';

const { db } = await openTestDatabase();
const documented = relations.filter(({ schema }) => schema === 'hive');
/** Columns of views do not keep the precision of their instants. */
const withoutPrecision = (type: string) => type.replace(/ ?\(3\)/, '');

test.each(documented)(
  '$kind hive.$name has the columns and types of its description',
  async ({ name, kind, columns }) => {
    const found = await db.execute<{ name: string; type: string }>(sql`
    select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
    where attrelid = ${`hive.${name}`}::regclass and attnum > 0 and not attisdropped order by attnum`);
    const actual = found.map((column) => [column.name, withoutPrecision(column.type)] as const);
    const described = columns.map((column) => [column.name, withoutPrecision(column.type)] as const);
    // A column that a later release added stands at the end of a table; a view is made anew.
    if (kind === 'view') expect(actual).toEqual(described);
    else expect(new Map(actual)).toEqual(new Map(described));
  },
);

test('every table and view of schema hive is described', async () => {
  const found = await db.execute<{ name: string }>(sql`
    select relname as name from pg_class where relnamespace = 'hive'::regnamespace and relkind in ('r', 'v', 'm', 'p')`);
  expect(found.map(({ name }) => name).sort()).toEqual(documented.map(({ name }) => name).sort());
});
