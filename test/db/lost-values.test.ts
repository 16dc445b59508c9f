// Whatever form a field takes: a good value is never replaced by null, and every null that stands for a value that was
// given is named in _lost. What was given is looked up in the payload here, apart from the parser.
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { collections } from '../../src/collections/index.js';
import { orders } from '../../src/collections/orders.js';
import { skus } from '../../src/collections/skus.js';
import type { Fields } from '../../src/db/columns.js';
import type { Executor } from '../../src/db/database.js';
import type { Row } from '../../src/db/stored-record.js';
import { upsertRecords } from '../../src/db/upsert.js';
import type { Child, Collection } from '../../src/sync/collection.js';
import { canonicalJson } from '../../src/sync/records/content-hash.js';
import { parseRecord } from '../../src/sync/records/parse.js';
import { rederive } from '../../src/sync/records/rederive.js';
import { expectedOf, oddRecords, parsed, readStored, type Stored } from '../support/collections.js';
import { openTestDatabase } from '../support/database.js';
import fc from '../support/property.js';

const { db } = await openTestDatabase();
const T1 = Date.UTC(2026, 10, 1);
type Json = Record<string, unknown>;
const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Does the payload say anything for this column? An empty text says nothing, but where a text is meant. */
function isGiven(column: string, { kind, from = [column] }: Fields[string], object: Json): boolean {
  return from.some((path) => {
    let at: unknown = object;
    const keys = path.split('.');
    for (const [i, key] of keys.entries()) {
      if (at === undefined || at === null || at === '') return false;
      // Something stands where the object belongs: whatever was in it is not there.
      if (!isJson(at)) return true;
      at = at[key];
      if (i === keys.length - 1) return at !== undefined && at !== null && (at !== '' || kind === 'text');
    }
    return false;
  });
}

/** The objects of each child table, in the order of their positions. */
function partsOf(children: readonly Child[], object: Json, into: Map<string, Json[]> = new Map()): Map<string, Json[]> {
  for (const child of children) {
    const list = object[child.from] ?? [];
    for (const element of (Array.isArray(list) ? list : [list]) as Json[]) {
      into.set(child.table, [...(into.get(child.table) ?? []), element]);
      partsOf(child.children, element, into);
    }
  }
  return into;
}

const without = (row: Row, columns: readonly string[]) =>
  canonicalJson(Object.fromEntries(Object.entries(row).filter(([name]) => !columns.includes(name))));

async function readLost(tx: Executor, collection: Collection, account: string): Promise<readonly string[]> {
  const [row] = await tx.execute<{ lost: string[] | null }>(
    sql`select _lost as lost from ${collection.pgTable} where account = ${account}`,
  );
  return row?.lost ?? [];
}

/** @returns what has to be in `_lost` */
function expectNothingEmptied(
  collection: Collection,
  payload: Json,
  before: Stored | undefined,
  now: Stored,
): string[] {
  const named = new Set<string>();
  const check = (fields: Fields, object: Json, row: Row, good: Row | undefined, table: string) => {
    const fresh = parsedRow(collection, payload, table, row);
    const lost = Object.keys(fields).filter(
      (name) => fresh[name] === null && isGiven(name, fields[name] as Fields[string], object),
    );
    // A row of a part has no key: it must be the same in everything else.
    const keeps = good !== undefined && (table === '' || without(good, lost) === without(fresh, lost));
    for (const name of lost) {
      named.add(table === '' ? name : `${table}.${name}`);
      expect(row[name], `${table}.${name}`).toEqual(keeps ? good[name] : null);
    }
    expect(without(row, lost)).toBe(without(fresh, lost));
  };
  check(collection.fields, payload, now.row, before?.row, '');
  const parts = partsOf(collection.children, payload);
  for (const child of collection.allChildren) {
    for (const [i, row] of (now.children[child.table] ?? []).entries()) {
      const object = parts.get(child.table)?.[i] ?? {};
      check(child.fields, object, row, before?.children[child.table]?.[i], child.table);
    }
  }
  return [...named].sort();
}

/** What today's code makes of the payload, lost or not, in the form of readStored(). */
function parsedRow(collection: Collection, payload: Json, table: string, { position }: Row): Row {
  const { row, children } = expectedOf(collection, parsed(collection, payload));
  return table === '' ? row : (children[table]?.find((one) => one.position === position) ?? {});
}

/** A version of record 1 with odd values in it that is not refused. */
const versions = (collection: Collection) =>
  oddRecords(collection)
    // Once as it is stored: NUL and the like are written as escapes.
    .map((odd) => parseRecord(collection, { ...(odd as Json), id: 1 }))
    .filter((result) => result.ok)
    .map((result) => (result.ok ? (result.record.raw as Json) : {}));

describe.each(collections)('$name', (collection) => {
  test('no form of a value empties a good one, and what was given and is null is named; rederive finds nothing to do', async () => {
    const sources = fc.constantFrom('page' as const, 'record' as const, 'webhook' as const);
    const history = fc.array(fc.record({ payload: versions(collection), source: sources }), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(fc.boolean(), history, async (beginsWell, odd) => {
        await db
          .transaction(async (tx) => {
            const good = { payload: { ...collection.example, id: 1 } as Json, source: 'page' as const };
            let before: Stored | undefined;
            for (const [i, { payload, source }] of [...(beginsWell ? [good] : []), ...odd, good].entries()) {
              const record = parsed(collection, payload);
              const sums = await upsertRecords(tx, collection, [record], {
                account: 'lost',
                requestedAt: T1 + i,
                source,
                runId: 1,
              });
              if (sums.unchanged === 1) continue;
              const now = (await readStored(tx, collection, 'lost')).get(1);
              if (now === undefined) throw new Error('the row is gone');
              expect(await readLost(tx, collection, 'lost')).toEqual(
                expectNothingEmptied(collection, payload, before, now),
              );
              for await (const rederived of rederive(tx as typeof db, collection))
                expect(rederived).toMatchObject({ changed: 0 });
              before = now;
            }
            expect(before).toEqual(expectedOf(collection, parsed(collection, good.payload)));
            expect(await readLost(tx, collection, 'lost')).toEqual([]);
            throw new RolledBack();
          })
          .catch((error: unknown) => {
            if (!(error instanceof RolledBack)) throw error;
          });
      }),
      { numRuns: process.env.SOAK === undefined ? 25 : 400 },
    );
  });
});

class RolledBack extends Error {}

const from = (requestedAt: number, account: string) => ({ account, requestedAt, source: 'page', runId: 1 }) as const;
const order = (changes: object) => parsed(orders, { ...orders.example, id: 1, ...changes });

test('integers up to 2^63 - 1 are in their column to the last digit', async () => {
  const most = { total_price_in_cents: '9223372036854775807', total_tax_in_cents: '-9223372036854775808' };
  await upsertRecords(db, orders, [order({ ...most, items: [{ sku_id: '9007199254740993' }] })], from(T1, 'large'));
  const [row] = await db.execute(sql`
    select total_price_in_cents::text as price, total_tax_in_cents::text as tax, _lost,
      (select sku_id::text from hive.order_items where account = 'large') as sku from hive.orders where account = 'large'`);
  expect(row).toEqual({
    price: most.total_price_in_cents,
    tax: most.total_tax_in_cents,
    sku: '9007199254740993',
    _lost: null,
  });
  // And they are kept as exactly.
  const lost = order({ total_price_in_cents: '1.00', items: [{ sku_id: 'a' }] });
  await upsertRecords(db, orders, [lost], from(T1 + 1, 'large'));
  const [kept] = await db.execute(sql`
    select total_price_in_cents::text as price, _lost,
      (select sku_id::text from hive.order_items where account = 'large') as sku from hive.orders where account = 'large'`);
  expect(kept).toEqual({
    ...{ price: most.total_price_in_cents, sku: '9007199254740993' },
    _lost: ['order_items.sku_id', 'total_price_in_cents'],
  });
});

test('a lost status is no change of it', async () => {
  await upsertRecords(db, orders, [order({ status: 'fulfilled' })], from(T1, 'status'));
  await upsertRecords(db, orders, [order({ status: ['fulfilled'] })], from(T1 + 1, 'status'));
  await upsertRecords(db, orders, [order({ status: 'fulfilled', tags: [] })], from(T1 + 2, 'status'));
  expect([...(await db.execute(sql`select field from hive.status_changes where account = 'status'`))]).toEqual([]);
});

test('a row that comes back from the dead keeps what it had', async () => {
  await upsertRecords(db, orders, [order({})], from(T1, 'dead'));
  await db.execute(sql`update hive.orders set _deleted_at = ${new Date(T1 + 1).toISOString()} where account = 'dead'`);
  await upsertRecords(db, orders, [order({ total_price_in_cents: '9.99' })], from(T1 + 2, 'dead'));
  const [row] = await db.execute(
    sql`select total_price_in_cents as price, _lost, _deleted_at from hive.orders where account = 'dead'`,
  );
  expect(row).toEqual({
    price: orders.example.total_price_in_cents,
    _lost: ['total_price_in_cents'],
    _deleted_at: null,
  });
});

describe('the stock of each day', () => {
  const stock = (warehouses: object[], at: string, account: string) =>
    upsertRecords(
      db,
      skus,
      [parsed(skus, { ...skus.example, id: 9, inventory_per_warehouse: warehouses })],
      from(Date.parse(at), account),
    );
  const days = async (account: string) =>
    (
      await db.execute<{ line: string }>(sql`
        select concat_ws(' ', warehouse_id, day, stocked, reserved, coalesce(total::text, 'none')) as line
        from hive.inventory_daily where account = ${account} order by warehouse_id, day`)
    ).map(({ line }) => line);

  test('a stock that cannot be read writes no day, and one of which a part can be read keeps the rest', async () => {
    await stock([{ warehouse_id: 22, stocked: 9, reserved: 1, total: 10 }], '2026-11-01T08:00:00Z', 'days');
    await stock([{ warehouse_id: 22, stocked: '9.0', reserved: '1.0', total: '10.0' }], '2026-11-02T08:00:00Z', 'days');
    expect(await days('days')).toEqual(['22 2026-11-01 9 1 10']);
    await stock([{ warehouse_id: 22, stocked: 8, reserved: 1, total: '9.0' }], '2026-11-03T08:00:00Z', 'days');
    expect(await days('days')).toEqual(['22 2026-11-01 9 1 10', '22 2026-11-03 8 1 10']);
    await stock([{ warehouse_id: 22, stocked: 8, reserved: 1, total: 9 }], '2026-11-04T08:00:00Z', 'days');
    expect(await days('days')).toEqual(['22 2026-11-01 9 1 10', '22 2026-11-03 8 1 10', '22 2026-11-04 8 1 9']);
  });

  test('a warehouse whose id cannot be read is not one that is not listed any more', async () => {
    await stock([{ warehouse_id: 22, stocked: 9, reserved: 1, total: 10 }], '2026-11-01T08:00:00Z', 'names');
    await stock([{ warehouse_id: '22.0', stocked: 8, reserved: 1, total: 9 }], '2026-11-02T08:00:00Z', 'names');
    expect(await days('names')).toEqual(['22 2026-11-01 9 1 10']);
    await stock([{ warehouse_id: 65, stocked: '1.0', reserved: '1.0', total: '1.0' }], '2026-11-03T08:00:00Z', 'new');
    expect(await days('new')).toEqual([]);
  });
});
