// Promise: the stock of every day, with the days between two changes filled in, as long as Hive lists it.
import { sql } from 'drizzle-orm';
import { beforeEach, expect, test } from 'vitest';
import { setTimezone } from '../../src/db/installation.js';
import { openTestDatabase } from '../support/database.js';

const { db } = await openTestDatabase();
beforeEach(async () => {
  await setTimezone(db, 'UTC');
  await db.execute(sql`truncate hive.skus, hive.inventory_daily`);
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

test('a SKU that is gone at Hive has stock up to the day on which that was seen, and again when it comes back', async () => {
  await db.execute(sql`
    insert into hive.skus (account, id, _first_seen_at, _fetched_at, _changed_at, _deleted_at, _source, _content_hash, _raw)
    values ('a', 1, now(), now(), now(), '2026-03-03 23:30Z', 'page', 'x', '{}')`);
  await keep(1, 22, '2026-03-01', 10);
  expect(await days('2026-03-09')).toEqual(['1 22 03-01 10 seen', '1 22 03-02 10', '1 22 03-03 10']);
  await setTimezone(db, 'Europe/Berlin');
  expect(await days('2026-03-09')).toHaveLength(4);
  await db.execute(sql`update hive.skus set _deleted_at = null`);
  expect(await days('2026-03-09')).toHaveLength(9);
});
