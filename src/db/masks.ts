// Schema hive_masked: a view for each table and view of schema hive, without personal data. What may be seen stands in
// migrations/masks.json, which is made of the collections' files; what is not in there is left out. Like comments, the
// views are compared with that file and not kept in migrations. There are none until somebody grants them to a role.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { UsageError } from '../errors.js';
import { inSentence, literal, quoted, schemas } from '../schema-names.js';
import type { Executor } from './database.js';
import { type Doomed, doomedAt } from './migrating/doomed.js';
import { type Right, readRights } from './migrating/rights.js';
import { makeSchema } from './migrating/steps.js';
import { type TakenAway, takeAway } from './migrating/take-away.js';

const markOf = (): string =>
  inSentence(
    'The tables and views of schema hive without personal data. Made by hive-sync grant --mask-personal-data.',
  );

const masksFile = fileURLToPath(new URL('../../migrations/masks.json', import.meta.url));

/** The columns that may be seen, by table or view of schema hive. */
export const readMasks = () => JSON.parse(readFileSync(masksFile, 'utf8')) as Record<string, string[]>;

/** Names of views that are missing, differ or are too many; nothing where the schema was never asked for. */
export async function pendingMasks(db: Executor): Promise<string[]> {
  const rows = await db.execute<{ name: string }>(sql`
    with wanted as (
      select n.key as name, array_agg(a.attname::text order by a.attnum) as columns
      from jsonb_each(${readFileSync(masksFile, 'utf8')}::text::jsonb) n
      join pg_class c on c.relnamespace = to_regnamespace(${quoted(schemas.hive)}) and c.relname = n.key and c.relkind in ('r', 'p', 'v', 'm')
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and n.value ? a.attname::text
      group by n.key),
    found as (
      select c.relname::text as name, array_agg(a.attname::text order by a.attnum) as columns
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relnamespace = to_regnamespace(${quoted(schemas.masked)}) and c.relkind = 'v' group by 1)
    select coalesce(wanted.name, found.name) as name from wanted full join found on found.name = wanted.name
    where to_regnamespace(${quoted(schemas.masked)}) is not null and wanted.columns is distinct from found.columns
    order by 1`);
  return rows.map(({ name }) => name);
}

/** Makes the schema, and in it what is missing or differs. */
export async function makeMasks(db: Executor): Promise<void> {
  await db.transaction(async (tx) => {
    await makeSchema(tx, schemas.masked);
    const [own] = await tx.execute<{ own: boolean; foreign: boolean }>(sql`
      select pg_has_role(nspowner, 'usage') as own, obj_description(oid, 'pg_namespace') is distinct from ${markOf()}
        and exists (select from pg_class where relnamespace = pg_namespace.oid and relkind <> 'v') as foreign
      from pg_namespace where nspname = ${schemas.masked}`);
    if (own?.foreign) {
      throw new UsageError(
        `Schema "${schemas.masked}" holds tables, which hive-sync did not make. Nothing was changed. Rename it.`,
      );
    }
    if (own?.own) await tx.execute(sql.raw(`comment on schema ${quoted(schemas.masked)} is ${literal(markOf())}`));
    await takeAway(tx, await masksInTheWay(tx), false);
    await setMasks(tx);
  });
}

/** Brings the views in step, where there is the schema. What only gets more columns is replaced, not dropped. */
export async function setMasks(tx: Executor): Promise<void> {
  const names = await pendingMasks(tx);
  if (names.length === 0) return;
  const wanted = readMasks();
  for (const { name } of await masksThatDiffer(tx)) await tx.execute(sql.raw(`drop view ${masked(name)}`));
  for (const name of names) {
    const harmless = wanted[name] ?? [];
    const [source] = await tx.execute<{ columns: string[] | null }>(sql`
      select array_agg(attname::text order by attnum) as columns from pg_attribute
      where attrelid = to_regclass(${whole(name)}) and attname::text in ${harmless} and not attisdropped`);
    if (harmless.length === 0 || !source?.columns) continue;
    const columns = source.columns.map(quoted).join(', ');
    await tx.execute(sql.raw(`create or replace view ${masked(name)} as select ${columns} from ${whole(name)}`));
    for (const { statement } of await commentsFor(tx, name)) await tx.execute(sql.raw(statement));
  }
}

/** Views that have to be dropped: for too many, or for columns that are gone or stand elsewhere. */
const masksThatDiffer = (db: Executor) =>
  db.execute<{ name: string }>(sql`
    with wanted as (
      select n.key as name, array_agg(a.attname::text order by a.attnum) as columns
      from jsonb_each(${readFileSync(masksFile, 'utf8')}::text::jsonb) n
      join pg_class c on c.relnamespace = to_regnamespace(${quoted(schemas.hive)}) and c.relname = n.key and c.relkind in ('r', 'p', 'v', 'm')
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and n.value ? a.attname::text
      group by n.key)
    select c.relname::text as name
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join wanted w on w.name = c.relname
    where c.relnamespace = to_regnamespace(${quoted(schemas.masked)}) and c.relkind = 'v'
    group by c.relname, w.columns
    having w.columns is null or array_agg(a.attname::text order by a.attnum) <> w.columns[1:count(*)]
    order by 1`);

/** Those, for takeAway(). */
export const masksInTheWay = async (db: Executor): Promise<Doomed[]> =>
  (await masksThatDiffer(db)).map(({ name }) => doomedAt([schemas.masked, name]));

/**
 * Before migrations: drops the views that hang on what these drop or change, and keeps their rights, for giveBack().
 * What others built on them is out of the way by then.
 */
export async function dropMasks(tx: Executor, doomed: readonly Doomed[]): Promise<TakenAway> {
  const sources = new Set(doomed.map(({ relation }) => relation));
  const found = await tx.execute<{ name: string }>(
    sql`select relname::text as name from pg_class where relnamespace = to_regnamespace(${quoted(schemas.masked)}) and relkind = 'v'`,
  );
  const rights = new Map<string, readonly Right[] | undefined>();
  for (const { name } of found) {
    if (!sources.has(whole(name))) continue;
    rights.set(masked(name), await readRights(tx, masked(name)));
    await tx.execute(sql.raw(`drop view ${masked(name)}`));
  }
  return { views: [], rights };
}

const whole = (name: string): string => `${quoted(schemas.hive)}.${quoted(name)}`;
const masked = (name: string): string => `${quoted(schemas.masked)}.${quoted(name)}`;

/** The comments of the table or view and its columns, for the view of the same name. */
const commentsFor = (db: Executor, name: string) =>
  db.execute<{ statement: string }>(sql`
    select format('comment on view %I.%I is %L', ${schemas.masked}::text, ${name}::text, obj_description(c.oid, 'pg_class')) as statement
    from pg_class c where c.oid = to_regclass(${whole(name)})
    union all
    select format('comment on column %I.%I.%I is %L', ${schemas.masked}::text, ${name}::text, m.attname, col_description(h.attrelid, h.attnum))
    from pg_attribute h join pg_attribute m on m.attname = h.attname and m.attnum > 0
    where h.attrelid = to_regclass(${whole(name)}) and m.attrelid = to_regclass(${masked(name)})`);
