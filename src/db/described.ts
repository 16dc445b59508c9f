// A table with a comment on itself and on every column, written where the column is defined. From here the comments go
// into the database (migrations/comments.json) and into docs/reference.md.
import type { BuildExtraConfigColumns } from 'drizzle-orm';
import type { PgColumnBuilderBase, PgSchema, PgTable, PgTableExtraConfigValue, PgView } from 'drizzle-orm/pg-core';

export interface Comments {
  /** What one row is, and what is not obvious about the table or view as a whole. */
  readonly relation: string;
  /** By column: meaning, unit, values, when it is null. */
  readonly columns: Readonly<Record<string, string>>;
  /** Columns that tell of nobody who or where they are: all that roles with masked data see. Default: none. */
  readonly harmless?: readonly string[];
  /** By column: the values of an enumeration that are known. */
  readonly values?: Readonly<Record<string, readonly string[]>>;
}

const comments = new WeakMap<PgTable | PgView, Comments>();

/** Keeps comments for a table or view; returns it. */
export function describeRelation<T extends PgTable | PgView>(relation: T, described: Comments): T {
  comments.set(relation, described);
  return relation;
}

/** What was said about a table or view; nothing when nobody did. */
export const commentsOn = (relation: PgTable | PgView): Comments =>
  comments.get(relation) ?? { relation: '', columns: {} };

type DescribedColumns = Readonly<Record<string, readonly [column: PgColumnBuilderBase, comment: string]>>;
type ColumnsOf<C extends DescribedColumns> = { [K in keyof C]: C[K][0] };

/** Like `schema.table()`, with a comment for the table and beside each column. */
export function describedTable<S extends string, N extends string, C extends DescribedColumns>(
  schema: PgSchema<S>,
  name: N,
  comment: string,
  columns: C,
  extra?: (self: BuildExtraConfigColumns<N, ColumnsOf<C>, 'pg'>) => PgTableExtraConfigValue[],
) {
  const pick = <I extends 0 | 1>(index: I) =>
    Object.fromEntries(Object.entries(columns).map(([column, pair]) => [column, pair[index]]));
  const table = schema.table(name, pick(0) as ColumnsOf<C>, extra);
  return describeRelation(table, { relation: comment, columns: pick(1) as Record<string, string> });
}
