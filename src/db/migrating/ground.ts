// Where the schemas are to stand is looked at before anything is made there: what others have built under the same name is
// not ours to change, and what we may not do is said as what somebody who may has to run. Read from the catalogs, for which
// nobody needs a right.
import { sql } from 'drizzle-orm';
import { NotPermittedError, UsageError } from '../../errors.js';
import { quoted, SETTING_OF, schemas, written } from '../../schema-names.js';
import type { Executor } from '../database.js';

/** What a schema holds when it is ours: the table that we mark it by, in which schema. */
const markOf = (name: string): { readonly schema: string; readonly tables: readonly string[] } =>
  name === schemas.queue
    ? // BullMQ's own mark; queues of others may be there, too, and are told apart by name.
      { schema: schemas.queue, tables: ['migration', 'job'] }
    : { schema: schemas.sync, tables: ['installation', 'migrations'] };

/** Those of tables and migrations. */
export const ownSchemas = (): string[] => [schemas.hive, schemas.sync];

/** Kinds of relations that make a schema somebody's. In the masked one, only what bringing it in step would drop. */
const KINDS = ['r', 'p', 'v', 'm', 'f', 'S'];
const MASKED_KINDS = ['v'];

/** Names in a sentence; more are counted. */
const MOST = 3;

interface Place extends Record<string, unknown> {
  readonly name: string;
  /** null = there is no such schema. */
  readonly owner: string | null;
  readonly is_marked: boolean;
  /** Names of what is in it, quoted as PostgreSQL writes them. */
  readonly holds: string[];
  readonly may_use: boolean;
  readonly may_create: boolean;
  readonly database: string;
  readonly role: string;
  readonly may_make_schemas: boolean;
}

/**
 * The role that makes things, whoever runs this, a superuser for once, say: the owner of what is there. Where somebody
 * else has made the schema for us, that is the owner of the first table in it.
 */
export async function builderOf(db: Executor): Promise<{ readonly role: string; readonly isOther: boolean }> {
  const [found] = await db.execute<{ role: string; other: boolean }>(sql`
    with owner as (
      select coalesce(c.relowner, n.nspowner) as oid
      from pg_namespace n left join pg_class c on c.relnamespace = n.oid and c.relname = 'migrations'
      where n.nspname = ${schemas.sync})
    select pg_get_userbyid(oid)::text as role, true as other from owner
    where pg_get_userbyid(oid) <> current_user
      and pg_has_role(current_user, oid, case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end)
    union all select current_user::text, false limit 1`);
  return { role: found?.role ?? '', isOther: found?.other ?? false };
}

/**
 * Is what stands under these names ours, or nothing, and may it be used?
 * @throws UsageError when it belongs to others, NotPermittedError when the role may not use it; each is one sentence
 */
export async function checkGround(db: Executor): Promise<void> {
  refuse(await readPlaces(db, [...ownSchemas(), schemas.masked]));
}

function refuse(places: readonly Place[]): void {
  const foreign = places.find(({ holds, is_marked }) => holds.length > 0 && !is_marked);
  if (foreign !== undefined) throw new UsageError(onForeign(foreign));
  const closed = places.filter(({ name, holds, may_use }) => name !== schemas.masked && holds.length > 0 && !may_use);
  if (closed.length > 0) throw new NotPermittedError(onClosed(closed));
}

/**
 * May what is missing under these names be made? @throws as checkGround; NotPermittedError that says what somebody who may
 * has to run, for all of them at once
 */
export async function checkBuilding(db: Executor, names: readonly string[] = ownSchemas()): Promise<void> {
  const places = await readPlaces(db, names);
  refuse(places);
  const [one] = places;
  if (one === undefined) return;
  const lacking = places.filter(({ owner, may_create, may_use }) => owner !== null && !(may_create && may_use));
  const missing = one.may_make_schemas ? [] : places.filter(({ owner }) => owner === null);
  if (lacking.length + missing.length === 0) return;
  const role = quoted(one.role);
  const cannot = [
    ...(missing.length === 0 ? [] : [`make ${inWords(missing)}, which ${missing.length > 1 ? 'are' : 'is'} missing`]),
    ...(lacking.length === 0 ? [] : [`create anything in ${inWords(lacking)}`]),
  ];
  const statements = [
    ...missing.map(({ name }) => `create schema ${written(name)} authorization ${role};`),
    ...(lacking.length === 0 ? [] : [`grant usage, create on schema ${namesOf(lacking)} to ${role};`]),
  ];
  throw new NotPermittedError(
    `The database user ${role} may not ${cannot.join(', nor ')}, in database ${quoted(one.database)}. Nothing was changed. Let an administrator run there: ${statements.join(' ')}`,
  );
}

async function readPlaces(db: Executor, names: readonly string[]): Promise<Place[]> {
  const { role } = await builderOf(db);
  const marks = names.map((name) => ({ name, ...markOf(name), kinds: name === schemas.masked ? MASKED_KINDS : KINDS }));
  const rows = await db.execute<Place>(sql`
    select w.name, pg_get_userbyid(n.nspowner)::text as owner,
      (select count(*) = jsonb_array_length(w.tables) from pg_class c join pg_namespace m on m.oid = c.relnamespace
        where m.nspname = w.schema and w.tables ? c.relname::text and c.relkind in ('r', 'p')) as is_marked,
      array(select quote_ident(relname) from pg_class
        where relnamespace = n.oid and w.kinds ? relkind::text union all
        select quote_ident(proname) from pg_proc where pronamespace = n.oid and w.kinds ? 'r' order by 1) as holds,
      coalesce(has_schema_privilege(${role}, n.oid, 'usage'), false) as may_use,
      coalesce(has_schema_privilege(${role}, n.oid, 'create'), false) as may_create,
      current_database()::text as database, ${role}::text as role,
      has_database_privilege(${role}, current_database(), 'create') as may_make_schemas
    from jsonb_to_recordset(${JSON.stringify(marks)}::text::jsonb) w (name text, schema text, tables jsonb, kinds jsonb)
    left join pg_namespace n on n.nspname = w.name order by w.name`);
  return [...rows];
}

const namesOf = (places: readonly Place[]): string => places.map(({ name }) => written(name)).join(', ');
const inWords = (places: readonly Place[]): string =>
  `schema${places.length > 1 ? 's' : ''} ${places.map(({ name }) => quoted(name)).join(' and ')}`;

const settingFor = (name: string): string =>
  name === schemas.queue ? SETTING_OF.queue : name === schemas.sync ? SETTING_OF.sync : SETTING_OF.hive;

function onForeign({ name, database, holds, owner }: Place): string {
  const more = holds.length > MOST ? ` and ${holds.length - MOST} more` : '';
  const lost =
    name === schemas.hive
      ? ` (or schema ${quoted(schemas.sync)}, which says that it is ours, was lost: then restore that)`
      : '';
  return `Schema ${quoted(name)} of database ${quoted(database)} belongs to ${quoted(owner ?? '')} and holds ${holds.slice(0, MOST).join(', ')}${more}, which hive-sync did not make${lost}. Nothing was changed. Name another database in DATABASE_URL (create database hive_sync), or other schemas: ${settingFor(name)}.`;
}

function onClosed(places: readonly Place[]): string {
  const [{ role, owner } = { role: '', owner: '' }] = places;
  return `The database user ${quoted(role)} may not use ${inWords(places)} any more. Let the owner (${quoted(owner ?? '')}) run: grant usage on schema ${namesOf(places)} to ${quoted(role)};`;
}
