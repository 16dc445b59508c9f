// Promise: a view over a rollup is never behind, whatever was written, whether or not it was added up since.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/db/database.js';
import { setTimezone } from '../../src/db/installation.js';
import { rollups, sumUp } from '../../src/db/rollups/sum-up.js';
import { openTestDatabase } from '../support/database.js';
import fc from '../support/property.js';

const { db, url } = await openTestDatabase();

/** The view's own words for everything there could be a key of, without any sums. */
const keysOfAll: Readonly<Record<string, string>> = {
  order_fulfilment: '(select account, id as order_id from hive.orders)',
  sku_sales: `(select distinct account, (x.created_at at time zone timezone)::date as day
    from hive.orders x, sync.installation where x.created_at is not null)`,
  carrier_performance: `(select distinct account, date_trunc('week', shipped_at at time zone timezone)::date as week
    from hive.shipments, sync.installation where shipped_at is not null)`,
};

async function expectViewsToBeTrue(): Promise<void> {
  for (const { name, columns, count } of rollups) {
    const list = sql.raw(Object.keys(columns).join(', '));
    const counted = sql.raw(`(${count(keysOfAll[name] ?? '')}) as counted`);
    const [row] = await db.execute<{ wrong: unknown; rows: number }>(sql`
      select (select jsonb_agg(d) from (
          (select ${list} from hive.${sql.raw(name)} except all select ${list} from ${counted})
          union all (select ${list} from ${counted} except all select ${list} from hive.${sql.raw(name)})) d) as wrong,
        (select count(*) from ${counted}) as rows`);
    expect({ name, wrong: row?.wrong }).toEqual({ name, wrong: null });
  }
}

const stamp = sql.raw("now(), now(), now(), 'page', 'x', '{}'");
const stamps = sql.raw('_first_seen_at, _fetched_at, _changed_at, _source, _content_hash, _raw');
const days = fc.integer({ min: 0, max: 20 });
const hours = fc.integer({ min: 0, max: 23 });
const at = (day: number, hour: number) =>
  sql`'2026-03-20Z'::timestamptz + make_interval(days => ${day}::int, hours => ${hour}::int)`;

const order = fc.record({
  id: fc.integer({ min: 1, max: 12 }),
  day: days,
  hour: hours,
  status: fc.constantFrom('fulfilled', 'fulfillable', 'unfulfillable'),
});
const shipment = fc.record({
  id: fc.integer({ min: 1, max: 12 }),
  orderId: fc.integer({ min: 1, max: 14 }),
  day: days,
  hour: hours,
  carrier: fc.constantFrom('DHL', 'GLS', ''),
  delivery: fc.constantFrom('Delivered', 'In transit', 'Returned to sender'),
});
const step = fc.oneof(
  order.map((value) => ({ do: 'order', value }) as const),
  shipment.map((value) => ({ do: 'shipment', value }) as const),
  fc.integer({ min: 1, max: 12 }).map((value) => ({ do: 'bury order', value }) as const),
  fc.integer({ min: 1, max: 12 }).map((value) => ({ do: 'bury shipment', value }) as const),
  fc.integer({ min: 1, max: 12 }).map((value) => ({ do: 'replace items', value }) as const),
  fc.integer({ min: 1, max: 12 }).map((value) => ({ do: 'remove order', value }) as const),
  fc.constant({ do: 'sum up' } as const),
  fc.constantFrom('UTC', 'Europe/Berlin', 'Pacific/Auckland').map((value) => ({ do: 'timezone', value }) as const),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function take(one: Step): Promise<unknown> {
  switch (one.do) {
    case 'order':
      await db.execute(sql`
        insert into hive.orders (account, id, status, created_at, currency, total_net_revenue_in_cents, total_tax_in_cents, ${stamps})
        values ('a', ${one.value.id}, ${one.value.status}, ${at(one.value.day, one.value.hour)}, 'EUR', 100, 19, ${stamp})
        on conflict (account, id) do update set status = excluded.status, created_at = excluded.created_at`);
      return db.execute(sql`
        insert into hive.order_items (account, order_id, position, sku_id, merchant_sku_id, quantity, price_per_unit_in_cents_with_discount)
        values ('a', ${one.value.id}, 1, 7, 'S', 2, 50) on conflict do nothing`);
    case 'shipment': {
      const { id, orderId, day, hour, carrier, delivery } = one.value;
      return db.execute(sql`
        insert into hive.shipments (account, id, order_id, shipped_at, delivered_at, shipment_provider, delivery_status, status, ${stamps})
        values ('a', ${id}, ${orderId}, ${at(day, hour)}, case when ${delivery} = 'Delivered' then ${at(day + 2, hour)} end,
          ${carrier}, ${delivery}, 'shipped', ${stamp})
        on conflict (account, id) do update set order_id = excluded.order_id, shipped_at = excluded.shipped_at,
          delivered_at = excluded.delivered_at, shipment_provider = excluded.shipment_provider, delivery_status = excluded.delivery_status`);
    }
    case 'bury order':
      return db.execute(sql`update hive.orders set _deleted_at = now() where id = ${one.value}`);
    case 'bury shipment':
      return db.execute(sql`update hive.shipments set _deleted_at = now() where id = ${one.value}`);
    case 'replace items':
      await db.execute(sql`delete from hive.order_items where order_id = ${one.value}`);
      return db.execute(sql`
        insert into hive.order_items (account, order_id, position, sku_id, quantity, price_per_unit_in_cents_with_discount)
        values ('a', ${one.value}, 1, 8, 1, 30), ('a', ${one.value}, 2, 7, 5, 10)`);
    case 'remove order':
      return db.execute(sql`delete from hive.orders where id = ${one.value}`);
    case 'sum up':
      return sumUp(db);
    case 'timezone':
      return setTimezone(db, one.value);
  }
}

test('after any history of writes the views say what a count of all rows says', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      await db.execute(sql`truncate hive.orders, hive.order_items, hive.shipments`);
      for (const one of steps) await take(one);
      await expectViewsToBeTrue();
      await sumUp(db);
      await expectViewsToBeTrue();
    }),
    { numRuns: 40 },
  );
});

test('adding up leaves nothing touched, and a second time there is nothing to do', async () => {
  await take({ do: 'order', value: { id: 1, day: 1, hour: 1, status: 'fulfilled' } });
  expect(await sumUp(db)).toBeGreaterThan(0);
  for (const { name } of rollups) {
    expect([...(await db.execute(sql`select * from sync.${sql.raw(name)}_touched`))]).toEqual([]);
  }
  expect(await sumUp(db)).toBe(0);
});

test('what is written while it is added up is counted again', async () => {
  await take({ do: 'order', value: { id: 2, day: 5, hour: 1, status: 'fulfilled' } });
  const elsewhere = await openDatabase(url, { connections: 1 });
  await db.transaction(async (writer) => {
    await writer.execute(sql`update hive.orders set status = 'unfulfillable' where id = 2`);
    await sumUp(elsewhere.db);
  });
  await elsewhere.close();
  await expectViewsToBeTrue();
  expect(await sumUp(db)).toBeGreaterThan(0);
  await expectViewsToBeTrue();
});

test('a role that may read schema hive only reads the views', async () => {
  await db.execute(sql`create role reader_of_rollups`);
  try {
    await db.execute(sql`grant usage on schema hive to reader_of_rollups`);
    await db.execute(sql`grant select on all tables in schema hive to reader_of_rollups`);
    await db.transaction(async (tx) => {
      await tx.execute(sql`set local role reader_of_rollups`);
      for (const { name } of rollups) await tx.execute(sql`select * from hive.${sql.raw(name)}`);
      await tx.execute(sql`select * from hive.freshness`);
    });
  } finally {
    await db.execute(sql`drop owned by reader_of_rollups`);
    await db.execute(sql`drop role reader_of_rollups`);
  }
});

test('quantities and prices beyond all reason fail neither the sums nor the views, and spoil no other day', async () => {
  await db.execute(sql`truncate hive.orders, hive.order_items, hive.shipments, hive.returns, hive.return_items,
    hive.skus, hive.sku_inventory, hive.sku_batches, hive.sku_batch_quantities`);
  await take({ do: 'order', value: { id: 1, day: 1, hour: 12, status: 'fulfilled' } });
  await take({ do: 'order', value: { id: 2, day: 2, hour: 12, status: 'fulfilled' } });
  const most = 2_147_483_647;
  const safe = Number.MAX_SAFE_INTEGER;
  await db.execute(sql`
    update hive.orders set total_net_revenue_in_cents = ${safe}, total_tax_in_cents = ${safe} where id = 2`);
  await db.execute(sql`
    insert into hive.order_items (account, order_id, position, sku_id, quantity, price_per_unit_in_cents_with_discount)
    values ('a', 2, 2, 9, ${most}, 1), ('a', 2, 3, 9, ${most}, ${safe}), ('a', 2, 4, 10, ${most}, 1), ('a', 2, 5, 10, 1, 1)`);
  await db.execute(sql`insert into hive.returns (account, id, ${stamps}) values ('a', 1, ${stamp})`);
  await db.execute(sql`
    insert into hive.return_items (account, return_id, position, sku_id, quantity)
    values ('a', 1, 1, 9, ${most}), ('a', 1, 2, 9, ${most})`);
  await db.execute(sql`insert into hive.skus (account, id, ${stamps}) values ('a', 9, ${stamp})`);
  await db.execute(sql`insert into hive.sku_inventory (account, sku_id, position, warehouse_id) values ('a', 9, 1, 1)`);
  await db.execute(sql`
    insert into hive.sku_batches (account, sku_id, position, expiry_date) values ('a', 9, 1, '2020-01-01'), ('a', 9, 2, '2020-01-01')`);
  await db.execute(sql`
    insert into hive.sku_batch_quantities (account, sku_id, position, batch_position, warehouse_id, quantity)
    values ('a', 9, 1, 1, 1, ${most}), ('a', 9, 2, 2, 1, ${most})`);
  const sales = async () =>
    [...(await db.execute(sql`select sku_id, units, revenue_in_cents from hive.sku_sales order by day, sku_id`))].map(
      (row) => Object.values(row),
    );
  const expected = [
    [7, 2, 100],
    [7, 2, 100],
    [9, 2 * most, null],
    [10, most + 1, most + 1],
  ];
  expect(await sales()).toEqual(expected);
  await sumUp(db);
  expect(await sales()).toEqual(expected);
  await expectViewsToBeTrue();
  expect([...(await db.execute(sql`select units_announced, units_sold from hive.return_rates`))]).toEqual([
    { units_announced: 2 * most, units_sold: 2 * most },
  ]);
  expect([...(await db.execute(sql`select expired_quantity from hive.inventory_by_warehouse`))]).toEqual([
    { expired_quantity: 2 * most },
  ]);
});

test('a plan from when nothing was touched does not compare every sum with every key', async () => {
  for (const { name, key } of rollups) {
    const [sums, touched] = [sql.raw(`sync.${name}`), sql.raw(`sync.${name}_touched`)];
    const [, number] = key;
    const value = sql.raw(number === 'order_id' ? 'n' : `'2020-01-01'::date + n`);
    await db.execute(sql`delete from ${touched}`);
    await db.execute(sql`
      insert into ${sums} (account, ${sql.raw(number ?? '')}) select 'z', ${value} from generate_series(1, 5000) n`);
    await db.execute(sql`vacuum (analyze) ${touched}`);
    await db.execute(sql`vacuum (analyze) ${sums}`);
    const plan = await db.execute(sql`explain (costs off) select * from hive.${sql.raw(name)}`);
    const text = plan.map((line) => line['QUERY PLAN']).join('\n');
    expect(text, name).toMatch(/Hash (Right )?Anti Join/);
    expect(text, name).not.toContain('Nested Loop Anti Join');
    await db.execute(sql`delete from ${sums} where account = 'z'`);
  }
});
