// Can it write? A row in each schema of ours that is rolled back, and the rights on every table.
import { sql } from 'drizzle-orm';
import { describe, isServiceAway } from '../../errors.js';
import type { Finding } from '../../finding.js';
import type { Db } from '../database.js';

const ABOUT = 'writing';

/** Names in a sentence; more are counted. */
const MOST = 3;

/** A row in each schema of ours that is rolled back. @throws what keeps it from being written */
export async function writeAndUndo(db: Db): Promise<void> {
  const undo = new Error('undo');
  const done = db.transaction(async (tx) => {
    await tx.execute(sql`
      insert into hive.warehouses (account, id, _first_seen_at, _fetched_at, _changed_at, _source, _content_hash, _raw)
      values ('hive-sync check', 0, now(), now(), now(), 'check', '', '{}')`);
    // With a number of its own: a check must not use up the numbers of runs.
    await tx.execute(sql`
      insert into sync.runs (id, account, mode, collections, trigger)
      values (-1, 'hive-sync check', 'full', '{}', 'cli')`);
    throw undo;
  });
  await done.catch((error: unknown) => {
    if (error !== undo) throw error;
  });
}

/** After the migrations. @returns one finding. @throws only when its pool is asked inside a transaction */
export async function checkWrites(db: Db): Promise<Finding> {
  try {
    await writeAndUndo(db);
  } catch (error) {
    return {
      level: 'stop',
      about: ABOUT,
      sentence: `a row cannot be written: ${describe(error)}. Whoever runs hive-sync needs the rights of the owner of schemas hive and sync, on a server that can be written to.`,
      mayPass: isServiceAway(error),
    };
  }
  const forbidden = await db.execute<{ name: string }>(sql`
    select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('hive', 'sync', 'bullmq') and c.relkind in ('r', 'p')
      and not (has_table_privilege(c.oid, 'select') and has_table_privilege(c.oid, 'insert')
        and has_table_privilege(c.oid, 'update') and has_table_privilege(c.oid, 'delete'))
    order by 1`);
  if (forbidden.length === 0) return { level: 'well', about: ABOUT, sentence: 'rows in schemas hive and sync' };
  const names = forbidden.map(({ name }) => name);
  const more = names.length > MOST ? ` and ${names.length - MOST} more` : '';
  return {
    level: 'stop',
    about: ABOUT,
    sentence: `the database user may not read and write all of ${names.slice(0, MOST).join(', ')}${more}. Let their owner grant select, insert, update and delete, or connect as the owner.`,
  };
}
