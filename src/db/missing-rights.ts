// Rights on tables, sequences and functions of ours that the role does not have: somebody took them away, or it is another
// role than the one that made them.
import { sql } from 'drizzle-orm';
import { NotPermittedError } from '../errors.js';
import { quoted, written } from '../schema-names.js';
import type { Executor } from './database.js';
import { ownSchemas } from './migrating/ground.js';

/** Names in a sentence; more are counted. */
const MOST = 3;

/** One sentence that says what the owner has to run; undefined = nothing is missing. */
export async function missingRights(
  db: Executor,
  inSchemas: readonly string[] = ownSchemas(),
): Promise<string | undefined> {
  const rows = await db.execute<{ name: string; owner: string; role: string; schema: string; kind: string }>(sql`
    select c.oid::regclass::text as name, pg_get_userbyid(c.relowner)::text as owner, current_user::text as role,
      n.nspname::text as schema, case c.relkind when 'S' then 'sequences' else 'tables' end as kind
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ${inSchemas} and case c.relkind
      when 'S' then not has_sequence_privilege(c.oid, 'usage')
      when 'v' then not has_table_privilege(c.oid, 'select')
      when 'r' then not (has_table_privilege(c.oid, 'select') and has_table_privilege(c.oid, 'insert')
        and has_table_privilege(c.oid, 'update') and has_table_privilege(c.oid, 'delete'))
      else false end
    union all
    select p.oid::regprocedure::text, pg_get_userbyid(p.proowner)::text, current_user::text, n.nspname::text, 'functions'
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ${inSchemas} and not has_function_privilege(p.oid, 'execute')
    order by 1`);
  const [first] = rows;
  if (first === undefined) return undefined;
  const names = rows.map(({ name }) => name);
  const more = names.length > MOST ? ` and ${names.length - MOST} more` : '';
  const to = quoted(first.role);
  const statements = [...new Set(rows.map(({ kind, schema }) => `${RIGHTS[kind]} in schema ${written(schema)}`))];
  return `the database user ${to} may not use all of ${names.slice(0, MOST).join(', ')}${more}. Let the owner ("${first.owner}") run: ${statements.map((one) => `grant ${one} to ${to};`).join(' ')}`;
}

const RIGHTS: Readonly<Record<string, string>> = {
  tables: 'select, insert, update, delete on all tables',
  sequences: 'usage on all sequences',
  functions: 'execute on all functions',
};

/** @throws NotPermittedError with that sentence */
export async function checkRights(db: Executor, names: readonly string[] = ownSchemas()): Promise<void> {
  const missing = await missingRights(db, names);
  if (missing !== undefined) throw new NotPermittedError(`Rights are missing: ${missing}`);
}
