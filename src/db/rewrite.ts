// Typed columns and child rows once more, from payloads that are stored already. Provenance stays as it is: nothing was
// fetched and nothing changed at the API. What today's code cannot read either stays as it is stored.
import { type SQL, sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Executor } from './database.js';
import { idList } from './id-list.js';
import { areLossesIn, keptOr, lostOf, withKeptParts } from './lost-values.js';
import { statementParts } from './statement-parts.js';
import type { Row, StorableRecord } from './stored-record.js';
import { replaceChildren, type UpsertTarget } from './upsert.js';

type Derived = Pick<StorableRecord, 'id' | 'row' | 'children' | 'lost' | 'lostParts'>;

/**
 * Writes what differs from the stored rows, table by table, in the transaction of the caller, who has locked them.
 * @returns ids of the records that differed
 */
export async function rewriteRecords(
  tx: Executor,
  target: UpsertTarget,
  records: readonly StorableRecord[],
  account: string,
): Promise<number[]> {
  const changed = new Set<number>();
  const wanted = await withKeptParts(tx, target, records, new Set(records.map(({ id }) => id)), account);
  for (const { table, pgTable, key, rows } of tablesOf(target, wanted, account)) {
    const ids = new Set(await differing(tx, pgTable, key, wanted, rows, account));
    if (ids.size === 0) continue;
    for (const id of ids) changed.add(id);
    if (pgTable === target.pgTable) await updateRows(tx, pgTable, rows, ids);
    else {
      const parents = wanted.filter(({ id }) => ids.has(id));
      await replaceChildren(tx, key, { table, pgTable }, parents, [...ids], account);
    }
  }
  return [...changed];
}

/** Ids of records whose rows are not what they would be today. Reads only. */
export async function differingRecords(
  db: Executor,
  target: UpsertTarget,
  records: readonly StorableRecord[],
  account: string,
): Promise<number[]> {
  const ids = new Set<number>();
  const wanted = await withKeptParts(db, target, records, new Set(records.map(({ id }) => id)), account);
  for (const { pgTable, key, rows } of tablesOf(target, wanted, account)) {
    for (const id of await differing(db, pgTable, key, wanted, rows, account)) ids.add(id);
  }
  return [...ids].sort((a, b) => a - b);
}

interface TableRows {
  readonly table: string;
  readonly pgTable: PgTable;
  /** Column that holds the record's id. */
  readonly key: string;
  readonly rows: readonly Row[];
}

function tablesOf(target: UpsertTarget, records: readonly Derived[], account: string): TableRows[] {
  const parents = records.map(({ id, row, lost }): Row => ({ ...row, account, id, _lost: lostOf({ lost }) }));
  return [
    { table: '', pgTable: target.pgTable, key: 'id', rows: parents },
    ...target.allChildren.map(({ table, pgTable }) => ({
      table,
      pgTable,
      key: target.parentKey,
      rows: records.flatMap(({ id, children }) =>
        (children[table] ?? []).map((row): Row => ({ ...row, account, [target.parentKey]: id })),
      ),
    })),
  ];
}

async function differing(
  db: Executor,
  pgTable: PgTable,
  key: string,
  records: readonly Derived[],
  rows: readonly Row[],
  account: string,
): Promise<number[]> {
  const { table, recordset } = statementParts(pgTable);
  const columns = derivedColumns(pgTable);
  const ids = idList(records.map(({ id }) => id));
  const id = sql.identifier(key);
  const samePlace = columns.includes('"position"') ? sql`and stored.position = made.position` : sql``;
  const found = await db.execute<{ id: number }>(sql`
    with made as (select * from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as r(${sql.raw(recordset)})),
    stored as (select * from ${sql.raw(table)} where account = ${account} and ${id} = any(${ids}))
    select distinct coalesce(stored.${id}, made.${id}) as id
    from stored full join made on stored.${id} = made.${id} ${samePlace}
    where ${tuple(columns.map((name) => `stored.${name}`))} is distinct from ${tuple(valuesOf(columns, records))}`);
  return found.map((row) => row.id);
}

async function updateRows(
  tx: Executor,
  pgTable: PgTable,
  rows: readonly Row[],
  ids: ReadonlySet<number>,
): Promise<void> {
  const { table, recordset } = statementParts(pgTable);
  const wanted = rows.filter(({ id }) => ids.has(Number(id)));
  const columns = derivedColumns(pgTable);
  const values = valuesOf(
    columns,
    wanted.map(({ _lost }) => ({ lost: (_lost as StorableRecord['lost'] | null) ?? [] })),
  );
  const set = columns.map((name, i) => `${name} = ${values[i]}`);
  await tx.execute(sql`
    update ${sql.raw(table)} as stored set ${sql.raw(set.join(', '))}
    from jsonb_to_recordset(${JSON.stringify(wanted)}::text::jsonb) as made(${sql.raw(recordset)})
    where stored.account = made.account and stored.id = made.id`);
}

/** What comes from the payload: all but the columns that say where a row comes from. */
const derivedColumns = (pgTable: PgTable): string[] =>
  statementParts(pgTable).columns.filter((name) => !name.startsWith('"_') || name === '"_lost"');

/** Of a table without `_lost`, what is kept has been filled in already. */
const valuesOf = (columns: readonly string[], records: readonly Pick<StorableRecord, 'lost'>[]): string[] => {
  const keeps = columns.includes('"_lost"') && areLossesIn(records);
  return columns.map((name) => (keeps && name !== '"_lost"' ? keptOr(name, 'made') : `made.${name}`));
};

const tuple = (values: readonly string[]): SQL => sql.raw(`(${values.join(', ')})`);
