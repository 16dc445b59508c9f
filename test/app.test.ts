// A service that starts while its database starts too.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { openApp } from '../src/app.js';
import { readConfig } from '../src/config.js';
import { openDatabase } from '../src/db/database.js';
import { createDatabase } from './support/database.js';
import { log } from './support/log.js';
import { until } from './support/until.js';

test('a database that goes away while the schema is brought in step is waited for', async () => {
  const url = await createDatabase();
  const { db, close } = await openDatabase(url, { connections: 1 });
  // Something to bring in step, and no hurry.
  await db.execute(sql`comment on schema hive is 'another'`);
  await db.execute(sql`begin`);
  await db.execute(sql`comment on schema hive is 'held'`);
  const config = readConfig({ HIVE_API_KEY: 'a-key', HIVE_API_URL: 'http://127.0.0.1:9', DATABASE_URL: url });
  const opening = openApp(config, { log, version: 'test', signal: new AbortController().signal, waits: true });
  const isBroken = async () =>
    (
      await db.execute(sql`
        select pg_terminate_backend(pid) from pg_locks where locktype = 'object' and not granted
          and database = (select oid from pg_database where datname = current_database())`)
    ).length > 0;
  await until('its connection is broken', isBroken);
  await db.execute(sql`rollback`);
  const app = await opening;
  const [{ comment } = {}] = await db.execute(sql`select obj_description('hive'::regnamespace) as comment`);
  expect(comment).not.toBe('another');
  await app.close();
  await close();
});
