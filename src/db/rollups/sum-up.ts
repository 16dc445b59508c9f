// Adds up what was touched, some keys at a time, each time in a transaction of its own.
import { getTableColumns, sql } from 'drizzle-orm';
import { ownName, schemas } from '../../schema-names.js';
import { AS_IT_IS } from '../connection/requalify.js';
import type { Db, Executor } from '../database.js';
import { carrierPerformance } from './carrier-performance.js';
import { orderFulfilment } from './order-fulfilment.js';
import type { Rollup } from './rollup.js';
import { skuSales } from './sku-sales.js';

export const rollups: readonly Rollup[] = [orderFulfilment, carrierPerformance, skuSales];

/** Keys per transaction: a day or a week stands for many rows, an order for few. */
const batchOf = ({ key }: Rollup): number => (key.includes('order_id') ? 20_000 : 60);
/** Where the keys stand in the text of a count. */
const KEYS = '{keys}';
/** Any number that nobody else uses, and one more for each rollup. */
const LOCK = 4_810_290;

/** @returns keys that were added up; 0 when another process is at it */
export async function sumUp(db: Db): Promise<number> {
  let total = 0;
  await analyzeNewTables(db);
  for (const [nth, rollup] of rollups.entries()) {
    for (let done = -1; done !== 0; total += done) {
      done = await db.transaction((tx) => sumUpSome(tx, rollup, LOCK + nth));
    }
  }
  return total;
}

/**
 * Of a table that has just been filled the planner knows nothing, and reads all of it for each key. PostgreSQL looks at
 * new tables within a minute, which is later than the end of a first run.
 */
async function analyzeNewTables(db: Db): Promise<void> {
  const tables = await db.execute<{ name: string }>(sql`
    select c.oid::regclass::text as name from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${schemas.hive} and c.relname in ('orders', 'order_items', 'shipments')
      and pg_relation_size(c.oid) > 1000000
      and not exists (select from pg_stats s where s.schemaname = n.nspname and s.tablename = c.relname)`);
  for (const { name } of tables) await db.execute(sql.raw(`${AS_IT_IS}analyze ${name}`));
}

/**
 * The keys are taken away first and counted after that, in statements of their own: what is committed between them is
 * counted already and its key stands there again, which does no harm. The other way round it would be lost.
 */
async function sumUpSome(tx: Executor, rollup: Rollup, lock: number): Promise<number> {
  const { key, columns } = rollup;
  const [sums, touched] = rollup.tables;
  // Of each installation in the database another one.
  const own = ownName('');
  const [free] = await tx.execute<{ locked: boolean }>(sql`
    select pg_try_advisory_xact_lock(${lock}::int8
      + case when ${own} = '' then 0 else hashtextextended(${own}, 0) >> 8 end) as locked`);
  if (free?.locked !== true) return 0;
  const list = sql.raw(key.join(', '));
  const taken = await tx.execute<Record<string, unknown>>(sql`
    with gone as (
      delete from ${touched} where (${list}) in (select distinct ${list} from ${touched} limit ${batchOf(rollup)})
      returning ${list})
    select distinct ${list} from gone`);
  if (taken.length === 0) return 0;
  const all = getTableColumns(sums);
  const types = key.map((column) => `${column} ${all[column]?.getSQLType()}`);
  const keys = sql`(select * from jsonb_to_recordset(${JSON.stringify(taken)}::text::jsonb) as k(${sql.raw(types.join(', '))}))`;
  await tx.execute(sql`delete from ${sums} where (${list}) in ${keys}`);
  const [before = '', after = ''] = rollup.count(KEYS).split(KEYS);
  await tx.execute(sql`
    insert into ${sums} (${sql.raw(Object.keys(columns).join(', '))}) ${sql.raw(before)}${keys}${sql.raw(after)}`);
  return taken.length;
}
