// A database of its own for a test: a clone of the migrated template, dropped at the end of the test file.
import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { inject } from 'vitest';
import { type Database, openDatabase } from '../../src/db/database.js';
import { atEndOfFile } from './clean-up.js';
import { inDatabase } from './global-setup.js';

/** Connection string of a fresh, migrated database. */
export async function createDatabase(): Promise<string> {
  const server = inject('server');
  const name = `hive_sync_test_${randomBytes(6).toString('hex')}`;
  await maintain((sql) => sql.unsafe(`create database ${name} template ${inject('template')}`));
  // Another identity than the template's, as a Redis tells databases apart by it.
  const fresh = postgres(inDatabase(server, name), { max: 1 });
  await fresh`update sync.installation set id = gen_random_uuid()`;
  await fresh.end();
  atEndOfFile(() => maintain((sql) => sql.unsafe(`drop database if exists ${name} with (force)`)));
  return inDatabase(server, name);
}

/** A fresh database, open until the end of the test file. */
export async function openTestDatabase(): Promise<Database & { readonly url: string }> {
  const url = await createDatabase();
  const database = await openDatabase(url);
  atEndOfFile(() => database.close());
  return { ...database, url };
}

async function maintain(act: (sql: postgres.Sql) => Promise<unknown>): Promise<void> {
  const sql = postgres(inject('server'), { max: 1, onnotice: () => {} });
  try {
    await act(sql);
  } finally {
    await sql.end();
  }
}
