// The tables that hang on a record's table: one for each array of objects, and one for the values of each day.
import { bigint, date, integer, primaryKey, text } from 'drizzle-orm/pg-core';
import { commentOf, type Fields, harmlessOf } from '../../db/columns.js';
import type { DailyTable } from '../../db/daily.js';
import { describeRelation } from '../../db/described.js';
import { hive } from '../../db/hive-schema.js';
import type { Child, ChildSpec, CollectionSpec, DailySpec } from '../collection.js';
import { ACCOUNT_COMMENT, columnsOf, commentsOf, indexesOf, valuesOf } from './table-parts.js';

interface ParentOf {
  readonly spec: CollectionSpec;
  /** Table whose elements hold the list: the collection's, or another child's. */
  readonly enclosing: string;
}

export function defineChild(child: ChildSpec, { spec, enclosing }: ParentOf): Child {
  const { parentKey } = spec;
  const pgTable = hive.table(
    child.table,
    {
      account: text().notNull(),
      [parentKey]: bigint({ mode: 'number' }).notNull(),
      position: integer().notNull(),
      ...(child.link === undefined ? {} : { [child.link]: integer().notNull() }),
      ...columnsOf(child.fields),
    },
    (table) => [
      // biome-ignore lint/style/noNonNullAssertion: the columns were named five lines above
      primaryKey({ columns: [table.account, table[parentKey]!, table.position] }),
      ...indexesOf(child.table, child.indexes, table),
    ],
  );
  describeRelation(pgTable, {
    relation: `${child.comment} See ${spec.docs}`,
    columns: {
      account: ACCOUNT_COMMENT,
      [parentKey]: `Hive's id of the ${spec.singular} that the row belongs to: hive.${spec.name}.id. Never null.`,
      position: `Number of the row within its ${spec.singular}, counted from 1 in the API's order, over all its parts of this kind. Never null.`,
      ...(child.link === undefined
        ? {}
        : {
            [child.link]: `Which row of hive.${enclosing} with the same ${parentKey} it belongs to: hive.${enclosing}.position. Never null.`,
          }),
      ...commentsOf(child.fields, spec.docs),
    },
    harmless: [
      'account',
      parentKey,
      'position',
      ...(child.link === undefined ? [] : [child.link]),
      ...harmlessOf(child.fields),
    ],
    values: valuesOf(child.fields),
  });
  return {
    ...child,
    pgTable,
    dailyTable: child.daily && defineDaily(child.daily, child.fields, spec),
    children: (child.children ?? []).map((inner) => defineChild(inner, { spec, enclosing: child.table })),
  };
}

function defineDaily({ table, comment, by }: DailySpec, fields: Fields, spec: CollectionSpec): DailyTable {
  const { parentKey } = spec;
  const { [by]: name, ...values } = fields;
  const pgTable = hive.table(
    table,
    {
      account: text().notNull(),
      [parentKey]: bigint({ mode: 'number' }).notNull(),
      [by]: bigint({ mode: 'number' }).notNull(),
      day: date().notNull(),
      ...columnsOf(values),
    },
    (own) => [
      // biome-ignore lint/style/noNonNullAssertion: the columns were named seven lines above
      primaryKey({ columns: [own.account, own[parentKey]!, own[by]!, own.day] }),
    ],
  );
  describeRelation(pgTable, {
    relation: comment,
    columns: {
      account: ACCOUNT_COMMENT,
      [parentKey]: `Hive's id of the ${spec.singular}: hive.${spec.name}.id. Never null.`,
      [by]: `${name?.comment} Never null.`,
      day: 'Day in SYNC_TIMEZONE, at the end of which it was so. Never null.',
      ...Object.fromEntries(
        Object.entries(values).map(([column, field]) => [
          column,
          `${commentOf(field)} Null when it was not listed any more, or the ${spec.singular} was gone.`,
        ]),
      ),
    },
    harmless: ['account', parentKey, by, 'day', ...harmlessOf(values)],
  });
  return { pgTable, by, values: Object.keys(values) };
}
