// Promise: the stock of every day, with the days between two changes filled in, as long as Hive lists it.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { sql } from 'drizzle-orm';
import { beforeEach, expect, test } from 'vitest';
import { skus } from '../../src/collections/skus.js';
import { setTimezone } from '../../src/db/installation.js';
import { upsertRecords } from '../../src/db/upsert.js';
import { setTombstone } from '../../src/sync/reading/tombstones.js';
import { parsed } from '../support/collections.js';
import { openTestDatabase } from '../support/database.js';

const { db } = await openTestDatabase();
beforeEach(async () => {
  await setTimezone(db, 'UTC');
  await db.execute(sql`truncate hive.skus, hive.sku_inventory, hive.inventory_daily, hive.status_changes`);
});

const keep = (skuId: number, warehouseId: number, day: string, total: number | null) =>
  db.execute(sql`
    insert into hive.inventory_daily (account, sku_id, warehouse_id, day, stocked, reserved, total)
    values ('a', ${skuId}, ${warehouseId}, ${day}, ${total}, ${total}, ${total})`);
const days = async (until: string) =>
  (
    await db.execute<{ line: string }>(sql`
      select concat_ws(' ', sku_id, warehouse_id, to_char(day, 'MM-DD'), total, case when is_observed then 'seen' end) as line
      from hive.inventory_by_day where day <= ${until} order by sku_id, warehouse_id, day`)
  ).map(({ line }) => line);

test('days without a change have the stock of the day before, and none while the warehouse was not listed', async () => {
  await keep(1, 22, '2026-03-01', 10);
  await keep(1, 22, '2026-03-03', 0);
  await keep(1, 65, '2026-03-02', 5);
  await keep(1, 65, '2026-03-03', null);
  await keep(1, 65, '2026-03-05', 4);
  expect(await days('2026-03-05')).toEqual([
    ...['1 22 03-01 10 seen', '1 22 03-02 10', '1 22 03-03 0 seen', '1 22 03-04 0', '1 22 03-05 0'],
    ...['1 65 03-02 5 seen', '1 65 03-05 4 seen'],
  ]);
});

test('the last day is today in SYNC_TIMEZONE, with the last stock', async () => {
  await keep(1, 22, '2026-03-01', 10);
  for (const zone of ['Pacific/Kiritimati', 'Etc/GMT+12']) {
    await setTimezone(db, zone);
    const [row] = await db.execute(sql`
      select max(day) = (now() at time zone ${zone})::date as is_today, bool_and(total = 10) as is_same from hive.inventory_by_day`);
    expect(row, zone).toEqual({ is_today: true, is_same: true });
  }
});

test('a SKU that is gone at Hive has no stock from the day on which that was seen, and its return changes no day before', async () => {
  const read = (at: string) =>
    upsertRecords(
      db,
      skus,
      [parsed(skus, { id: 1, inventory_per_warehouse: [{ warehouse_id: 22, stocked: 10, reserved: 10, total: 10 }] })],
      { account: 'a', requestedAt: Date.parse(at), source: 'page', runId: 1 },
    );
  await setTimezone(db, 'Europe/Berlin');
  await read('2026-03-01T12:00:00Z');
  await db.transaction((tx) =>
    setTombstone(tx, skus, { account: 'a', recordId: 1, requestedAt: Date.parse('2026-03-03T23:30:00Z'), runId: 1 }),
  );
  const gone = ['1 22 03-01 10 seen', '1 22 03-02 10', '1 22 03-03 10'];
  expect(await days('2026-03-09')).toEqual(gone);
  await read('2026-03-07T12:00:00Z');
  expect(await days('2026-03-09')).toEqual([...gone, '1 22 03-07 10 seen', '1 22 03-08 10', '1 22 03-09 10']);
});

test('a SKU that is gone and back on one day has stock at its end', async () => {
  const record = parsed(skus, { id: 1, inventory_per_warehouse: [{ warehouse_id: 22, total: 10 }] });
  const read = (at: string) =>
    upsertRecords(db, skus, [record], { account: 'a', requestedAt: Date.parse(at), source: 'page', runId: 1 });
  await read('2026-03-01T12:00:00Z');
  await setTombstone(db, skus, {
    account: 'a',
    recordId: 1,
    requestedAt: Date.parse('2026-03-02T08:00:00Z'),
    runId: 1,
  });
  await read('2026-03-02T09:00:00Z');
  expect(await days('2026-03-03')).toEqual(['1 22 03-01 10 seen', '1 22 03-02 10 seen', '1 22 03-03 10']);
});

/** As it stands in the migration that brought it. */
const migrations = path.resolve(import.meta.dirname, '../../migrations');
const mending = readdirSync(migrations)
  .filter((name) => name.endsWith('.sql'))
  .flatMap((name) => readFileSync(path.join(migrations, name), 'utf8').split('--> statement-breakpoint'))
  .find((statement) => statement.includes('WITH gone AS'));

test('an upgrade gives SKUs that are gone, or came back, the days that they had then', async () => {
  await setTimezone(db, 'UTC');
  const changed = (sku: number, at: string, value: string | null) =>
    db.execute(sql`
      insert into hive.status_changes (account, collection, record_id, field, new, observed_at, source)
      values ('a', 'skus', ${sku}, '_deleted_at', ${value}, ${at}, 'record')`);
  // SKU 1 is gone; 2 came back as it was, 3 with another stock, 4 on the same day; 5 is gone for the second time.
  for (const sku of [1, 2, 3, 4, 5]) {
    await keep(sku, 22, '2026-03-01', 10);
    await changed(sku, '2026-03-03T10:00:00Z', '2026-03-03T10:00:00.000Z');
  }
  for (const sku of [2, 3, 5]) await changed(sku, '2026-03-05T10:00:00Z', null);
  await changed(4, '2026-03-03T20:00:00Z', null);
  await keep(3, 22, '2026-03-05', 7);
  await changed(5, '2026-03-06T10:00:00Z', '2026-03-06T10:00:00.000Z');
  for (const [sku, at] of [
    [1, '2026-03-03T10:00:00Z'],
    [5, '2026-03-06T10:00:00Z'],
  ])
    await db.execute(sql`
      insert into hive.skus (account, id, _first_seen_at, _fetched_at, _changed_at, _deleted_at, _source, _content_hash, _raw)
      values ('a', ${sku}, now(), now(), now(), ${at}, 'page', 'x', '{}')`);
  await db.execute(sql.raw(mending ?? ''));
  const shown = await days('2026-03-07');
  const of = (sku: number) =>
    shown.filter((line) => line.startsWith(`${sku} `)).map((line) => line.split(' ').slice(2, 4).join(' '));
  const before = ['03-01 10', '03-02 10'];
  expect(of(1)).toEqual(before);
  expect(of(2)).toEqual([...before, '03-05 10', '03-06 10', '03-07 10']);
  expect(of(3)).toEqual([...before, '03-05 7', '03-06 7', '03-07 7']);
  expect(of(4)).toEqual([...before, '03-03 10', '03-04 10', '03-05 10', '03-06 10', '03-07 10']);
  expect(of(5)).toEqual([...before, '03-05 10']);
});
