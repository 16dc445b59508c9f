// What a run has lost is counted over its records, each once, by its newest read.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { collections } from '../../src/collections/index.js';
import { orders } from '../../src/collections/orders.js';
import { grantAccess } from '../../src/db/access.js';
import { addLookups, finishLookup, waitingLookups } from '../../src/db/lookups.js';
import { countLosses, readLosses, readRunLosses } from '../../src/db/losses.js';
import { recordDrift } from '../../src/db/schema-drift.js';
import { upsertRecords } from '../../src/db/upsert.js';
import { lossesOf } from '../../src/sync/records/losses.js';
import { isLarge, lossesInWords } from '../../src/sync/runs/run-losses.js';
import { parsed } from '../support/collections.js';
import { openTestDatabase } from '../support/database.js';
import fc from '../support/property.js';
import { ledgerOf } from './ledger-parts.js';

const database = await openTestDatabase();
const { db } = database;
const { newRun, enter } = ledgerOf(database);
const at = (n: number) => new Date(Date.UTC(2026, 10, 1) + n);
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

test('pages that are read again, and parts of a list that overlap, count once, as they were read last', async () => {
  const { run, windows } = await newRun([{}, { kind: 'chosen' }, { collection: 'skus' }]);
  const [whole, chosen, other] = windows;
  if (whole === undefined || chosen === undefined || other === undefined) throw new Error('three windows');
  await enter(whole, 1, { ids: range(0, 20), losses: { price: 20, 'items[].price': 3 }, requested_at: at(1) });
  await enter(whole, 2, { ids: range(20, 40), losses: { price: 20 }, requested_at: at(2) });
  await enter(chosen, 1, { ids: range(10, 30), losses: { price: 20 }, requested_at: at(3) });
  await enter(other, 1, { ids: range(0, 5), requested_at: at(3) });
  const losses = () => readRunLosses(db, run.id);
  expect(await losses()).toEqual([
    { collection: 'orders', path: 'price', lost: 40, records: 40 },
    { collection: 'orders', path: 'items[].price', lost: 3, records: 40 },
  ]);
  // A second pass finds the first page mended; the API writes all others as before.
  await db.execute(sql`update sync.windows set pass = 2 where id = ${whole.id}`);
  await enter({ ...whole, pass: 2 }, 1, { ids: range(0, 20), requested_at: at(4) });
  expect(await losses()).toEqual([{ collection: 'orders', path: 'price', lost: 20, records: 40 }]);
  // One of the lost is read by itself and is well, and another one that no page has shown is not.
  await addLookups(db, run, { collection: 'orders', reason: 'open', priority: 1 }, [39, 77]);
  const [well, lost] = await waitingLookups(db, run.id, 2);
  if (well === undefined || lost === undefined) throw new Error('two lookups');
  await finishLookup(db, well, { state: 'done', outcome: 'written' });
  await finishLookup(db, lost, { state: 'done', outcome: 'unchanged', losses: { price: 1 } });
  expect(await losses()).toEqual([{ collection: 'orders', path: 'price', lost: 20, records: 41 }]);
});

test('a run that has lost nothing has no losses', async () => {
  const { run, windows } = await newRun([{}]);
  for (const window of windows) await enter(window, 1, { ids: [1, 2] });
  expect(await readRunLosses(db, run.id)).toEqual([]);
});

test('whatever the pages, no more is lost than was read, and all is lost where all of every page is', async () => {
  const page = fc.record({ first: fc.nat(30), n: fc.integer({ min: 1, max: 20 }), lost: fc.nat(20) });
  await fc.assert(
    fc.asyncProperty(fc.array(page, { minLength: 1, maxLength: 8 }), fc.boolean(), async (made, all) => {
      const { run, windows } = await newRun([{}, { kind: 'chosen' }]);
      for (const [i, { first, n, lost }] of made.entries()) {
        const window = windows[i % 2];
        if (window === undefined) continue;
        const losses = all ? { price: n } : { price: Math.min(lost, n) };
        await enter(window, i + 1, { ids: range(first, first + n), losses, requested_at: at(i) });
      }
      const read = new Set(made.flatMap(({ first, n }) => range(first, first + n)));
      const [loss] = await readRunLosses(db, run.id);
      expect(loss?.records).toBe(read.size);
      if (all) expect(loss?.lost).toBe(read.size);
      else expect(loss?.lost).toBeLessThanOrEqual(read.size);
    }),
    { numRuns: 60 },
  );
});

test('one of a hundred is said, more make a run incomplete; paths that are lost together are one sentence', () => {
  const loss = (path: string, lost: number, records: number) => ({ collection: 'orders', path, lost, records });
  expect([1, 2].map((lost) => isLarge(loss('a', lost, 100)))).toEqual([false, true]);
  expect(isLarge(loss('a', 1, 1))).toBe(true);
  expect(lossesInWords([loss('total_price_in_cents', 400, 400)])).toEqual([
    'orders: total_price_in_cents could not be read in 400 of 400 records; the last good values are kept',
  ]);
  expect(lossesInWords([...'abcdefgh'].map((path) => loss(path, 1_500, 2_000)).concat(loss('i', 3, 2_000)))).toEqual([
    'orders: a, b, c, d, e, f and 2 more could not be read in 1,500 of 2,000 records; the last good values are kept',
    'orders: i could not be read in 3 of 2,000 records; the last good values are kept',
  ]);
});

test('a path that is lost twice in one record counts once', () => {
  const records = [{ items: [{ sku_id: 'a' }, { sku_id: 'b' }] }, {}].map((changes) =>
    parsed(orders, { ...orders.example, ...changes }),
  );
  expect(lossesOf(records)).toEqual({ 'items[].sku_id': 1 });
  expect(lossesOf(records.slice(1))).toBeNull();
});

test('rows that hold older values are counted with their columns, without those that are deleted, and analysts see why', async () => {
  const store = async (id: number, changes: object) => {
    const record = parsed(orders, { ...orders.example, id, ...changes });
    await upsertRecords(db, orders, [record], {
      account: 'a',
      requestedAt: at(id).getTime(),
      source: 'page',
      runId: 1,
    });
    await recordDrift(db, 'a', 'orders', record.drift);
  };
  await store(1, {});
  expect(await readLosses(db, 'a', orders)).toEqual({ rows: 0, columns: [], since: null, lastAt: null });
  await store(2, { shipping_address: 'Kassaveti 69' });
  await store(3, { items: [{ sku_id: 'nine', colour: 'red' }] });
  await store(4, { total_price_in_cents: '1.00', total_tax_in_cents: '12' });
  await db.execute(sql`update hive.orders set _deleted_at = now() where account = 'a' and id = 4`);
  const losses = await readLosses(db, 'a', orders);
  expect(losses).toMatchObject({ rows: 2, since: at(2), lastAt: at(3) });
  expect(losses.columns).toEqual(expect.arrayContaining(['order_items.sku_id', 'shipping_city', 'shipping_line1']));
  expect(losses.columns).not.toContain('total_price_in_cents');
  expect(await countLosses(db, 'a', orders)).toBe(2);
  expect(await countLosses(db, 'b', orders)).toBe(0);
  const drift = await db.execute(sql`
    select path, kind, seen, is_lost_now, count from hive.schema_drift where account = 'a' order by path`);
  expect([...drift]).toEqual([
    { path: 'items[].colour', kind: 'unknown_field', seen: 'string', is_lost_now: false, count: 1 },
    { path: 'items[].sku_id', kind: 'loss', seen: 'string', is_lost_now: true, count: 1 },
    { path: 'shipping_address', kind: 'loss', seen: 'string', is_lost_now: true, count: 1 },
    { path: 'total_price_in_cents', kind: 'loss', seen: 'string', is_lost_now: false, count: 1 },
    { path: 'total_tax_in_cents', kind: 'type', seen: 'string', is_lost_now: false, count: 1 },
  ]);
});

test('every place at which a field may stand is known to the view, so what is lost there is found', async () => {
  for (const collection of collections) {
    const broken = Object.fromEntries(
      Object.entries(collection.example).map(([key, value]) => [
        key,
        key === 'id'
          ? value
          : Array.isArray(value) && value.every((one) => typeof one === 'object')
            ? value
            : { odd: { odd: 1 } },
      ]),
    );
    const record = parsed(collection, broken);
    const account = `places ${collection.name}`;
    await upsertRecords(db, collection, [record], { account, requestedAt: at(0).getTime(), source: 'page', runId: 1 });
    await recordDrift(db, account, collection.name, record.drift);
    const missed = await db.execute(sql`
      select path from hive.schema_drift where account = ${account} and kind = 'loss' and not is_lost_now`);
    expect([...missed], collection.name).toEqual([]);
    expect(record.lost.length, collection.name).toBeGreaterThan(0);
  }
});

test('a role with masked data sees the whole view', async () => {
  const role = `masked_${Date.now()}`;
  await grantAccess(db, role, 'masked');
  try {
    const columns = await db.execute<{ n: string }>(sql`
      select attname as n from pg_attribute where attrelid = 'hive_masked.schema_drift'::regclass and attnum > 0`);
    expect(columns.map(({ n }) => n)).toEqual(
      expect.arrayContaining(['path', 'seen', 'expected', 'sample', 'is_lost_now']),
    );
  } finally {
    await db.execute(sql.raw(`drop owned by ${role}`));
    await db.execute(sql.raw(`drop role ${role}`));
  }
});
