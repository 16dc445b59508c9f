// A view or materialized view of others: written down, dropped, and made again as it was, by the role that it belongs
// to: its select, options, rights, comments, indexes, triggers, rules and defaults of columns.
import { sql } from 'drizzle-orm';
import { DependentsError, describe } from '../../errors.js';
import { AS_IT_IS } from '../connection/requalify.js';
import type { Executor } from '../database.js';
import type { Dependent } from './dependents.js';
import { type Right, readRights, setRights } from './rights.js';

export interface SavedView {
  readonly what: string;
  readonly owner: string;
  /** As PostgreSQL reads it. */
  readonly relation: string;
  readonly isMaterialized: boolean;
  readonly create: string;
  /** In their order: indexes, triggers, rules, defaults, comments. */
  readonly more: readonly string[];
  readonly rights: readonly Right[] | undefined;
}

/** @param dependent a view: one that has an oid */
export async function saveView(tx: Executor, { oid, what, owner }: Dependent): Promise<SavedView> {
  const [found] = await tx.execute<{ relation: string; materialized: boolean; create: string }>(sql`
    select format('%I.%I', n.nspname, c.relname) as relation, c.relkind = 'm' as materialized,
      format('create %s %I.%I%s%s as %s%s', case c.relkind when 'm' then 'materialized view' else 'view' end, n.nspname, c.relname,
        ' with (' || array_to_string(c.reloptions, ', ') || ')', ' tablespace ' || quote_ident(s.spcname),
        rtrim(pg_get_viewdef(c.oid), '; '), case when c.relkind = 'm' and not c.relispopulated then ' with no data' else '' end) as create
    from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_tablespace s on s.oid = c.reltablespace
    where c.oid = ${oid}`);
  if (found === undefined) throw new Error(`${what} is gone`);
  const more = await tx.execute<{ statement: string }>(sql`
    with target as (select c.oid, format('%I.%I', n.nspname, c.relname) as name, c.relkind
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = ${oid})
    select statement from (
      select 1 as nth, i.indexrelid::int8 as part, pg_get_indexdef(i.indexrelid) as statement from target t join pg_index i on i.indrelid = t.oid
      union all
      select 2, i.indexrelid, format('comment on index %s is %L', i.indexrelid::regclass, obj_description(i.indexrelid, 'pg_class'))
      from target t join pg_index i on i.indrelid = t.oid where obj_description(i.indexrelid, 'pg_class') is not null
      union all
      select 3, g.oid, pg_get_triggerdef(g.oid) from target t join pg_trigger g on g.tgrelid = t.oid where not g.tgisinternal
      union all
      select 4, r.oid, pg_get_ruledef(r.oid) from target t join pg_rewrite r on r.ev_class = t.oid where r.rulename <> '_RETURN'
      union all
      select 5, d.oid, format('alter view %s alter column %I set default %s', t.name, a.attname, pg_get_expr(d.adbin, d.adrelid))
      from target t join pg_attrdef d on d.adrelid = t.oid join pg_attribute a on a.attrelid = t.oid and a.attnum = d.adnum
      union all
      select 6, 0, format('comment on %s %s is %L', case t.relkind when 'm' then 'materialized view' else 'view' end, t.name,
        obj_description(t.oid, 'pg_class')) from target t where obj_description(t.oid, 'pg_class') is not null
      union all
      select 7, a.attnum, format('comment on column %s.%I is %L', t.name, a.attname, col_description(t.oid, a.attnum))
      from target t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 where col_description(t.oid, a.attnum) is not null
    ) parts order by nth, part`);
  return {
    what,
    owner,
    relation: found.relation,
    isMaterialized: found.materialized,
    create: found.create,
    more: more.map(({ statement }) => statement),
    rights: await readRights(tx, oid ?? 0),
  };
}

export async function dropView(tx: Executor, { relation, isMaterialized }: SavedView): Promise<void> {
  await tx.execute(sql.raw(`${AS_IT_IS}drop ${isMaterialized ? 'materialized view' : 'view'} ${relation}`));
}

/** @throws DependentsError when it cannot be as it was, because a column that it uses is no more, say */
export async function makeAgain(tx: Executor, view: SavedView): Promise<void> {
  try {
    await tx.execute(sql.raw(`${AS_IT_IS}${view.create}`));
    for (const statement of view.more) await tx.execute(sql.raw(`${AS_IT_IS}${statement}`));
    await setRights(tx, view.relation, view.rights);
  } catch (error) {
    throw new DependentsError(
      `${view.what} cannot be made again as it was on the new views (${describe(error)}). Nothing was changed. Change or drop it, then run: hive-sync migrate --recreate-dependents`,
      { cause: error },
    );
  }
}
