// What migrations made and is not there any more: somebody dropped it, or a trigger was switched off. The steps alone
// would say "in step". migrations/parts.json tells what has to be there; its test writes it.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { MissingPartsError } from '../errors.js';
import { changedNames, schemas, written } from '../schema-names.js';
import type { Executor } from './database.js';

const partsFile = fileURLToPath(new URL('../../migrations/parts.json', import.meta.url));

/** Names in a sentence; more are counted. */
const MOST = 3;

/**
 * Tables and views with their columns, unique indexes, sequences, functions and triggers of schemas hive and sync, each
 * as kind and name, sorted; with the default names of the schemas. What only makes a statement faster is no part.
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
      select 'unique index ' || r.name from relations r join pg_index i on i.indexrelid = r.oid
      where i.indisunique and i.indisvalid
      union all
      select 'sequence ' || name from relations where relkind = 'S'
      union all
      select format('function %s.%s(%s)', n.name, p.proname, p.pronargs) from pg_proc p join ours n on n.oid = p.pronamespace
      union all
      select format('trigger %s of %s', t.tgname, r.name) from pg_trigger t join relations r on r.oid = t.tgrelid
      where not t.tgisinternal and t.tgenabled in ('O', 'A')) as found
    order by part collate "C"`);
  return rows.map(({ part }) => part);
}

/** @throws MissingPartsError, one sentence that names the first of them */
export async function checkParts(db: Executor): Promise<void> {
  const found = new Set(await readParts(db));
  const lost = (JSON.parse(readFileSync(partsFile, 'utf8')) as string[]).filter((part) => !found.has(part));
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

function asCalledHere(part: string): string {
  const names = changedNames();
  return part.replace(/(?<= )(hive|sync)(?=\.)/, (name) => written(names.get(name) ?? name));
}
