// Promise: a run ends, even when the views' sums cannot be made; the views count by themselves then.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { openSimulator } from '../../../src/simulator/index.js';
import { fullSync, openTestApp } from '../../support/app.js';
import { createDatabase } from '../../support/database.js';

test('a run whose sums fail ends complete, and the next one makes them', async () => {
  const simulator = await openSimulator({ sizes: { orders: 20 }, rate: 'unlimited' });
  const app = await openTestApp(simulator, await createDatabase());
  const { db } = app.app.store;
  const touched = async () =>
    (await db.execute<{ n: number }>(sql`select count(*) as n from sync.sku_sales_touched`))[0]?.n ?? 0;
  await db.execute(sql`alter table sync.sku_sales add constraint nothing_fits check (false) not valid`);
  expect((await fullSync(app, ['orders'])).run).toMatchObject({ state: 'complete', reason: null });
  expect(await touched()).toBeGreaterThan(0);
  expect((await db.execute(sql`select from hive.sku_sales`)).length).toBeGreaterThan(0);

  await db.execute(sql`alter table sync.sku_sales drop constraint nothing_fits`);
  expect((await fullSync(app, ['orders'])).run.state).toBe('complete');
  expect(await touched()).toBe(0);
  await app.close();
  await simulator.close();
});
