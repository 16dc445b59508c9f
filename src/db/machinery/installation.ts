// The table of what holds for the whole database.
import { text, uuid } from 'drizzle-orm/pg-core';
import { describedTable } from '../described.js';
import { at, syncSchema } from './schema.js';

export const installation = describedTable(syncSchema, 'installation', 'One row: what holds for the whole database.', {
  id: [uuid().primaryKey().defaultRandom(), 'Keeps the queues of several databases apart that share one Redis.'],
  place: [
    text(),
    'Where it was used last: identifier of the cluster and number of the database. Elsewhere it takes another id, as it is a copy.',
  ],
  timezone: [
    text().notNull().default('UTC'),
    'SYNC_TIMEZONE of the worker, sync or migrate that was started last: the days of hive.inventory_daily and of the views.',
  ],
  history_since: [
    at().notNull().defaultNow(),
    'From when on hive.status_changes and hive.inventory_daily are whole: before, there was no history yet, or it was pruned.',
  ],
  created_at: [at().notNull().defaultNow(), 'When the database was first migrated.'],
});
