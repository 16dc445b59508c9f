// Views that others built on ours. PostgreSQL drops no view on which another one stands; so before a migration drops
// one, what stands on it is looked for in pg_depend and named. Where the user says so, such views are dropped and made
// again afterwards, all in the transaction of the migration (saved-views.ts).
import { sql } from 'drizzle-orm';
import { schemas } from '../../schema-names.js';
import type { Executor } from '../database.js';
import type { Doomed, Place } from './doomed.js';

/** Something of others that stands on a relation of ours, or on such a view. */
export interface Dependent {
  /** Undefined for what is neither a view nor a materialized view: a function, a foreign key, a policy. */
  readonly oid: number | undefined;
  /** As PostgreSQL calls it: `view analytics.weekly`. */
  readonly what: string;
  /** Its role; empty where it has none. */
  readonly owner: string;
  /** May this connection act as that role? */
  readonly ownable: boolean;
  /** 1 = stands on ours directly. The highest where it stands on several. */
  readonly depth: number;
}

/**
 * What others built on these relations, lowest first.
 * @param ours places that are not others', and are made again by the migration or by us
 */
export async function findDependents(
  db: Executor,
  doomed: readonly Doomed[],
  ours: readonly Place[],
): Promise<Dependent[]> {
  if (doomed.length === 0) return [];
  const rows = await db.execute<{
    oid: number | null;
    what: string;
    owner: string | null;
    ownable: boolean | null;
    depth: number;
  }>(sql`
    with recursive doomed as (
      select to_regclass(d->>'relation')::oid as relation, (d->>'column') as only
      from jsonb_array_elements(${JSON.stringify(doomed)}::text::jsonb) d where to_regclass(d->>'relation') is not null
    ), roots as (
      select d.relation, a.attnum from doomed d left join pg_attribute a on a.attrelid = d.relation and a.attname = d.only
      where d.only is null or a.attnum is not null
    ), links as (
      -- A statement that names the relation, a column of it, or its row type.
      select classid, objid, objsubid, refobjid as relation, refobjsubid as nth from pg_depend
      where refclassid = 'pg_class'::regclass and deptype = 'n'
      union all
      select d.classid, d.objid, d.objsubid, t.typrelid, 0 from pg_depend d
      join pg_type e on e.oid = d.refobjid join pg_type t on t.oid = e.oid or t.typarray = e.oid
      where d.refclassid = 'pg_type'::regclass and d.deptype = 'n' and t.typrelid <> 0
    ), found (classid, objid, objsubid, relation, depth) as (
      select l.classid, l.objid, l.objsubid, r.ev_class, 1 from roots o
      join links l on l.relation = o.relation and (o.attnum is null or l.nth = o.attnum)
      left join pg_rewrite r on l.classid = 'pg_rewrite'::regclass and r.oid = l.objid
      where r.ev_class is null or r.ev_class <> o.relation
      union
      select l.classid, l.objid, l.objsubid, r.ev_class, f.depth + 1 from found f
      join links l on l.relation = f.relation
      left join pg_rewrite r on l.classid = 'pg_rewrite'::regclass and r.oid = l.objid
      where f.depth < 100 and (r.ev_class is null or r.ev_class <> f.relation)
    ), things as (
      select c.oid, pg_describe_object('pg_class'::regclass, c.oid, 0) as what, c.relowner as owner, f.depth,
        jsonb_build_array(n.nspname, c.relname) as place
      from found f join pg_class c on c.oid = f.relation join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('v', 'm')
      union all
      select null, pg_describe_object(f.classid, f.objid, f.objsubid), null, f.depth, null::jsonb
      from found f where f.relation is null
        and not exists (select from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
          where f.classid = 'pg_constraint'::regclass and k.oid = f.objid and n.nspname in (${schemas.hive}, ${schemas.sync}))
    )
    select oid::int8 as oid, what, pg_get_userbyid(owner)::text as owner,
      pg_has_role(session_user, owner, case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end)
        as ownable, max(depth) as depth
    from things where place is null or not (place->>0 = ${schemas.masked}
      or exists (select from jsonb_array_elements(${JSON.stringify(ours)}::text::jsonb) o where o = place))
    group by 1, 2, owner order by 5, 2`);
  return rows.map(({ oid, what, owner, ownable, depth }) => ({
    oid: oid ?? undefined,
    what,
    owner: owner ?? '',
    ownable: ownable ?? false,
    depth,
  }));
}

/** For a sentence: `view analytics.weekly (of role alice), function f()`. */
export const inWords = (dependents: readonly Dependent[]): string =>
  dependents.map(({ what, owner }) => (owner === '' ? what : `${what} (of role ${owner})`)).join(', ');
