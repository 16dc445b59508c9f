// Is this database still where it was? Its identity names its queues in Redis. A copy, or a backup that was restored
// beside the original, has the same; on one Redis each would take the other's jobs. So it remembers its place, and takes
// another identity when it wakes up elsewhere. The ledger knows what the new queues lack.
import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { describe } from '../errors.js';
import type { Db, Executor } from './database.js';

/**
 * The cluster's identifier (made by initdb, kept by physical copies) and the database's number in it; undefined where the
 * role may not ask. Source: PostgreSQL's functions pg_control_system() and pg_database.oid.
 */
export async function readPlace(db: Executor): Promise<string | undefined> {
  try {
    const [row] = await db.execute<{ place: string }>(sql`
      select format('%s/%s', s.system_identifier, d.oid) as place from pg_control_system() s, pg_database d
      where d.datname = current_database()`);
    return row?.place;
  } catch (error) {
    if (/permission denied/.test(describe(error))) return undefined;
    throw error;
  }
}

/** Was it restored or copied from elsewhere since a command of ours used it last? */
export async function isElsewhere(db: Executor): Promise<boolean> {
  const place = await readPlace(db);
  if (place === undefined) return false;
  const [row] = await db.execute<{ elsewhere: boolean }>(
    sql`select place <> ${place} as elsewhere from sync.installation where place is not null`,
  );
  return row?.elsewhere ?? false;
}

/** Remembers the place. @returns true when it had another one, and the database has a new identity now */
export async function settle(db: Db): Promise<boolean> {
  const place = await readPlace(db);
  if (place === undefined) return false;
  const changed = await db.execute<{ moved: boolean }>(sql`
    with before as (select place from sync.installation for update)
    update sync.installation i set place = ${place}, id = case when b.place is null then i.id else ${randomUUID()}::uuid end
    from before b where b.place is distinct from ${place} returning b.place is not null as moved`);
  return changed[0]?.moved ?? false;
}

/** For a physical copy, which nobody can tell from the original, and after the database was set back. */
export async function renewIdentity(db: Db): Promise<void> {
  await db.execute(sql`update sync.installation set id = ${randomUUID()}::uuid`);
}
