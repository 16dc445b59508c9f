// Values of each day, for what the API shows only as it is now: a child table's rows go into a table by day as well, in
// the transaction that replaces them. A day gets a row only when something is another than before, so what is read again
// unchanged writes nothing. What could not be read is no news: the value of before stays.
import { sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Executor } from './database.js';
import { idList } from './id-list.js';
import { LOST_COLUMN } from './lost-values.js';
import { statementParts } from './statement-parts.js';
import type { Provenance, StorableRecord } from './stored-record.js';

/** A table by account, record, `by` and day. */
export interface DailyTable {
  readonly pgTable: PgTable;
  readonly by: string;
  /** The columns that are kept; all null from the day on which what `by` names was not listed, or the record gone. */
  readonly values: readonly string[];
}

/**
 * Before the child rows of `parents` are replaced: those that are stored still say what was listed until now. A record
 * that is gone has no children.
 */
export async function keepDaily(
  tx: Executor,
  parentKey: string,
  child: { readonly table: string; readonly pgTable: PgTable },
  { pgTable, by, values }: DailyTable,
  parents: readonly Pick<StorableRecord, 'id' | 'children' | 'lostParts'>[],
  { account, requestedAt }: Pick<Provenance, 'account' | 'requestedAt'>,
): Promise<void> {
  // Of two elements with the same name, the later one counts.
  const rows = parents.flatMap(({ id, children, lostParts }) => {
    const named = (children[child.table] ?? []).filter((row) => row[by] !== null);
    const lostAt = new Map(lostParts.map((part) => [`${part.table} ${part.position}`, part.columns]));
    return [
      ...new Map(
        named.map((row) => [
          String(row[by]),
          { ...row, [parentKey]: id, _lost: lostAt.get(`${child.table} ${row.position}`) },
        ]),
      ).values(),
    ];
  });
  const { table, recordset } = statementParts(pgTable);
  const key = `"${parentKey}", "${by}"`;
  const listed = `listed."${parentKey}", listed."${by}"`;
  const lastValues = values.map((name) => `last."${name}"`).join(', ');
  const seenValues = values
    .map((name) => `coalesce(seen."${name}", case when '${name}' = any(seen._lost) then last."${name}" end)`)
    .join(', ');
  // Where a name could not be read, nobody knows what is not listed any more.
  const ids = idList(parents.filter((parent) => !hasNameless(parent, child.table, by)).map(({ id }) => id));
  // Never before the last day that has a row: a time zone further west would put today's value into yesterday, behind it.
  await tx.execute(sql`
    with seen as (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as r(${sql.raw(recordset)}, ${sql.raw(LOST_COLUMN)})),
    listed as (
      select ${sql.raw(key)} from seen
      union select ${sql.raw(key)} from ${child.pgTable}
      where account = ${account} and ${sql.identifier(parentKey)} = any(${ids})
        and ${sql.identifier(by)} is not null)
    insert into ${sql.raw(table)} (account, ${sql.raw(key)}, day, ${sql.raw(values.map((name) => `"${name}"`).join(', '))})
    select ${account}::text, ${sql.raw(listed)}, greatest(today.day, last.day), ${sql.raw(seenValues)}
    from listed left join seen using (${sql.raw(key)})
      cross join (select (${new Date(requestedAt).toISOString()}::timestamptz at time zone timezone)::date as day
        from sync.installation) as today
      left join lateral (
        select * from ${sql.raw(table)} as kept where kept.account = ${account}
          and (kept."${sql.raw(parentKey)}", kept."${sql.raw(by)}") = (${sql.raw(listed)})
        order by day desc limit 1) as last on true
    where (${sql.raw(seenValues)}) is distinct from (${sql.raw(lastValues)})
    order by ${sql.raw(listed)}
    on conflict (account, ${sql.raw(key)}, day) do update
    set ${sql.raw(values.map((name) => `"${name}" = excluded."${name}"`).join(', '))}`);
}

const hasNameless = (
  { children, lostParts }: Pick<StorableRecord, 'children' | 'lostParts'>,
  table: string,
  by: string,
): boolean =>
  lostParts.some(
    (part) =>
      part.table === table &&
      part.columns.includes(by) &&
      children[table]?.find(({ position }) => position === part.position)?.[by] === null,
  );
