// Compares the tables with the simulator's truth, field by field, child rows too.
import { sql } from 'drizzle-orm';
import { expect } from 'vitest';
import { type Database, openDatabase } from '../../src/db/database.js';
import { collectionNames, type Simulator } from '../../src/simulator/index.js';
import { expectedRows, shapes } from './expected-rows.js';

type Json = Record<string, unknown>;

/** Fails unless every table of every collection holds the truth and nothing but the truth. */
export async function expectTablesToEqualTruth(
  url: string,
  simulator: Pick<Simulator, 'truth'>,
  collections: readonly (keyof typeof shapes)[] = collectionNames,
): Promise<void> {
  const database = await openDatabase(url, { connections: 2 });
  try {
    for (const collection of collections) {
      const expected = expectedRows(collection, simulator.truth(collection));
      for (const [table, rows] of Object.entries(expected)) {
        const actual = await readRows(database, table, collection);
        expect(actual.length, `rows of ${table}`).toBe(rows.length);
        const byKey = new Map(actual.map((row) => [keyOf(row, collection), row]));
        for (const row of rows) expectRow(table, byKey.get(keyOf(row, collection)), row);
      }
    }
  } finally {
    await database.close();
  }
}

/** Rows of a table without tombstones; with its collection, parts of tombstones are left out too. */
export async function readRows(
  { db }: Pick<Database, 'db'>,
  table: string,
  collection: keyof typeof shapes | undefined = undefined,
): Promise<Json[]> {
  const ofTombstones =
    collection === undefined || collection === table
      ? sql`false`
      : sql`exists (select from hive.${sql.identifier(collection)} p where p.account = t.account
          and p.id = t.${sql.identifier(shapes[collection].key)} and p._deleted_at is not null)`;
  const rows = await db.execute<{ row: Json }>(sql`
    select to_jsonb(t) as row from hive.${sql.identifier(table)} t
    where to_jsonb(t) ->> '_deleted_at' is null and not ${ofTombstones}`);
  return rows.map(({ row }) => row);
}

const keyOf = (row: Json, collection: keyof typeof shapes): string =>
  row.position === undefined ? String(row.id) : `${row[shapes[collection].key]} ${row.position}`;

function expectRow(table: string, actual: Json | undefined, expected: Json): void {
  if (actual === undefined) throw new Error(`${table} lacks ${JSON.stringify(expected).slice(0, 200)}`);
  const columns = Object.keys(actual).filter((column) => !column.startsWith('_') && column !== 'account');
  const missing = Object.keys(expected).filter((column) => !(column in actual));
  expect(missing, `columns of ${table} that the API has and the table has not`).toEqual([]);
  for (const column of columns) {
    const wanted = comparable(expected[column] ?? null);
    const found = comparable(actual[column]);
    if (!sameJson(found, wanted)) {
      // The name in the message too: what is printed of the objects is cut.
      expect({ table, column, id: actual.id, value: found }, `${table}.${column}`).toEqual({
        table,
        column,
        id: actual.id,
        value: wanted,
      });
    }
  }
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}/;
const comparable = (value: unknown): unknown =>
  typeof value === 'string' && INSTANT.test(value) ? Date.parse(value) : value;

const sameJson = (a: unknown, b: unknown): boolean =>
  a === b || JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
};
