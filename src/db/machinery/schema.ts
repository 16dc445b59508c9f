// Schema `sync` and what its tables have in common. The sentence beside each column is its comment in the database.
import { customType, integer, pgSchema, timestamp } from 'drizzle-orm/pg-core';

export const syncSchema = pgSchema('sync');

export const at = () => timestamp({ withTimezone: true, precision: 3 });
/** jsonb as it is: Drizzle's own reads a JSON text such as "12" a second time, as a number. */
export const payload = customType<{ data: unknown; driverData: unknown }>({
  dataType: () => 'jsonb',
  toDriver: (value) => JSON.stringify(value),
  fromDriver: (value) => value,
});
export const count = () => integer().notNull().default(0);

export const ACCOUNT = 'Label of the account, as in HIVE_ACCOUNT.';
export const COLLECTION = 'Name of the collection, which is also its table in schema hive.';
