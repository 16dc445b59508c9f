// Rights on a relation, kept over its being dropped and made again: whoever could read it before can afterwards, and
// nobody else.
import { sql } from 'drizzle-orm';
import { AS_IT_IS } from '../connection/requalify.js';
import type { Executor } from '../database.js';

/** One right, as aclexplode() tells it. */
export interface Right {
  /** Quoted; `public` for everybody. */
  readonly grantee: string;
  /** Absent: on the whole relation. */
  readonly column: string | null;
  readonly privilege: string;
  readonly grantable: boolean;
}

/** @param relation its oid, or its name as PostgreSQL reads it. @returns undefined = the owner's default rights */
export async function readRights(db: Executor, relation: number | string): Promise<Right[] | undefined> {
  const rows = await db.execute<{ [Name in keyof Right]: Right[Name] }>(sql`
    with target as (select ${String(relation)}::regclass::oid as oid)
    select case when x.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(x.grantee)) end as grantee,
      r."column", x.privilege_type as privilege, x.is_grantable as grantable
    from target t join pg_class c on c.oid = t.oid
    cross join lateral (
      select null as "column", c.relacl as acl where c.relacl is not null
      union all
      select quote_ident(a.attname), a.attacl from pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attacl is not null
    ) r cross join lateral aclexplode(r.acl) x
    order by 2 nulls first, 1, 3`);
  return rows.length === 0 ? undefined : rows.map((row) => ({ ...row }));
}

/**
 * Gives a relation that was just made exactly these rights; those that default privileges gave it are taken away.
 * Rights on columns that it has no more are left out.
 */
export async function setRights(tx: Executor, relation: string, rights: readonly Right[] | undefined): Promise<void> {
  const now = await readRights(tx, relation);
  if (rights === undefined && now === undefined) return;
  for (const grantee of new Set((now ?? []).map((right) => right.grantee))) {
    await tx.execute(sql.raw(`${AS_IT_IS}revoke all on ${relation} from ${grantee}`));
  }
  const columns = await tx.execute<{ name: string }>(sql`
    select quote_ident(attname) as name from pg_attribute
    where attrelid = ${relation}::regclass and attnum > 0 and not attisdropped`);
  const there = new Set(columns.map(({ name }) => name));
  const [own] = await tx.execute<{ name: string }>(sql`
    select quote_ident(pg_get_userbyid(relowner)) as name from pg_class where oid = ${relation}::regclass`);
  for (const { grantee, column, privilege, grantable } of rights ?? [
    { grantee: own?.name ?? '', column: null, privilege: 'all', grantable: false },
  ]) {
    if (column !== null && !there.has(column)) continue;
    const place = column === null ? '' : ` (${column})`;
    const further = grantable && grantee !== own?.name ? ' with grant option' : '';
    await tx.execute(sql.raw(`${AS_IT_IS}grant ${privilege}${place} on ${relation} to ${grantee}${further}`));
  }
}
