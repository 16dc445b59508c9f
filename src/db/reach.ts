// What a role can do in the end, beyond what it was promised. Rights come in many ways: of its own, from roles that it is a
// member of (with INHERIT at once, without it by SET ROLE), from PUBLIC, by ownership, by attributes of a role. So the server
// is asked about the role and about every role that it may become, and not about what was granted.
// Source: PostgreSQL documentation, "Role Membership" (22.3), "Privileges" (5.8), "System Information Functions" (9.27.3).
import { sql } from 'drizzle-orm';
import { quoted, schemas, written } from '../schema-names.js';
import type { Executor } from './database.js';
import { readMasks } from './masks.js';
import { builderOf } from './migrating/ground.js';
import type { ReaderAccess } from './readers.js';

/** What a role was promised to be able to read; `none` = nothing of ours. */
export interface Promised {
  readonly role: string;
  readonly access: ReaderAccess | 'none';
}

/** One way in which a role can do more than that. */
export interface Reach extends Promised {
  /** For a sentence: `schema hive`. */
  readonly what: string;
  /** For a sentence: `as a member of "analysts"`. */
  readonly how: string;
  /** What takes it away, as SQL. */
  readonly remedy: string;
}

/** What a reader was promised, for a sentence. */
export const promiseInWords = ({ access }: Pick<Promised, 'access'>): string =>
  access === 'masked' ? 'masked data' : `schema ${written(schemas.hive)}`;

interface Found extends Record<string, unknown> {
  readonly role: string;
  readonly access: Promised['access'];
  /** The role that has it: the same, one that it is a member of, or null = everybody. */
  readonly via: string | null;
  readonly what: string;
  /** Takes it from %s; null = by leaving the role `via` only. */
  readonly remedy: string | null;
  /** Roles by which it is a member of `via`, quoted. */
  readonly groups: string | null;
}

/** Schemas that a role with this access must not use. */
const closedTo = (): Record<Promised['access'], string[]> => ({
  whole: [schemas.sync, schemas.queue],
  masked: [schemas.hive, schemas.sync, schemas.queue],
  none: [schemas.hive, schemas.masked, schemas.sync, schemas.queue],
});

/** @returns the first way of each role that has one; a role that does not exist has none */
export async function reachBeyond(db: Executor, promised: readonly Promised[]): Promise<Reach[]> {
  if (promised.length === 0) return [];
  const { role: builder } = await builderOf(db);
  const all = [schemas.hive, schemas.masked, schemas.sync, schemas.queue];
  const names = all.map((name) => ({ name, word: `schema ${written(name)}`, quoted: written(name) }));
  const rows = await db.execute<Found>(sql`
    with places as (
      select n.oid, n.nspowner as owner, p.name, p.word, p.quoted from jsonb_to_recordset(${JSON.stringify(names)}::text::jsonb) p (name text, word text, quoted text)
      join pg_namespace n on n.nspname = p.name
    ), relations as (
      select c.oid, c.relowner, p.name as schema, format('%I.%I', p.name, c.relname) as name
      from places p join pg_class c on c.relnamespace = p.oid and c.relkind in ('r', 'p', 'v', 'm', 'f')
    ), roles as (
      select p.role, p.access, r.oid as role_oid, g.* from jsonb_to_recordset(${JSON.stringify(promised)}::text::jsonb) p (role text, access text)
      join pg_roles r on r.rolname = p.role join pg_roles g on pg_has_role(r.oid, g.oid, 'member')
    ), readable as (
      select r.role, r.oid, t.schema from roles r join relations t
        on r.access = 'none' and has_any_column_privilege(r.oid, t.oid, 'select') group by 1, 2, 3
      union
      -- Tables to come.
      select r.role, r.oid, p.name from pg_default_acl d cross join lateral aclexplode(d.defaclacl) x
      join roles r on r.access = 'none' and d.defaclobjtype = 'r' and x.privilege_type = 'SELECT' and (x.grantee = 0 or pg_has_role(r.oid, x.grantee, 'usage'))
      join places p on d.defaclnamespace in (p.oid, 0)
    ), found (role, access, role_oid, oid, name, nth, is_public, what, remedy) as (
      select r.role, r.access, r.role_oid, r.oid, r.rolname, 1, has_schema_privilege('public', p.oid, 'usage'), p.word, 'revoke all on schema ' || p.quoted || ' from %s'
      from roles r join places p on ${JSON.stringify(closedTo())}::text::jsonb->r.access ? p.name and has_schema_privilege(r.oid, p.oid, 'usage')
      where r.access <> 'none' or exists (select from readable d where d.role = r.role and d.oid = r.oid and d.schema = p.name)
      union all
      select r.role, r.access, r.role_oid, r.oid, r.rolname, 2, has_schema_privilege('public', p.oid, 'create'), 'the right to create in ' || p.word,
        'revoke create on schema ' || p.quoted || ' from %s'
      from roles r join places p on has_schema_privilege(r.oid, p.oid, 'create') or p.owner = r.oid
      union all
      select r.role, r.access, r.role_oid, r.oid, r.rolname, 3, has_database_privilege('public', d.oid, 'create'),
        format('the right to create schemas in database %I', d.datname), case when d.datdba = r.oid then format('alter database %I owner to %I', d.datname, ${builder}::text)
          else format('revoke create on database %I from %%s', d.datname) end
      from roles r join pg_database d on d.datname = current_database() and has_database_privilege(r.oid, d.oid, 'create') where r.access <> 'none'
      union all
      select r.role, r.access, r.role_oid, r.oid, r.rolname, 4,
        has_table_privilege('public', t.oid, 'insert, update, delete, truncate, references, trigger') or has_any_column_privilege('public', t.oid, 'insert, update, references'),
        'the right to change ' || t.name, case when t.relowner = r.oid then format('alter table %s owner to %I', t.name, ${builder}::text)
          else format('revoke insert, update, delete, truncate, references, trigger on %s from %%s', t.name) end
      from roles r join relations t on has_table_privilege(r.oid, t.oid, 'insert, update, delete, truncate, references, trigger')
        or has_any_column_privilege(r.oid, t.oid, 'insert, update, references') or t.relowner = r.oid
      where r.access <> 'none' or t.relowner = r.oid
      union all
      -- Whoever has the next value of an identity at will can have our inserts fail.
      select r.role, r.access, r.role_oid, r.oid, r.rolname, 4, has_sequence_privilege('public', c.oid, 'usage, update'), format('the right to change %I.%I', p.name, c.relname),
        format('revoke usage, update on sequence %I.%I from %%s', p.name, c.relname)
      from places p join pg_class c on c.relnamespace = p.oid and c.relkind = 'S'
      join roles r on r.access <> 'none' and has_sequence_privilege(r.oid, c.oid, 'usage, update')
      union all
      -- Up to PostgreSQL 15 it gives itself any role but a superuser's, so also one that changes things.
      select r.role, r.access, r.role_oid, r.oid, r.rolname, 5, false, 'every role that it wants (CREATEROLE)', 'alter role %s nocreaterole'
      from roles r where r.rolcreaterole and (r.access = 'masked' or (r.access = 'whole' and current_setting('server_version_num')::int < 160000))
      union all
      select r.role, r.access, r.role_oid, r.oid, r.rolname, 5, false, 'everything (SUPERUSER, REPLICATION)', 'alter role %s nosuperuser noreplication'
      from roles r where r.rolsuper or (r.access = 'masked' and r.rolreplication)
      union all
      select r.role, r.access, r.role_oid, r.oid, r.rolname, 0, false, case r.rolname when 'pg_read_all_stats' then 'what others are asking, with what they look for' else 'the files of the server' end, null
      from roles r where (r.access = 'masked' and r.rolname in ('pg_read_server_files', 'pg_read_all_stats'))
        or (r.access <> 'none' and r.rolname in ('pg_write_server_files', 'pg_execute_server_program'))
    )
    select f.role, f.access, case when not f.is_public then f.name end as via, f.what, f.remedy, (
      select string_agg(distinct quote_ident(d.rolname), ', ') from pg_auth_members m join pg_roles d on d.oid = m.roleid
      where m.member = f.role_oid and pg_has_role(d.oid, f.oid, 'member')) as groups
    from found f order by f.role, not f.is_public, f.nth = 3,
      -- The role that a right comes from is a member of fewer than those that have it by that.
      (select count(*) from roles x where x.role = f.role and pg_has_role(f.oid, x.oid, 'member')), f.nth, f.name, f.what`);
  return rows.filter(({ role }, nth) => rows[nth - 1]?.role !== role).map(inWords);
}

function inWords({ role, access, via, what, remedy, groups }: Found): Reach {
  const own = quoted(role);
  if (via === null) {
    return { role, access, what, how: 'by a right of PUBLIC', remedy: fill(remedy, 'public') };
  }
  if (via === role) {
    // What a role inherits shows as its own, too; then the one that it comes from stands before it.
    return { role, access, what, how: 'by a right of its own', remedy: fill(remedy, own) };
  }
  return {
    role,
    access,
    what,
    how: `as a member of ${quoted(via)}`,
    remedy: `revoke ${groups ?? quoted(via)} from ${own}`,
  };
}

/** The role stands last, whatever the names before it are; a name with `$&` is no pattern. */
const fill = (remedy: string | null, role: string): string => (remedy ?? '').replace(/%s(?!.*%s)/s, () => role);

/**
 * A view of others on our tables, or on views of ours with columns that hive_masked leaves out, which this role may read; its
 * owner answers for what it shows.
 */
export interface ThroughView {
  readonly view: string;
  readonly owner: string;
}

export async function viewsOfOthers(db: Executor, role: string): Promise<ThroughView[]> {
  const rows = await db.execute<{ view: string; owner: string }>(sql`
    with recursive built as (
      select c.oid, true as ours from pg_class c where c.relnamespace in (to_regnamespace(${quoted(schemas.hive)}), to_regnamespace(${quoted(schemas.sync)}))
        and (c.relkind in ('r', 'p') or exists (select from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
          and c.relkind in ('v', 'm') and not coalesce(${JSON.stringify(readMasks())}::text::jsonb->c.relname::text ? a.attname::text, false)))
      union
      select c.oid, false from built b
      join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = b.oid and d.classid = 'pg_rewrite'::regclass
      join pg_rewrite r on r.oid = d.objid join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace
      where n.nspname not in (${schemas.hive}, ${schemas.masked}, ${schemas.sync})
    )
    select distinct format('%I.%I', n.nspname, c.relname) as view, pg_get_userbyid(c.relowner)::text as owner
    from built b join pg_class c on c.oid = b.oid join pg_namespace n on n.oid = c.relnamespace
    join pg_roles r on r.rolname = ${role} join pg_roles g on pg_has_role(r.oid, g.oid, 'member')
    where not b.ours and has_schema_privilege(g.oid, n.oid, 'usage') and has_any_column_privilege(g.oid, c.oid, 'select')
    order by 1`);
  return [...rows];
}

/** A role that may act as another one. */
export interface Member {
  readonly role: string;
  /** Has it the rights at once? Else after SET ROLE. */
  readonly inherits: boolean;
}

/** Without superusers, who read everything, and the role that owns our tables. */
export async function membersOf(db: Executor, role: string): Promise<Member[]> {
  const { role: builder } = await builderOf(db);
  const rows = await db.execute<{ role: string; inherits: boolean }>(sql`
    select m.rolname::text as role, pg_has_role(m.oid, g.oid, 'usage') as inherits
    from pg_roles g join pg_roles m on m.oid <> g.oid and pg_has_role(m.oid, g.oid, 'member')
    where g.rolname = ${role} and not m.rolsuper and m.rolname not in (${builder}, current_user, session_user) order by 1`);
  return [...rows];
}
