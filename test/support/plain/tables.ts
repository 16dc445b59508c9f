// The tables as plain rows, all of one instant: what the views are compared with is made of these and of nothing else.
import { sql } from 'drizzle-orm';
import type { Executor } from '../../../src/db/database.js';

type Id = number | null;
type Words = string | null;
/** Epoch milliseconds. */
type Instant = number | null;

export interface Of {
  readonly account: string;
}
export interface Kept extends Of {
  readonly id: number;
  readonly _deleted_at: Instant;
}
export interface Part extends Of {
  readonly position: number;
}
export interface Goods extends Of {
  readonly sku_id: Id;
  readonly merchant_sku_id: Words;
}

export interface Sku extends Kept {
  readonly merchant_sku_id: Words;
  readonly name: Words;
  readonly status: Words;
}
export interface Stock {
  readonly stocked: number | null;
  readonly reserved: number | null;
  readonly total: number | null;
}
export interface Shipment extends Kept {
  readonly order_id: Id;
  readonly status: Words;
  readonly shipped_at: Instant;
  readonly delivered_at: Instant;
  readonly shipment_provider: Words;
  readonly delivery_status: Words;
}
export interface ReturnPart extends Part, Goods {
  readonly return_id: number;
  readonly id: Id;
  readonly quantity: number | null;
}

export interface Tables {
  readonly warehouses: readonly (Kept & { readonly name: Words })[];
  readonly skus: readonly Sku[];
  readonly sku_inventory: readonly (Part & Stock & { readonly sku_id: number; readonly warehouse_id: Id })[];
  readonly sku_batches: readonly (Part & { readonly sku_id: number; readonly id: Id; readonly expiry_date: Words })[];
  readonly sku_batch_quantities: readonly (Part & {
    readonly sku_id: number;
    readonly batch_position: number;
    readonly warehouse_id: Id;
    readonly quantity: number | null;
  })[];
  readonly inventory_daily: readonly (Of &
    Stock & { readonly sku_id: number; readonly warehouse_id: number; readonly day: string })[];
  readonly orders: readonly (Kept & {
    readonly merchant_order_id: Words;
    readonly status: Words;
    readonly created_at: Instant;
    readonly currency: Words;
    readonly total_net_revenue_in_cents: number | null;
    readonly total_tax_in_cents: number | null;
  })[];
  readonly order_items: readonly (Part &
    Goods & {
      readonly order_id: number;
      readonly quantity: number | null;
      readonly price_per_unit_in_cents: number | null;
      readonly price_per_unit_in_cents_with_discount: number | null;
    })[];
  readonly shipments: readonly Shipment[];
  readonly returns: readonly (Kept & { readonly return_reason: Words })[];
  readonly return_items: readonly (ReturnPart & { readonly customer_return_reason: Words })[];
  readonly return_line_items: readonly (ReturnPart & { readonly return_item_id: Id })[];
  readonly restocking_shipments: readonly (Kept & {
    readonly warehouse_id: Id;
    readonly status: Words;
    readonly estimated_arrival_date: Words;
    readonly supplier_name: Words;
  })[];
  readonly restocking_shipment_items: readonly (Part &
    Goods & {
      readonly restocking_shipment_id: number;
      readonly id: Id;
      readonly announced_quantity: number | null;
      readonly arrived_quantity: number | null;
      readonly damaged_quantity: number | null;
      readonly missing_quantity: number | null;
    })[];
}

/** Everything that a view may look at. */
export interface World extends Tables {
  readonly timezone: string;
  /** Epoch milliseconds of the database's clock. */
  readonly now: number;
}

const tables = [
  ...['warehouses', 'skus', 'sku_inventory', 'sku_batches', 'sku_batch_quantities', 'inventory_daily'],
  ...['orders', 'order_items', 'shipments', 'returns', 'return_items', 'return_line_items'],
  ...['restocking_shipments', 'restocking_shipment_items'],
];
const INSTANTS = new Set(['created_at', 'shipped_at', 'delivered_at', '_deleted_at']);

const plain = (row: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      INSTANTS.has(name) && typeof value === 'string' ? Date.parse(value) : value,
    ]),
  );

/** @param tx a transaction that sees one instant */
export async function readWorld(tx: Executor): Promise<World> {
  const world: Record<string, unknown> = {};
  for (const table of tables) {
    const rows = await tx.execute<{ row: Record<string, unknown> }>(
      sql`select to_jsonb(t) - '_raw' as row from ${sql.identifier('hive')}.${sql.identifier(table)} t`,
    );
    world[table] = rows.map(({ row }) => plain(row));
  }
  const [clock] = await tx.execute<{ timezone: string; now: number }>(
    sql`select timezone, (extract(epoch from now()) * 1000)::float8 as now from sync.installation`,
  );
  return { ...world, timezone: clock?.timezone, now: clock?.now } as unknown as World;
}

/** Of those that are the same part, the one that is listed last: the later element counts. */
export function lastOfEach<T extends Part>(parts: readonly T[], isSame: (a: T, b: T) => boolean): T[] {
  return parts.filter((part) => !parts.some((other) => other.position > part.position && isSame(part, other)));
}
