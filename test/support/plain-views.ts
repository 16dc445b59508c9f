// What every view is to say, counted apart from its SQL: in TypeScript, from the views' comments, over the rows of the
// tables. A view and its tables are read in one transaction that sees one instant, so it holds whoever writes meanwhile.
import { sql } from 'drizzle-orm';
import { expect } from 'vitest';
import type { Db, Executor } from '../../src/db/database.js';
import { relations } from '../../src/docs/relations.js';
import { carrierPerformance, orderFulfilment, skuSales } from './plain/orders.js';
import { returnRates } from './plain/returns.js';
import {
  changesKept,
  inventoryByDay,
  inventoryByWarehouse,
  restockingAccuracy,
  type StockChange,
} from './plain/stock.js';
import { readWorld, type World } from './plain/tables.js';

/** `freshness` is about the ledger, which no world has yet: its place is here. */
const plainViews = {
  order_fulfilment: orderFulfilment,
  carrier_performance: carrierPerformance,
  sku_sales: skuSales,
  return_rates: returnRates,
  inventory_by_warehouse: inventoryByWarehouse,
  inventory_by_day: (world: World) => inventoryByDay(world, changesKept(world)),
  restocking_accuracy: restockingAccuracy,
};

export const plainViewNames: readonly string[] = Object.keys(plainViews);

export interface Look {
  /** Default: all of them. */
  readonly views?: readonly string[];
  /** What was seen of the stock by those who know; default: what hive.inventory_daily says. */
  readonly changes?: readonly StockChange[];
}

/** @returns rows that were compared */
export function expectPlainTruth(db: Db, { views = plainViewNames, changes }: Look = {}): Promise<number> {
  const look = { isolationLevel: 'repeatable read', accessMode: 'read only' } as const;
  return db.transaction(async (tx) => {
    const world = await readWorld(tx);
    const [said, plain]: [Record<string, string[]>, Record<string, string[]>] = [{}, {}];
    for (const [name, count] of Object.entries(plainViews)) {
      if (!views.includes(name)) continue;
      const rows = name === 'inventory_by_day' && changes ? inventoryByDay(world, changes) : count(world);
      said[name] = (await readView(tx, name)).sort();
      plain[name] = rows.map((row) => lineOf(name, row as Record<string, unknown>)).sort();
    }
    expect(said).toEqual(plain);
    return Object.values(said).reduce((sum, rows) => sum + rows.length, 0);
  }, look);
}

/** Types of a view's columns, by name. */
const typesOf = (view: string): ReadonlyMap<string, string> => {
  const found = relations.find(({ schema, name }) => schema === 'hive' && name === view);
  if (found === undefined) throw new Error(`no view hive.${view}`);
  return new Map(found.columns.map(({ name, type }) => [name, type]));
};

/** 64 bits and instants do not go through a number of JSON: both stand as texts, instants in epoch milliseconds. */
const isText = (type: string | undefined): boolean => type === 'bigint' || (type ?? '').startsWith('timestamp');

async function readView(tx: Executor, view: string): Promise<string[]> {
  const columns = [...typesOf(view)].map(([name, type]) => {
    if (type === 'bigint') return `${name}::text`;
    return isText(type) ? `(extract(epoch from ${name}) * 1000)::bigint::text as ${name}` : name;
  });
  const rows = await tx.execute<{ row: Record<string, unknown> }>(
    sql`select to_jsonb(v) as row from (select ${sql.raw(columns.join(', '))} from hive.${sql.raw(view)}) v`,
  );
  return rows.map(({ row }) => lineOf(view, row));
}

/** A row as one line, with the columns in the view's order. */
function lineOf(view: string, row: Record<string, unknown>): string {
  const types = typesOf(view);
  const missing = Object.keys(row).filter((name) => !types.has(name));
  if (missing.length > 0) throw new Error(`hive.${view} has no ${missing.join(', ')}`);
  const values = [...types].map(([name, type]) => {
    const value = row[name];
    return `${name}=${isText(type) && value !== null ? value : JSON.stringify(value)}`;
  });
  return values.join(' ');
}
