// defineView(): a question that analysts ask again and again, as a view in schema hive. Columns are described with the
// words of the collections; comments, reference and migration follow from that. A text says whether it is personal, else roles with masked data do not see it.
import { sql } from 'drizzle-orm';
import type { PgView } from 'drizzle-orm/pg-core';
import { commentOf, type Fields, harmlessOf, kinds } from '../db/columns.js';
import { describeRelation } from '../db/described.js';
import { hive } from '../db/hive-schema.js';

export interface ViewSpec {
  readonly name: string;
  /** What one row is, which rows are left out, and what is counted how. */
  readonly comment: string;
  /** In the order of the query's columns. */
  readonly columns: Fields;
  /** The whole select. Calendar days and weeks are those of `sync.installation.timezone`. */
  readonly query: string;
}

export function defineView({ name, comment, columns, query }: ViewSpec): PgView {
  const view = hive
    .view(name, Object.fromEntries(Object.entries(columns).map(([column, { kind }]) => [column, kinds[kind].column()])))
    .as(sql.raw(query.trim()));
  describeRelation(view, {
    relation: comment,
    columns: Object.fromEntries(Object.entries(columns).map(([column, field]) => [column, commentOf(field)])),
    harmless: harmlessOf(columns),
  });
  return view;
}

/** The comment of a view's column `account`. */
export const ACCOUNT = 'Label of the Hive account (API key), as in HIVE_ACCOUNT.';
