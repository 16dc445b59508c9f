// A rollup: what a view of schema hive counts, added up beforehand so that the view answers at once on millions of rows.
//
// Rule: a view over a rollup is never behind. Whoever changes a row that a key of the rollup was made of touches the key
// in the same transaction (triggers, migrations/). The view takes the sums of the keys that nobody touched, and counts
// the others as it is asked. sumUp() adds up what was touched.
//
// Most of the time nothing is touched. Asking that once per query, and not once per sum, halves the time of the view.
import type { PgColumnBuilderBase, PgTable } from 'drizzle-orm/pg-core';
import { index } from 'drizzle-orm/pg-core';
import { commentOf, type Fields, kinds } from '../columns.js';
import { describedTable } from '../described.js';
import { syncSchema } from '../machinery/schema.js';

export interface RollupSpec {
  /** Of the view in schema hive, of the sums in schema sync, and before `_touched` of the keys to be counted again. */
  readonly name: string;
  /** Columns that name what is counted together; the sums are made again as a whole for each. */
  readonly key: readonly string[];
  readonly columns: Fields;
  /** Columns that the sums are searched by, besides the key. */
  readonly indexes?: readonly string[];
  /** Select of the columns, in their order, for the keys in the relation `keys`. */
  readonly count: (keys: string) => string;
}

export interface Rollup extends RollupSpec {
  readonly tables: readonly [sums: PgTable, touched: PgTable];
  /** The whole of it, as a select: sums of what nobody touched, and a count of the rest. */
  readonly select: string;
}

export function defineRollup(spec: RollupSpec): Rollup {
  const { name, key, columns, count } = spec;
  const described = Object.entries(columns).map(([column, field]): [string, readonly [PgColumnBuilderBase, string]] => [
    column,
    [kinds[field.kind].column(), commentOf(field)],
  ]);
  const sums = describedTable(
    syncSchema,
    name,
    `What hive.${name} has added up; keys that were touched since are counted again.`,
    Object.fromEntries(described),
    // The account last: with one account, nobody asks for it.
    (table) =>
      [[...key].reverse(), ...(spec.indexes ?? []).map((column) => [column])].map((names) =>
        indexOn(name, names, table),
      ),
  );
  const touched = describedTable(
    syncSchema,
    `${name}_touched`,
    `Keys of sync.${name} whose rows were changed since they were added up. The same key can stand there many times.`,
    Object.fromEntries(described.filter(([column]) => key.includes(column))),
  );
  const list = Object.keys(columns).join(', ');
  const same = key.map((column) => `t.${column} = s.${column}`).join(' and ');
  const keys = `(select distinct ${key.join(', ')} from sync.${name}_touched)`;
  // The same keys, and none more, but to the planner a thousand more: a prepared statement may keep a plan from when nothing was
  // touched, which would compare every sum with every key, for minutes.
  const many = `(
    select ${key.join(', ')} from sync.${name}_touched
    union all select ${key.map(() => 'null').join(', ')} from generate_series(1, (select 0)))`;
  return {
    ...spec,
    tables: [sums, touched],
    select: `select ${list} from sync.${name}
where not exists (select from sync.${name}_touched)
union all
select ${list} from sync.${name} s
where exists (select from sync.${name}_touched)
  and not exists (select from ${many} t where ${same})
union all
${count(keys)}`,
  };
}

function indexOn(table: string, names: readonly string[], columns: Readonly<Record<string, unknown>>) {
  const [first, ...others] = names.map((name) => columns[name] as Parameters<ReturnType<typeof index>['on']>[0]);
  if (first === undefined) throw new Error(`an index of ${table} has no columns`);
  return index([table, ...names].join('_')).on(first, ...others);
}
