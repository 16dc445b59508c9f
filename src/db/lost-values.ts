// A value that could not be read must not take a good one away: what is stored in its column stays, and `_lost` names it.
// A row of a part has no key of its own, so it keeps the value of the row at its place only where that is the same in
// everything else.
import { sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Executor } from './database.js';
import { statementParts } from './statement-parts.js';
import type { Row, StorableRecord } from './stored-record.js';

/** Reads `_lost` beside the columns of a table that has none. */
export const LOST_COLUMN = '"_lost" text[]';

/** What goes into `_lost`. */
export const lostOf = ({ lost }: Pick<StorableRecord, 'lost'>): readonly string[] | null =>
  lost.length === 0 ? null : lost;

export const areLossesIn = (records: readonly Pick<StorableRecord, 'lost'>[]): boolean =>
  records.some(({ lost }) => lost.length > 0);

/** SQL for a column's value of the row `made`, or that of the row `stored` where it was lost. @param column in quotes */
export const keptOr = (column: string, made: string): string =>
  `case when '${column.slice(1, -1)}' = any(${made}._lost) then stored.${column} else ${made}.${column} end`;

type Parts = Pick<StorableRecord, 'id' | 'children' | 'lostParts'>;

interface PartTable {
  readonly table: string;
  readonly pgTable: PgTable;
}

/**
 * Fills in what is kept of the stored child rows, before these are replaced; asks nothing when no row of a part has lost
 * anything. @param ids records that may have child rows already; the others keep none
 */
export async function withKeptParts<R extends Parts>(
  tx: Executor,
  { parentKey, allChildren }: { readonly parentKey: string; readonly allChildren: readonly PartTable[] },
  records: readonly R[],
  ids: ReadonlySet<number>,
  account: string,
): Promise<readonly R[]> {
  const losing = records.filter(({ id, lostParts }) => lostParts.length > 0 && ids.has(id));
  if (losing.length === 0) return records;
  /** By table, record and position. */
  const kept = new Map<string, Row>();
  for (const child of allChildren) {
    for (const { id, position, values } of await keptValues(tx, parentKey, child, losing, account)) {
      kept.set(`${child.table} ${id} ${position}`, values);
    }
  }
  if (kept.size === 0) return records;
  const filled = ({ id, children }: R) =>
    Object.fromEntries(
      Object.entries(children).map(([table, rows]) => [
        table,
        rows.map((row) => ({ ...row, ...kept.get(`${table} ${id} ${row.position}`) })),
      ]),
    );
  return records.map((record) => (losing.includes(record) ? { ...record, children: filled(record) } : record));
}

type Kept = { id: number; position: number; values: Row };

async function keptValues(
  tx: Executor,
  parentKey: string,
  child: PartTable,
  records: readonly Parts[],
  account: string,
): Promise<Kept[]> {
  const rows = records.flatMap(({ id, children, lostParts }) =>
    lostParts
      .filter(({ table }) => table === child.table)
      .flatMap(({ position, columns }) => {
        const row = children[child.table]?.find((one) => one.position === position);
        return row === undefined ? [] : [{ ...row, account, [parentKey]: id, _lost: columns }];
      }),
  );
  if (rows.length === 0) return [];
  const { table, recordset } = statementParts(child.pgTable);
  // Numbers as text: a bigint would not survive the way through JavaScript.
  return tx.execute<Kept>(sql`
    select made.id, made.position, (
      select jsonb_object_agg(name, case jsonb_typeof(stored.row -> name)
        when 'number' then to_jsonb(stored.row ->> name) else stored.row -> name end)
      from unnest(made.lost) as name) as values
    from (select r.${sql.identifier(parentKey)} as id, r.position, r._lost as lost, to_jsonb(r) - 'position' - '_lost' as row
      from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as r(${sql.raw(recordset)}, ${sql.raw(LOST_COLUMN)})) as made
    join lateral (select to_jsonb(s) - 'position' as row from ${sql.raw(table)} s
      where s.account = ${account} and s.${sql.identifier(parentKey)} = made.id and s.position = made.position) as stored
      on stored.row - made.lost = made.row - made.lost`);
}
