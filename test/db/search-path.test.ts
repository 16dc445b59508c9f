// Functions find what they name in no schema where others may create: whoever calls them, in new and in older installations.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { addressOf } from '../../src/addresses/postgres.js';
import { type Database, openDatabase } from '../../src/db/database.js';
import { migrate } from '../../src/db/migrate.js';
import { openPostgresBackend } from '../../src/queue/on-postgres.js';
import { createDatabase } from '../support/database.js';
import { log } from '../support/log.js';
import { releaseUpTo } from '../support/releases.js';

async function openEmpty(): Promise<Database & { readonly url: string }> {
  const url = await createDatabase();
  const database = await openDatabase(url, { connections: 2 });
  await database.db.execute(sql`drop schema hive, sync, bullmq cascade`);
  return { ...database, url };
}

/** Schema and setting of each function, once. */
async function pathsOf({ db }: Pick<Database, 'db'>): Promise<unknown[]> {
  const rows = await db.execute(sql`
    select distinct n.nspname::text as schema, (select s from unnest(p.proconfig) s where s like 'search_path=%') as path
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('hive', 'hive_masked', 'sync', 'bullmq') order by 1, 2`);
  return [...rows];
}

const PINNED = [
  { schema: 'bullmq', path: 'search_path=bullmq, pg_temp' },
  { schema: 'sync', path: 'search_path=pg_catalog, pg_temp' },
];

async function openAndCloseQueue(url: string): Promise<void> {
  const backend = await openPostgresBackend(addressOf(url), log);
  await backend.close();
}

test('every function of a new installation has a search_path of its own', async () => {
  const database = await openEmpty();
  await migrate(database);
  await openAndCloseQueue(database.url);
  expect(await pathsOf(database)).toEqual(PINNED);
  await database.close();
});

test('those of an older one get it by the upgrade, and those that BullMQ makes anew when the queue is opened', async () => {
  const database = await openEmpty();
  await migrate(database, { folder: releaseUpTo('0013_refuted') });
  expect(await pathsOf(database)).toEqual([{ schema: 'sync', path: null }]);
  await migrate(database);
  await openAndCloseQueue(database.url);
  await database.db.execute(sql`
    do $$ declare one regprocedure; begin
      for one in select oid from pg_proc where pronamespace = 'bullmq'::regnamespace limit 5 loop
        execute format('alter function %s reset search_path', one);
      end loop; end $$`);
  // Two processes at once.
  await Promise.all([openAndCloseQueue(database.url), openAndCloseQueue(database.url)]);
  expect(await pathsOf(database)).toEqual(PINNED);
  await database.close();
});
