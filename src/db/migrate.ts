// Brings the schema in step with this release. Safe to call from several processes at once.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator';
import { pendingComments, setComments } from './comments.js';
import { type Database, openDatabase } from './database.js';
import { dropMasks, pendingMasks, setMasks } from './masks.js';

const migrationsFolder = fileURLToPath(new URL('../../migrations', import.meta.url));
const BOOKKEEPING = { migrationsFolder, migrationsSchema: 'sync', migrationsTable: 'migrations' };
/** Any number that nobody else uses: one migration at a time per database. */
const LOCK = 4_810_276;

/** What stands for the comments of the database among the tags of migrations. */
const COMMENTS = 'comments';
/** The same for the views of schema hive_masked. */
const MASKS = 'masks';

/** Tags of the migrations that the database lacks, oldest first, then `comments` and `masks` when some of them differ. */
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
  const tags = entries.filter((entry) => entry.when > (last?.at ?? 0)).map((entry) => entry.tag);
  if ((await pendingComments(db)).length > 0) tags.push(COMMENTS);
  if ((await pendingMasks(db)).length > 0) tags.push(MASKS);
  return tags;
}

/** Applies what is pending; returns the tags that were applied. */
export async function migrate(database: Database): Promise<string[]> {
  if ((await pendingMigrations(database)).length === 0) return [];
  // A connection of its own holds the lock for the session, as the migrator makes its own transaction.
  const single = await openDatabase(database.address, { connections: 1 });
  try {
    await single.db.execute(sql`select pg_advisory_lock(${LOCK})`);
    const pending = await pendingMigrations(single);
    if (pending.some((tag) => tag !== COMMENTS && tag !== MASKS)) await dropMasks(single.db);
    await applyMigrations(single.db, BOOKKEEPING);
    const comments = await pendingComments(single.db);
    await setComments(single.db, comments);
    await setMasks(single.db);
    await single.db.execute(
      sql`insert into sync.installation (id) select gen_random_uuid() where not exists (select from sync.installation)`,
    );
    return comments.length === 0 ? pending : [...new Set([...pending, COMMENTS])];
  } finally {
    await single.close();
  }
}
