// Schema hive_masked: a view for each table and view of schema hive, without personal data. What may be seen stands in
// migrations/masks.json, which is made of the collections' files; what is not in there is left out. Like comments, the
// views are compared with that file and not kept in migrations. There are none until somebody grants them to a role.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { describe, ServiceUnavailableError } from '../errors.js';
import type { Db, Executor } from './database.js';

export const MASKED = 'hive_masked';

const masksFile = fileURLToPath(new URL('../../migrations/masks.json', import.meta.url));

/** Names of views that are missing, differ or are too many; nothing where the schema was never asked for. */
export async function pendingMasks(db: Executor): Promise<string[]> {
  const rows = await db.execute<{ name: string }>(sql`
    with wanted as (
      select n.key as name, array_agg(a.attname::text order by a.attnum) as columns
      from jsonb_each(${readFileSync(masksFile, 'utf8')}::text::jsonb) n
      join pg_class c on c.relnamespace = to_regnamespace('hive') and c.relname = n.key and c.relkind in ('r', 'p', 'v', 'm')
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and n.value ? a.attname::text
      group by n.key),
    found as (
      select c.relname::text as name, array_agg(a.attname::text order by a.attnum) as columns
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relnamespace = to_regnamespace(${MASKED}) and c.relkind = 'v' group by 1)
    select coalesce(wanted.name, found.name) as name from wanted full join found on found.name = wanted.name
    where to_regnamespace(${MASKED}) is not null and wanted.columns is distinct from found.columns
    order by 1`);
  return rows.map(({ name }) => name);
}

/** Makes the schema, and in it what is missing or differs. */
export async function makeMasks(db: Db): Promise<void> {
  await db.execute(sql`create schema if not exists hive_masked`);
  await db.execute(
    sql`comment on schema hive_masked is ${sql.raw(`'The tables and views of schema hive without personal data. Made by hive-sync grant --mask-personal-data.'`)}`,
  );
  await setMasks(db);
}

/** Brings the views in step, where there is the schema. */
export async function setMasks(db: Db): Promise<void> {
  const names = await pendingMasks(db);
  if (names.length === 0) return;
  const wanted = JSON.parse(readFileSync(masksFile, 'utf8')) as Record<string, string[]>;
  await db.transaction(async (tx) => {
    await dropMasks(tx, names);
    for (const name of names) {
      const harmless = wanted[name] ?? [];
      const [source] = await tx.execute<{ columns: string[] | null }>(sql`
        select array_agg(attname::text order by attnum) as columns from pg_attribute
        where attrelid = to_regclass(${`hive.${quoted(name)}`}) and attname::text in ${harmless} and not attisdropped`);
      if (harmless.length === 0 || !source?.columns) continue;
      const columns = source.columns.map(quoted).join(', ');
      await tx.execute(sql.raw(`create view ${MASKED}.${quoted(name)} as select ${columns} from hive.${quoted(name)}`));
      for (const { statement } of await commentsFor(tx, name)) await tx.execute(sql.raw(statement));
    }
  });
}

/** Before migrations: a view that hangs on a column would keep them from changing it. */
export async function dropMasks(db: Executor, names?: readonly string[]): Promise<void> {
  const found = await db.execute<{ name: string }>(
    sql`select relname::text as name from pg_class where relnamespace = to_regnamespace(${MASKED}) and relkind = 'v'`,
  );
  const gone = found.filter(({ name }) => names?.includes(name) ?? true);
  if (gone.length === 0) return;
  try {
    await db.execute(sql.raw(`drop view ${gone.map(({ name }) => `${MASKED}.${quoted(name)}`).join(', ')}`));
  } catch (error) {
    throw new ServiceUnavailableError(
      `The views in schema ${MASKED} have to be made again, but others were built on them (${describe(error)}). Drop those, then run: hive-sync migrate`,
      { cause: error },
    );
  }
}

/** The comments of the table or view and its columns, for the view of the same name. */
const commentsFor = (db: Executor, name: string) =>
  db.execute<{ statement: string }>(sql`
    select format('comment on view %I.%I is %L', ${MASKED}::text, ${name}::text, obj_description(c.oid, 'pg_class')) as statement
    from pg_class c where c.oid = to_regclass(${`hive.${quoted(name)}`})
    union all
    select format('comment on column %I.%I.%I is %L', ${MASKED}::text, ${name}::text, m.attname, col_description(h.attrelid, h.attnum))
    from pg_attribute h join pg_attribute m on m.attname = h.attname and m.attnum > 0
    where h.attrelid = to_regclass(${`hive.${quoted(name)}`}) and m.attrelid = to_regclass(${`${MASKED}.${quoted(name)}`})`);

/** As PostgreSQL reads a name, whatever is in it. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
