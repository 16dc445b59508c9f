// The vocabulary of a sync, and how a collection is described: once, as data. Its tables follow from that (tables/).
//
// account     one API key                         run         one trigger of work
// collection  an endpoint that lists records      window      a part of a collection, by created_at, read page by page
// record      what the API returns                page        one request to a collection
// row         what we store                       slot        the right to send one request at a given time
// certificate the proof that a window was read completely
// dead letter something that could not be taken in, kept with its payload
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Fields } from '../db/columns.js';
import type { DailyTable } from '../db/daily.js';

/** A table with the last values of each day, for what the API shows only as it is now. */
export interface DailySpec {
  readonly table: string;
  readonly comment: string;
  /** Field that, together with the record, names what has these values. The other fields are the values. */
  readonly by: string;
}

/** An index beside the primary key, for joins and for the questions of analysts. Each costs every write a little. */
export interface IndexSpec {
  readonly on: readonly string[];
  /** Only rows for which this SQL holds are in it. */
  readonly where?: string;
}

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
  /** Keep its values of each day? */
  readonly daily?: DailySpec;
  readonly indexes?: readonly IndexSpec[];
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
  /** Names of the webhook events that carry such a record, with underscores. */
  readonly webhookEvents?: readonly string[];
  /**
   * Columns that are null until something has happened and are never emptied again: they prove which of two versions of
   * a record is the newer one.
   */
  readonly milestones?: readonly string[];
  /** Column with the shop's own id, by which people look for a record. */
  readonly merchantKey?: string;
  /** Column in the child tables that holds this record's id: "order_id". */
  readonly parentKey: string;
  readonly fields: Fields;
  readonly indexes?: readonly IndexSpec[];
  readonly children: readonly ChildSpec[];
  /** A record in the wire form, with a value in every field. */
  readonly example: Readonly<Record<string, unknown>>;
}

/** A child table with everything that was derived from its description. */
export interface Child extends Omit<ChildSpec, 'children'> {
  readonly children: readonly Child[];
  readonly pgTable: PgTable;
  readonly dailyTable: DailyTable | undefined;
}

export interface Collection extends Omit<CollectionSpec, 'children'> {
  readonly children: readonly Child[];
  readonly pgTable: PgTable;
  /** Columns of the records' table whose changes are kept in hive.status_changes. */
  readonly statusFields: readonly string[];
  /** All child tables, also those of children, parents before their children. */
  readonly allChildren: readonly Child[];
  /** Every table, the records' first, those of days last; exported by the collection's file so that drizzle-kit finds them. */
  readonly tables: readonly PgTable[];
}
