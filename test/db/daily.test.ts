import { sql } from 'drizzle-orm';
import { beforeEach, expect, test } from 'vitest';
import { skus } from '../../src/collections/skus.js';
import { readInstallation, setTimezone } from '../../src/db/installation.js';
import { upsertRecords } from '../../src/db/upsert.js';
import { rederive } from '../../src/sync/records/rederive.js';
import { parsed } from '../support/collections.js';
import { openTestDatabase } from '../support/database.js';
import fc from '../support/property.js';

const { db } = await openTestDatabase();
beforeEach(async () => {
  await db.execute(
    sql`truncate hive.skus, hive.sku_inventory, hive.sku_batches, hive.sku_batch_quantities, hive.inventory_daily`,
  );
  await setTimezone(db, 'UTC');
});

type Stock = Readonly<Record<number, number>>;
const sku = (stock: Stock, more: object = {}, id = 9) =>
  parsed(skus, {
    ...{ ...skus.example, id, ...more },
    inventory_per_warehouse: Object.entries(stock).map(([warehouse, total]) => ({
      ...{ warehouse_id: Number(warehouse), stocked: total - 1, reserved: 2, total },
    })),
  });
const read = (at: string, stock: Stock, more: object = {}) =>
  upsertRecords(db, skus, [sku(stock, more)], {
    ...{ account: 'a', requestedAt: Date.parse(at), source: 'page', runId: 1 },
  });
const kept = async () =>
  (
    await db.execute<{ line: string }>(sql`
      select concat_ws(' ', warehouse_id, day, coalesce(total::text, 'none')) as line from hive.inventory_daily
      where account = 'a' order by warehouse_id, day`)
  ).map(({ line }) => line);

test('the last stock of each day is kept, per warehouse, on days on which it changed', async () => {
  await read('2026-11-01T08:00:00Z', { 22: 10, 65: 5 });
  await read('2026-11-01T09:00:00Z', { 22: 9, 65: 5 });
  await read('2026-11-01T23:59:59.999Z', { 22: 8, 65: 5 });
  await read('2026-11-02T00:00:00Z', { 22: 7, 65: 5 });
  await read('2026-11-04T12:00:00Z', { 22: 7, 65: 4 });
  expect(await kept()).toEqual(['22 2026-11-01 8', '22 2026-11-02 7', '65 2026-11-01 5', '65 2026-11-04 4']);
  expect([...(await db.execute(sql`select * from hive.inventory_daily where day = '2026-11-02'`))]).toEqual([
    { account: 'a', sku_id: 9, warehouse_id: 22, day: '2026-11-02', stocked: 6, reserved: 2, total: 7 },
  ]);
});

test('a SKU that changed in something else, and one that did not change, add nothing', async () => {
  await read('2026-11-01T08:00:00Z', { 22: 10 });
  await read('2026-11-02T08:00:00Z', { 22: 10 }, { name: 'another' });
  await read('2026-11-03T08:00:00Z', { 22: 10 }, { name: 'another' });
  expect(await kept()).toEqual(['22 2026-11-01 10']);
});

test('days begin in the time zone of the database', async () => {
  await setTimezone(db, 'Europe/Berlin');
  await read('2026-10-31T22:30:00Z', { 22: 10 });
  await read('2026-10-31T23:30:00Z', { 22: 9 });
  expect(await kept()).toEqual(['22 2026-10-31 10', '22 2026-11-01 9']);
});

test('a time zone further west does not put a later stock before an earlier one', async () => {
  await setTimezone(db, 'Asia/Tokyo');
  await read('2026-11-01T16:00:00Z', { 22: 10 });
  await setTimezone(db, 'America/New_York');
  await read('2026-11-01T17:00:00Z', { 22: 9 });
  expect(await kept()).toEqual(['22 2026-11-02 9']);
});

test('an older page adds nothing', async () => {
  await read('2026-11-02T08:00:00Z', { 22: 10 });
  await read('2026-11-01T08:00:00Z', { 22: 99 });
  expect(await kept()).toEqual(['22 2026-11-02 10']);
});

test('a warehouse that is not listed any more has nulls from then on, once, and comes back', async () => {
  await read('2026-11-01T08:00:00Z', { 22: 10, 65: 5 });
  await read('2026-11-02T08:00:00Z', { 22: 10 });
  await read('2026-11-03T08:00:00Z', { 22: 10 }, { name: 'another' });
  await read('2026-11-04T08:00:00Z', { 22: 10, 65: 5 });
  expect(await kept()).toEqual(['22 2026-11-01 10', '65 2026-11-01 5', '65 2026-11-02 none', '65 2026-11-04 5']);
});

test('of a warehouse that is listed twice, the later element counts', async () => {
  const stock = [10, 11].map((total) => ({ warehouse_id: 22, total }));
  const record = parsed(skus, {
    ...skus.example,
    inventory_per_warehouse: [...stock, { warehouse_id: null, total: 1 }],
  });
  const at = Date.parse('2026-11-01T08:00:00Z');
  await upsertRecords(db, skus, [record], { account: 'a', requestedAt: at, source: 'page', runId: 1 });
  expect(await kept()).toEqual(['22 2026-11-01 11']);
});

test('columns that are filled again from payloads write no days', async () => {
  await read('2026-11-01T08:00:00Z', { 22: 10 });
  await db.execute(sql`update hive.sku_inventory set total = 99`);
  for await (const sums of rederive(db, skus)) expect(sums.changed).toBe(1);
  expect(await kept()).toEqual(['22 2026-11-01 10']);
});

test('whatever is read when, the last row up to a day is what was read last up to then', async () => {
  const reads = fc.array(fc.record({ hour: fc.nat(72), total: fc.constantFrom(undefined, 1, 2, 3) }), {
    minLength: 1,
    maxLength: 8,
  });
  const start = Date.UTC(2026, 10, 1);
  await fc.assert(
    fc.asyncProperty(reads, async (history) => {
      await db.execute(
        sql`truncate hive.skus, hive.sku_inventory, hive.sku_batches, hive.sku_batch_quantities, hive.inventory_daily`,
      );
      const taken: { hour: number; total: number | undefined }[] = [];
      for (const one of history) {
        const at = new Date(start + one.hour * 3_600_000).toISOString();
        // Every version is another: one that does not change leaves no trace of when it was read.
        await read(at, one.total === undefined ? {} : { 22: one.total }, { name: `v${one.hour}` });
        if (one.hour >= (taken.at(-1)?.hour ?? 0)) taken.push(one);
      }
      for (let day = 0; day < 4; day++) {
        const last = taken.filter(({ hour }) => hour < (day + 1) * 24).at(-1);
        const [row] = await db.execute<{ total: number | null }>(sql`
          select total from hive.inventory_daily where day <= ${new Date(start + day * 86_400_000).toISOString()}::date
          order by day desc limit 1`);
        expect(row?.total ?? undefined).toBe(last?.total);
      }
    }),
    { numRuns: 100 },
  );
});

test('a time zone that PostgreSQL does not know is refused, and the one before stays', async () => {
  await setTimezone(db, 'Europe/Berlin');
  await expect(setTimezone(db, 'Mars/Olympus')).rejects.toThrow('SYNC_TIMEZONE is "Mars/Olympus"');
  expect(await readInstallation(db)).toMatchObject({ timezone: 'Europe/Berlin' });
});
