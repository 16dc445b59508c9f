// What every schema, table, view and column is called in the database: the content of migrations/comments.json.
import { relations } from './relations.js';

const schemas: Readonly<Record<string, string>> = {
  hive: "The shop's data at Hive, mirrored by hive-sync: one table per collection of the Merchant API, tables of their parts, and views for frequent questions. Whether it is complete and fresh: hive.freshness.",
  sync: 'The machinery of hive-sync: what was asked for, what came, what failed, and how fast the API may be asked. Not for reports.',
};

/** The table in which drizzle keeps what it applied; it is not ours to define. */
const bookkeeping: Readonly<Record<string, string>> = {
  'sync.migrations': 'One row per migration that was applied to this database.',
  'sync.migrations.id': 'Number of the row.',
  'sync.migrations.hash': 'SHA-256 of the migration.',
  'sync.migrations.created_at':
    'When the migration was written, in milliseconds since 1970: what tells which are pending.',
  'sync.migrations.tag': 'Name of the migration; null in what a release of before 0012 applied.',
  'sync.migrations.release': 'Version of hive-sync that applied it; null where that is not known.',
};

/** By place: `schema`, `schema.table` or `schema.table.column`. */
export const comments: Readonly<Record<string, string>> = Object.fromEntries([
  ...Object.entries(schemas),
  ...relations.flatMap(({ schema, name, comment, columns }) => [
    [`${schema}.${name}`, comment],
    ...columns.map((column) => [`${schema}.${name}.${column.name}`, column.comment]),
  ]),
  ...Object.entries(bookkeeping),
]);
