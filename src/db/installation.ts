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

export interface TimezoneChange {
  readonly from: string;
  readonly to: string;
}

export const inOneSentence = ({ from, to }: TimezoneChange): string =>
  `Days now begin in ${to} instead of ${from} (SYNC_TIMEZONE), in all views and for everybody.`;

/**
 * Says in which time zone days begin, for all processes. @returns undefined when it was so before
 * @throws UsageError when PostgreSQL does not know it
 */
export async function setTimezone(db: Db, timezone: string): Promise<TimezoneChange | undefined> {
  const { timezone: before } = await readInstallation(db);
  if (before === timezone) return undefined;
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
  return { from: before, to: timezone };
}
