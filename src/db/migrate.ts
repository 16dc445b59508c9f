// Brings the schema in step with this release. Safe to call from several processes at once.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator';
import { type Database, openDatabase } from './database.js';

const migrationsFolder = fileURLToPath(new URL('../../migrations', import.meta.url));
const BOOKKEEPING = { migrationsFolder, migrationsSchema: 'sync', migrationsTable: 'migrations' };
/** Any number that nobody else uses: one migration at a time per database. */
const LOCK = 4_810_276;

/** Tags of the migrations that the database lacks, oldest first. */
export async function pendingMigrations({ db }: Pick<Database, 'db'>): Promise<string[]> {
  const [found] = await db.execute<{ exists: boolean }>(
    sql`select to_regclass('sync.migrations') is not null as exists`,
  );
  const [last] =
    found?.exists === true
      ? await db.execute<{ at: number | null }>(sql`select max(created_at) as at from sync.migrations`)
      : [];
  const { entries } = JSON.parse(readFileSync(`${migrationsFolder}/meta/_journal.json`, 'utf8')) as {
    entries: { tag: string; when: number }[];
  };
  return entries.filter((entry) => entry.when > (last?.at ?? 0)).map((entry) => entry.tag);
}

/** Applies what is pending; returns the tags that were applied. */
export async function migrate(database: Database): Promise<string[]> {
  if ((await pendingMigrations(database)).length === 0) return [];
  // A connection of its own holds the lock for the session, as the migrator makes its own transaction.
  const single = await openDatabase(database.url, { connections: 1 });
  try {
    await single.db.execute(sql`select pg_advisory_lock(${LOCK})`);
    const pending = await pendingMigrations(single);
    await applyMigrations(single.db, BOOKKEEPING);
    await single.db.execute(
      sql`insert into sync.installation (id) select gen_random_uuid() where not exists (select from sync.installation)`,
    );
    return pending;
  } finally {
    await single.close();
  }
}
