// What the tables must hold for given records of the API, told a second time and in another way than in src/, so that
// a mistake there is not repeated here: nested objects become prefixed columns, arrays of objects become tables.
import type { Simulator } from '../../src/simulator/index.js';

type Json = Record<string, unknown>;
export type TableRows = Record<string, Json[]>;

interface Shape {
  /** Nested object → prefix of its columns. */
  readonly flat?: Readonly<Record<string, string>>;
  /** Array of objects → table, and the same for arrays inside it. */
  readonly lists?: Readonly<Record<string, { table: string; link?: string; lists?: Shape['lists'] }>>;
  /** Array of objects → array of the texts under this key. */
  readonly texts?: Readonly<Record<string, string>>;
  readonly key: string;
}

export const shapes: Readonly<Record<Parameters<Simulator['truth']>[0], Shape>> = {
  warehouses: { key: 'warehouse_id' },
  skus: {
    key: 'sku_id',
    flat: { inventory: 'inventory' },
    lists: {
      inventory_per_warehouse: { table: 'sku_inventory' },
      inventory_batches: {
        table: 'sku_batches',
        lists: { stocked_quantities: { table: 'sku_batch_quantities', link: 'batch_position' } },
      },
    },
  },
  orders: { key: 'order_id', flat: { shipping_address: 'shipping' }, lists: { items: { table: 'order_items' } } },
  shipments: {
    key: 'shipment_id',
    texts: { serial_numbers: 'serial_number' },
    lists: {
      items: {
        table: 'shipment_items',
        lists: { batches: { table: 'shipment_item_batches', link: 'item_position' } },
      },
    },
  },
  returns: {
    key: 'return_id',
    flat: { order: 'order' },
    lists: {
      photos: { table: 'return_photos' },
      return_items: { table: 'return_items' },
      return_line_items: { table: 'return_line_items' },
    },
  },
  restocking_shipments: {
    key: 'restocking_shipment_id',
    lists: {
      restocking_shipment_items: {
        table: 'restocking_shipment_items',
        lists: { inventory_batches: { table: 'restocking_shipment_item_batches', link: 'item_position' } },
      },
    },
  },
};

export function expectedRows(collection: keyof typeof shapes, records: Iterable<unknown>): TableRows {
  const shape = shapes[collection];
  const tables: TableRows = { [collection]: [] };
  for (const record of records as Iterable<Json>) {
    tables[collection]?.push(columns(record, shape));
    parts(record, shape.lists, { [shape.key]: record.id }, shape, tables, {});
  }
  return tables;
}

/** Rows for the lists of an object. Positions run over the whole record, so the counters live as long as the record. */
function parts(
  object: Json,
  lists: Shape['lists'],
  owner: Json,
  shape: Shape,
  tables: TableRows,
  counters: Record<string, number>,
): void {
  for (const [key, { table, lists: inner }] of Object.entries(lists ?? {})) {
    tables[table] ??= [];
    for (const element of (object[key] ?? []) as Json[]) {
      const position = (counters[table] ?? 0) + 1;
      counters[table] = position;
      tables[table]?.push({ ...owner, position, ...columns(element, { ...shape, lists: inner ?? {} }) });
      for (const [innerKey, list] of Object.entries(inner ?? {})) {
        const link = list.link === undefined ? {} : { [list.link]: position };
        parts(element, { [innerKey]: list }, { ...owner, ...link }, shape, tables, counters);
      }
    }
  }
}

function columns(object: Json, { flat, lists, texts }: Omit<Shape, 'key'>): Json {
  const row: Json = {};
  for (const [key, value] of Object.entries(object)) {
    const prefix = flat?.[key];
    const text = texts?.[key];
    if (lists?.[key] !== undefined) continue;
    if (prefix !== undefined) {
      for (const [inner, innerValue] of Object.entries((value ?? {}) as Json)) row[`${prefix}_${inner}`] = innerValue;
    } else if (text !== undefined) row[key] = (value as Json[] | null)?.map((element) => element[text]) ?? null;
    else row[key] = value;
  }
  return row;
}
