// A table's name, columns and types as they stand in a statement that takes all rows as one JSON parameter.
import { getTableColumns } from 'drizzle-orm';
import { getTableConfig, type PgTable } from 'drizzle-orm/pg-core';

const parts = new WeakMap<PgTable, { table: string; columns: string[]; recordset: string }>();

/** Names and types of a table as they stand in a statement: one JSON parameter carries all rows, whatever their number. */
export function statementParts(pgTable: PgTable): { table: string; columns: string[]; recordset: string } {
  const known = parts.get(pgTable);
  if (known !== undefined) return known;
  const { schema, name } = getTableConfig(pgTable);
  const columns = Object.values(getTableColumns(pgTable));
  const quoted = (text: string) => `"${text}"`;
  const made = {
    table: `${quoted(schema ?? 'public')}.${quoted(name)}`,
    columns: columns.map((column) => quoted(column.name)),
    recordset: columns.map((column) => `${quoted(column.name)} ${column.getSQLType()}`).join(', '),
  };
  parts.set(pgTable, made);
  return made;
}
