// What holds for the whole database: its identity, the time zone of its days, and since when it keeps history.
import { sql } from 'drizzle-orm';
import { UsageError } from '../errors.js';
import type { Db, Executor } from './database.js';
import { installation } from './machinery/installation.js';

export type Installation = typeof installation.$inferSelect;

/** @throws Error when the database was not migrated */
export async function readInstallation(db: Executor): Promise<Installation> {
  const [found] = await db.select().from(installation);
  if (found === undefined) throw new Error('the database has no identity: migrate it first');
  return found;
}

/** Says in which time zone days begin, for all processes. @throws UsageError when PostgreSQL does not know it */
export async function setTimezone(db: Db, timezone: string): Promise<void> {
  if ((await readInstallation(db)).timezone === timezone) return;
  const [known] = await db.execute(sql`select from pg_timezone_names where lower(name) = lower(${timezone})`);
  if (known === undefined) {
    throw new UsageError(
      `SYNC_TIMEZONE is "${timezone}": PostgreSQL does not know this time zone. Use another name of it.`,
    );
  }
  // A trigger then touches all keys of days (migrations/). Who is writing, or adding up, goes by the days of before and
  // cannot be seen yet: wait until that is committed, and let nobody begin until the new days hold.
  await db.transaction(async (tx) => {
    await tx.execute(sql`lock table hive.orders, hive.order_items, hive.shipments in share row exclusive mode`);
    await tx.execute(
      sql`lock table sync.sku_sales, sync.carrier_performance, sync.order_fulfilment in share row exclusive mode`,
    );
    await tx.update(installation).set({ timezone });
  });
}
