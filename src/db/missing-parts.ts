// What migrations made and is not there any more: somebody dropped or changed it, or a trigger was switched off. The steps alone
// would say "in step". migrations/parts.json tells what has to be there; its test writes it.
import { existsSync, readFileSync } from 'node:fs';
import { sql } from 'drizzle-orm';
import { MissingPartsError } from '../errors.js';
import { changedNames, schemas, written } from '../schema-names.js';
import type { Executor } from './database.js';

/** Names in a sentence; more are counted. */
const MOST = 3;
/** Before the hash of what a function does. */
const DOING = ' doing ';

/**
 * Tables and views with their columns and defaults, unique indexes, foreign keys, sequences, functions with a hash of what
 * they do, and triggers of schemas hive and sync, each as kind and name, sorted; with the default names of the schemas. What
 * only makes a statement faster is no part.
 */
export async function readParts(db: Executor): Promise<string[]> {
  const rows = await db.execute<{ part: string }>(sql`
    with ours as (
      select oid, case nspname when ${schemas.hive} then 'hive' else 'sync' end as name
      from pg_namespace where nspname in (${schemas.hive}, ${schemas.sync})),
    relations as (
      select c.oid, c.relkind, n.name || '.' || c.relname as name
      from pg_class c join ours n on n.oid = c.relnamespace)
    select part from (
      select case when relkind in ('v', 'm') then 'view ' else 'table ' end || name as part from relations
      where relkind in ('r', 'p', 'v', 'm', 'f')
      union all
      select 'column ' || r.name || '.' || a.attname
      from relations r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
      where r.relkind in ('r', 'p', 'v', 'm', 'f')
      union all
      select 'default of ' || r.name || '.' || a.attname
      from relations r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
      where r.relkind in ('r', 'p') and (a.atthasdef or a.attidentity <> '')
      union all
      select format('foreign key %s of %s', c.conname, r.name) from pg_constraint c join relations r on r.oid = c.conrelid
      where c.contype = 'f'
      union all
      select 'unique index ' || r.name from relations r join pg_index i on i.indexrelid = r.oid
      where i.indisunique and i.indisvalid
      union all
      select 'sequence ' || name from relations where relkind = 'S'
      union all
      select format('function %s.%s(%s)${sql.raw(DOING)}%s', n.name, p.proname, p.pronargs,
        md5(p.prosrc || coalesce(array_to_string(p.proconfig, ','), '')))
      from pg_proc p join ours n on n.oid = p.pronamespace
      union all
      select format('trigger %s of %s', t.tgname, r.name) from pg_trigger t join relations r on r.oid = t.tgrelid
      where not t.tgisinternal and t.tgenabled in ('O', 'A')) as found
    order by part collate "C"`);
  return rows.map(({ part }) => part);
}

/**
 * @param folder of migrations, whose parts.json tells what they make; without that file nothing is checked
 * @throws MissingPartsError, one sentence that names the first of them
 */
export async function checkParts(db: Executor, folder: string): Promise<void> {
  const file = `${folder}/parts.json`;
  if (!existsSync(file)) return;
  // Under other names functions speak of other schemas.
  const comparable = (part: string) => (changedNames().size === 0 ? part : withoutDoing(part));
  const found = new Set((await readParts(db)).map(comparable));
  const wanted = JSON.parse(readFileSync(file, 'utf8')) as string[];
  const lost = wanted.filter((part) => !found.has(comparable(part)));
  if (lost.length === 0) return;
  // What belongs to a table or view that is gone is not named beside it.
  const gone = lost.filter((part) => /^(table|view) /.test(part)).map((part) => part.replace(/^\w+ /, ''));
  const isInside = (part: string) =>
    gone.some((name) => part.includes(` ${name}.`) || part.endsWith(` of ${name}`) || isNamedAfter(part, name));
  const named = lost.filter((part) => !isInside(part)).map(asCalledHere);
  const more = named.length > MOST ? ` and ${named.length - MOST} more` : '';
  throw new MissingPartsError(`${named.slice(0, MOST).join(', ')}${more}`);
}

/** As PostgreSQL and Drizzle call indexes and sequences. */
const isNamedAfter = (part: string, table: string): boolean =>
  part.startsWith(`unique index ${table}_`) || part.startsWith(`sequence ${table}_`);

const withoutDoing = (part: string): string => part.replace(/ doing \w+$/, '');

function asCalledHere(part: string): string {
  const names = changedNames();
  return withoutDoing(part).replace(/(?<= )(hive|sync)(?=\.)/, (name) => written(names.get(name) ?? name));
}
