// The vocabulary of a sync, and defineCollection(), which turns a collection's description into tables.
//
// account     one API key                         run         one trigger of work
// collection  an endpoint that lists records      window      a part of a collection, by created_at, read page by page
// record      what the API returns                page        one request to a collection
// row         what we store                       slot        the right to send one request at a given time
// certificate the proof that a window was read completely
// dead letter something that could not be taken in, kept with its payload
import { bigint, integer, jsonb, type PgTable, pgSchema, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';
import { type Fields, kinds } from '../db/columns.js';

/** The PostgreSQL schema that analysts read. */
export const hive = pgSchema('hive');

/** Rows that hang on a record's row, one per element of an array of objects in the API's record. */
export interface ChildSpec {
  /** Table name, plural snake_case. */
  readonly table: string;
  readonly comment: string;
  /** Key of the array in the enclosing object. */
  readonly from: string;
  /** For a list inside another child's elements: the column that holds the position of that element. */
  readonly link?: string;
  readonly fields: Fields;
  readonly children?: readonly ChildSpec[];
}

/** What one file in collections/ says. */
export interface CollectionSpec {
  /** Table name, name on the command line and last part of the default path. */
  readonly name: string;
  /** One record in words, for messages: "order". */
  readonly singular: string;
  readonly comment: string;
  /** Page of the API's documentation. */
  readonly docs: string;
  /** Path of the list below the base URL; a single record lies at `<path>/<id>`. */
  readonly path: string;
  /** Does the list take `created_at[gte]` and `created_at[lte]`? Only then can windows be cut and pinned. */
  readonly filtersByCreatedAt: boolean;
  /**
   * When a record is closed, that is: its state will not change any more. Any of these conditions closes it; a
   * condition holds when each named column has one of the listed values. `never` = may change at any time, so the
   * collection is read whole by every incremental run.
   */
  readonly closedWhen: readonly Readonly<Record<string, readonly string[]>>[] | 'never';
  /** Can fields other than the state still change after closing (refunds of an order)? Then it is watched a while longer. */
  readonly changesAfterClosing?: boolean;
  /** Column in the child tables that holds this record's id: "order_id". */
  readonly parentKey: string;
  readonly fields: Fields;
  readonly children: readonly ChildSpec[];
  /** A record in the wire form, with a value in every field. */
  readonly example: Readonly<Record<string, unknown>>;
}

/** A child table with everything that was derived from its description. */
export interface Child extends Omit<ChildSpec, 'children'> {
  readonly children: readonly Child[];
  readonly pgTable: PgTable;
}

export interface Collection extends Omit<CollectionSpec, 'children'> {
  readonly children: readonly Child[];
  readonly pgTable: PgTable;
  /** All child tables, also those of children, parents before their children. */
  readonly allChildren: readonly Child[];
  /** Every table, the records' first; exported by the collection's file so that drizzle-kit finds them. */
  readonly tables: readonly PgTable[];
}

/** Columns of every records' table that say where a row comes from. */
const provenance = () => ({
  _first_seen_at: timestamp({ withTimezone: true, precision: 3 }).notNull(),
  _fetched_at: timestamp({ withTimezone: true, precision: 3 }).notNull(),
  _changed_at: timestamp({ withTimezone: true, precision: 3 }).notNull(),
  _deleted_at: timestamp({ withTimezone: true, precision: 3 }),
  _source: text().notNull(),
  _run_id: bigint({ mode: 'number' }),
  _content_hash: text().notNull(),
  _raw: jsonb().notNull(),
});

function columnsOf(fields: Fields) {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, kinds[field.kind].column()]));
}

function defineChild(spec: ChildSpec, parentKey: string): Child {
  const pgTable = hive.table(
    spec.table,
    {
      account: text().notNull(),
      [parentKey]: bigint({ mode: 'number' }).notNull(),
      position: integer().notNull(),
      ...(spec.link === undefined ? {} : { [spec.link]: integer().notNull() }),
      ...columnsOf(spec.fields),
    },
    (table) => [
      // biome-ignore lint/style/noNonNullAssertion: the columns were named five lines above
      primaryKey({ columns: [table.account, table[parentKey]!, table.position] }),
    ],
  );
  return { ...spec, pgTable, children: (spec.children ?? []).map((child) => defineChild(child, parentKey)) };
}

const flatten = (children: readonly Child[]): Child[] =>
  children.flatMap((child) => [child, ...flatten(child.children)]);

/** Describes a collection once; its tables, its parsing and its documentation follow from that. */
export function defineCollection(spec: CollectionSpec): Collection {
  const pgTable = hive.table(
    spec.name,
    { account: text().notNull(), ...columnsOf(spec.fields), id: bigint({ mode: 'number' }).notNull(), ...provenance() },
    (table) => [primaryKey({ columns: [table.account, table.id] })],
  );
  const children = spec.children.map((child) => defineChild(child, spec.parentKey));
  const allChildren = flatten(children);
  return {
    ...spec,
    pgTable,
    children,
    allChildren,
    tables: [pgTable, ...allChildren.map((child) => child.pgTable)],
  };
}
