// What every collection promises, whatever is in it. A new one is checked as soon as it stands in the list.
import { sql } from 'drizzle-orm';
import { getTableConfig } from 'drizzle-orm/pg-core';
import { describe, expect, test } from 'vitest';
import { collectionNamed, collections } from '../../src/collections/index.js';
import type { Fields } from '../../src/db/columns.js';
import { upsertRecords } from '../../src/db/upsert.js';
import { collectionNames } from '../../src/simulator/index.js';
import { openTestSimulator } from '../hive/client-parts.js';
import { expectedOf, parsed, readStored } from '../support/collections.js';
import { openTestDatabase } from '../support/database.js';

const { db } = await openTestDatabase();
const SNAKE = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;
/** PostgreSQL cuts longer names. */
const LONGEST_NAME = 63;

const UNDERSCORE = {
  _first_seen_at: 'timestamp (3) with time zone',
  _fetched_at: 'timestamp (3) with time zone',
  _changed_at: 'timestamp (3) with time zone',
  _deleted_at: 'timestamp (3) with time zone',
  _source: 'text',
  _run_id: 'bigint',
  _previous: 'jsonb',
  _lost: 'text[]',
  _content_hash: 'text',
  _raw: 'jsonb',
};

test('names, tables and paths are each used once', () => {
  const tables = collections.flatMap((collection) => collection.tables.map((table) => getTableConfig(table).name));
  expect(new Set(tables).size).toBe(tables.length);
  expect(new Set(collections.map(({ name }) => name)).size).toBe(collections.length);
  expect(new Set(collections.map(({ path }) => path)).size).toBe(collections.length);
});

test('a collection is found by its name, and by nothing else', () => {
  for (const collection of collections) expect(collectionNamed(collection.name)).toBe(collection);
  expect(collectionNamed('order')).toBeUndefined();
});

test('the simulator serves exactly the collections that are mirrored', () => {
  expect(collections.map(({ name }) => name).sort()).toEqual([...collectionNames].sort());
});

describe.each(collections)('$name', (collection) => {
  const described: [table: string, comment: string, fields: Fields][] = [
    [collection.name, collection.comment, collection.fields],
    ...collection.allChildren.map(({ table, comment, fields }): [string, string, Fields] => [table, comment, fields]),
  ];
  const fieldsOf = described.flatMap(([table, , fields]) =>
    Object.entries(fields).map(([column, field]) => ({ place: `${table}.${column}`, column, field })),
  );

  test('its path lies below the base URL, and its documentation at Hive', () => {
    expect(collection.path).toMatch(/^(\/[a-z_]+)+$/);
    expect(collection.docs).toMatch(/^https:\/\/developers\.hive\.app\//);
  });

  test('tables and columns are snake_case and short enough for PostgreSQL', () => {
    const names = [...described.map(([table]) => table), ...fieldsOf.map(({ column }) => column), collection.parentKey];
    for (const name of names) {
      expect(name).toMatch(SNAKE);
      expect(name.length).toBeLessThanOrEqual(LONGEST_NAME);
    }
    expect(collection.parentKey).toMatch(/_id$/);
  });

  test('every table and every column says what it means', () => {
    for (const [table, comment] of described) expect(comment, table).toMatch(/^[A-Z].{10,}/);
    for (const { place, field } of fieldsOf) expect(field.comment, place).toMatch(/^[A-Z].{5,}[.:]$/);
  });

  test('every value of an enumeration says what it means', () => {
    for (const { place, field } of fieldsOf.filter((one) => one.field.values !== undefined)) {
      expect(field.kind, place).toBe('text');
      expect(Object.keys(field.values ?? {}).length, place).toBeGreaterThan(1);
      for (const [value, meaning] of Object.entries(field.values ?? {}))
        expect(meaning, `${place} ${value}`).toMatch(/.{4,}/);
    }
  });

  test('its table is keyed by account and id, and says where each row comes from', () => {
    const { columns, primaryKeys, schema } = getTableConfig(collection.pgTable);
    expect(schema).toBe('hive');
    expect(primaryKeys.map((key) => key.columns.map(({ name }) => name))).toEqual([['account', 'id']]);
    const types = Object.fromEntries(columns.map((column) => [column.name, column.getSQLType()]));
    expect(types).toMatchObject({ account: 'text', id: 'bigint', ...UNDERSCORE });
    expect(Object.keys(types).filter((name) => name.startsWith('_'))).toEqual(Object.keys(UNDERSCORE));
  });

  test('its child tables are keyed by account, record and position', () => {
    for (const child of collection.allChildren) {
      const { columns, primaryKeys, schema } = getTableConfig(child.pgTable);
      expect(schema).toBe('hive');
      const key = ['account', collection.parentKey, 'position'];
      expect(primaryKeys.map((one) => one.columns.map(({ name }) => name))).toEqual([key]);
      expect(columns.map(({ name }) => name)).toEqual([
        ...key,
        ...(child.link === undefined ? [] : [child.link]),
        ...Object.keys(child.fields),
      ]);
    }
  });

  test('what closes a record are known values of columns that there are', () => {
    if (collection.closedWhen === 'never') return;
    expect(collection.closedWhen).not.toEqual([]);
    for (const condition of collection.closedWhen) {
      expect(Object.keys(condition)).not.toEqual([]);
      for (const [column, values] of Object.entries(condition)) {
        expect(values).not.toEqual([]);
        expect(Object.keys(collection.fields[column]?.values ?? {})).toEqual(expect.arrayContaining([...values]));
      }
    }
  });

  test('its example fills every column, without drift', () => {
    const record = parsed(collection, collection.example);
    expect(record.drift).toEqual([]);
    const empty = Object.entries(record.row).filter(([, value]) => value === null);
    expect(empty).toEqual([]);
    for (const child of collection.allChildren) {
      const rows = record.children[child.table] ?? [];
      expect(rows, child.table).not.toEqual([]);
      for (const row of rows) expect(Object.entries(row).filter(([, value]) => value === null)).toEqual([]);
    }
  });

  test('its example comes back from PostgreSQL as it went in, column by column', async () => {
    const record = parsed(collection, collection.example);
    await upsertRecords(db, collection, [record], { account: 'a', requestedAt: 0, source: 'page', runId: 1 });
    expect((await readStored(db, collection, 'a')).get(record.id)).toEqual(expectedOf(collection, record));
  });

  test('records of the simulator hold no field and no value that it does not know, and are stored', async () => {
    const sim = await openTestSimulator({ sizes: { [collection.name]: 200 }, seed: 7 });
    const name = collectionNames.find((one) => one === collection.name);
    const records = (name === undefined ? [] : sim.truth(name)).map((payload) => parsed(collection, payload));
    expect(records.length).toBeGreaterThan(3);
    expect(records.flatMap(({ drift }) => drift)).toEqual([]);
    await upsertRecords(db, collection, records, { account: 'sim', requestedAt: 0, source: 'page', runId: 1 });
    const stored = await readStored(db, collection, 'sim');
    for (const record of records) expect(stored.get(record.id)).toEqual(expectedOf(collection, record));
  });

  test('the migrated table has just these columns', async () => {
    for (const table of collection.tables) {
      const { name, columns } = getTableConfig(table);
      const found = await db.execute<{ name: string }>(sql`
        select column_name as name from information_schema.columns where table_schema = 'hive' and table_name = ${name}`);
      expect(found.map((row) => row.name).sort()).toEqual(columns.map((column) => column.name).sort());
    }
  });
});
