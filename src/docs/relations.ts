// All tables and views that have documentation: one list for the comments in the database, the reference and dbt.
import { is } from 'drizzle-orm';
import { getTableConfig, getViewConfig, PgTable, PgView } from 'drizzle-orm/pg-core';
import { collections } from '../collections/index.js';
import { commentsOn } from '../db/described.js';
import * as machinery from '../db/machinery/index.js';
import { rollups } from '../db/rollups/sum-up.js';
import { statusChanges } from '../db/status-changes.js';
import { views } from '../views/index.js';

export interface DocumentedColumn {
  readonly name: string;
  /** As PostgreSQL calls it. */
  readonly type: string;
  readonly isNullable: boolean;
  readonly comment: string;
  /** May roles with masked data see it? */
  readonly isHarmless: boolean;
  /** The known values of an enumeration. */
  readonly values: readonly string[] | undefined;
}

export interface Relation {
  readonly schema: string;
  readonly name: string;
  readonly kind: 'table' | 'view';
  readonly comment: string;
  readonly columns: readonly DocumentedColumn[];
  /** Columns of the primary key; empty for views. */
  readonly key: readonly string[];
}

/** Schema hive first: what analysts read, in the order of the collections. */
export const relations: readonly Relation[] = [
  ...views.map(relationOf),
  ...[...collections.flatMap(({ tables }) => tables), statusChanges].map(relationOf),
  ...[...Object.values(machinery), ...rollups.flatMap(({ tables }) => tables)]
    .filter((value) => is(value, PgTable) || is(value, PgView))
    .map(relationOf)
    .sort((a, b) => (a.name < b.name ? -1 : 1)),
];

function relationOf(relation: PgTable | PgView): Relation {
  const comments = commentsOn(relation);
  const isView = is(relation, PgView);
  const { schema = 'public', name } = isView ? getViewConfig(relation) : getTableConfig(relation);
  const columns = isView ? Object.values(getViewConfig(relation).selectedFields) : getTableConfig(relation).columns;
  const key = isView ? [] : keyOf(relation);
  return {
    schema,
    name,
    kind: isView ? 'view' : 'table',
    comment: comments.relation,
    key,
    columns: (columns as ReturnType<typeof getTableConfig>['columns']).map((column) => ({
      name: column.name,
      type: column.getSQLType(),
      isNullable: !column.notNull,
      comment: comments.columns[column.name] ?? '',
      isHarmless: comments.harmless?.includes(column.name) ?? false,
      values: comments.values?.[column.name],
    })),
  };
}

function keyOf(table: PgTable): string[] {
  const { primaryKeys, columns } = getTableConfig(table);
  const inline = columns.filter(({ primary }) => primary);
  return [...(primaryKeys[0]?.columns ?? inline)].map(({ name }) => name);
}
