// From the fields and indexes that a description names to columns, comments and indexes: what all of its tables share.
import { sql } from 'drizzle-orm';
import { type ExtraConfigColumn, index } from 'drizzle-orm/pg-core';
import { commentOf, type Fields, kinds } from '../../db/columns.js';
import type { IndexSpec } from '../collection.js';

export const ACCOUNT_COMMENT =
  'Label of the Hive account (API key) that the row belongs to, as in HIVE_ACCOUNT. Never null. Part of every key: join and filter on it.';

export function columnsOf(fields: Fields) {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, kinds[field.kind].column()]));
}

export const commentsOf = (fields: Fields, docs: string, key?: string) =>
  Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, commentOf(field, { docs, isKey: name === key })]),
  );

export const valuesOf = (fields: Fields) =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, { values }]) => (values === undefined ? [] : [[name, Object.keys(values)]])),
  );

export function indexesOf(
  table: string,
  specs: readonly IndexSpec[] = [],
  columns: Readonly<Record<string, Partial<ExtraConfigColumn>>>,
) {
  return specs.map(({ on, where }) => {
    const [first, ...others] = on.map((column) => columns[column] as ExtraConfigColumn);
    if (first === undefined) throw new Error(`an index of ${table} has no columns`);
    // A name with two underscores in a row is read as two parts by drizzle-kit.
    const made = index([table, ...on].join('_').replaceAll('__', '_')).on(first, ...others);
    return where === undefined ? made : made.where(sql.raw(where));
  });
}
