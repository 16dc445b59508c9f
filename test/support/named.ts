// A database without any schema of ours, and the settings that give the schemas other names than they have by default.
import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import type { Database, Executor } from '../../src/db/database.js';
import { chooseSchemas, namesFrom } from '../../src/schema-names.js';
import { atEndOfFile } from './clean-up.js';
import { openStage, type Stage } from './command.js';
import { openTestDatabase } from './database.js';

/** One that has to be quoted in every way, one with a sign, and one as most people choose. */
export const NAMED = { HIVE_SCHEMA: 'Shop "x".é', SYNC_SCHEMA: 'shop-sync', QUEUE_SCHEMA: 'shop_queue' };

export interface NamedStage extends Stage {
  /** For statements in which nothing is replaced. */
  readonly plain: postgres.Sql;
}

export async function openNamedStage(
  options: Parameters<typeof openStage>[0],
  env: Readonly<Record<string, string>> = {},
): Promise<NamedStage> {
  const stage = await openStage(options, { ...NAMED, ...env });
  const plain = postgres(stage.url, { max: 1, onnotice: () => {} });
  atEndOfFile(() => plain.end());
  atEndOfFile(() => stage.simulator.close());
  await plain.unsafe('drop schema if exists hive, sync, bullmq cascade');
  return { ...stage, plain };
}

/** The same without a simulator, for the product's code in the test's own process. */
export async function openNamedDatabase(): Promise<Database & { readonly url: string; readonly plain: postgres.Sql }> {
  const database = await openTestDatabase();
  const plain = postgres(database.url, { max: 1, onnotice: () => {} });
  atEndOfFile(() => plain.end());
  await plain.unsafe('drop schema if exists hive, sync, bullmq cascade');
  return { ...database, plain };
}

/** For what the test itself asks the product's code; until the end of the file. */
export function chooseNamed(): void {
  chooseSchemas(namesFrom({ hive: NAMED.HIVE_SCHEMA, sync: NAMED.SYNC_SCHEMA, queue: NAMED.QUEUE_SCHEMA }));
  atEndOfFile(async () => chooseSchemas(namesFrom({})));
}

/** Everything in the catalogs that people or PostgreSQL read: bodies of functions, views, triggers, comments, defaults. */
export async function textsInCatalogs(plain: postgres.Sql): Promise<{ place: string; text: string }[]> {
  return plain<{ place: string; text: string }[]>`
    with ours as (select oid from pg_namespace where nspname !~ '^(pg_|information_schema)')
    select p.oid::regprocedure::text as place, pg_get_functiondef(p.oid) as text from pg_proc p
      join ours on ours.oid = p.pronamespace where p.prokind in ('f', 'p')
    union all select c.oid::regclass::text, pg_get_viewdef(c.oid) from pg_class c
      join ours on ours.oid = c.relnamespace where c.relkind in ('v', 'm')
    union all select t.tgrelid::regclass::text, pg_get_triggerdef(t.oid) from pg_trigger t where not tgisinternal
    union all select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) from pg_index i
      join pg_class c on c.oid = i.indexrelid join ours on ours.oid = c.relnamespace
    union all select d.adrelid::regclass::text, pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d
    union all select k.conname::text, pg_get_constraintdef(k.oid) from pg_constraint k join ours on ours.oid = k.connamespace
    union all select coalesce(d.classoid::regclass::text, '') || ' ' || d.objoid, d.description from pg_description d
      where d.objoid >= 16384`;
}

/** A schema's default name where it stands for the schema. */
export const DEFAULT_NAME =
  /(?<![\w./@-])"?(hive|hive_masked|sync|bullmq)"?\.["a-z_]|\bschemas? "?(hive|hive_masked|sync|bullmq)\b(?![-.])/;

export const schemaNames = async (db: Executor): Promise<string[]> => {
  const rows = await db.execute<{ name: string }>(
    sql`select nspname::text as name from pg_namespace where nspname !~ '^(pg_|information_schema|public)' order by 1`,
  );
  return rows.map(({ name }) => name);
};
