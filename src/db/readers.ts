// Who was given the right to read (hive-sync grant), and who of them has lost it: after a restore into another server the
// roles are missing, or their rights, or schema hive_masked.
import { sql } from 'drizzle-orm';
import { quoted, schemas } from '../schema-names.js';
import type { Executor } from './database.js';
import { builderOf } from './migrating/ground.js';

export type ReaderAccess = 'whole' | 'masked';

export async function rememberReader(tx: Executor, role: string, access: ReaderAccess | 'none'): Promise<void> {
  if (access === 'none') await tx.execute(sql`delete from sync.readers where role = ${role}`);
  else {
    await tx.execute(sql`
      insert into sync.readers (role, access) values (${role}, ${access})
      on conflict (role) do update set access = excluded.access, granted_at = now()`);
  }
}

/**
 * What each reader was promised. Without the role that owns the tables: where schema hive is somebody else's, migration
 * 0012 took it for a reader by its rights.
 */
export async function readPromises(db: Executor): Promise<{ role: string; access: ReaderAccess }[]> {
  const rows = await db.execute<{ role: string; access: ReaderAccess }>(
    sql`
      select role, access from sync.readers
      where role not in (current_user, session_user, ${(await builderOf(db)).role}) order by 1`,
  );
  return [...rows];
}

export interface LostReader {
  readonly role: string;
  readonly access: ReaderAccess;
}

/** Readers that are no role of this server, or cannot read some table or view of their schema. */
export async function lostReaders(db: Executor): Promise<LostReader[]> {
  const rows = await db.execute<{ role: string; access: ReaderAccess }>(sql`
    select r.role, r.access from sync.readers r
    left join pg_roles p on p.rolname = r.role
    cross join lateral (select to_regnamespace(case r.access when 'masked' then ${quoted(schemas.masked)} else ${quoted(schemas.hive)} end) as schema) s
    where p.oid is null or s.schema is null or not has_schema_privilege(p.oid, s.schema, 'usage')
      or exists (select from pg_class c where c.relnamespace = s.schema and c.relkind in ('r', 'p', 'v', 'm')
        and not has_table_privilege(p.oid, c.oid, 'select'))
      or not exists (select from pg_class c where c.relnamespace = s.schema and c.relkind in ('r', 'p', 'v', 'm'))
    order by 1`);
  return rows.map(({ role, access }) => ({ role, access }));
}

/** The command that gives it back. */
export const mendOf = ({ role, access }: LostReader): string =>
  `hive-sync grant ${/^[a-z_][a-z0-9_]*$/.test(role) ? role : `'${role}'`}${access === 'masked' ? ' --mask-personal-data' : ''}`;
