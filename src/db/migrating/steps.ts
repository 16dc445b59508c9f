// The migrations of this release, held against those that the database has. A database that has one more belongs to a
// newer release: this one does not know what its tables mean, and touches nothing.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { NewerSchemaError } from '../../errors.js';
import { calledNow, literal, schemas } from '../../schema-names.js';
import type { Executor } from '../database.js';

/** Where `npm run migrations:generate` writes. */
export const RELEASED = fileURLToPath(new URL('../../../migrations', import.meta.url));

export interface Step {
  /** Name of its file, without `.sql`. */
  readonly tag: string;
  /** Its key: milliseconds since 1970, from the journal. */
  readonly when: number;
  /** SHA-256 of the file, in hex, as drizzle-orm stores it. */
  readonly hash: string;
  readonly statements: readonly string[];
}

/** What an applied step is called by the database. `tag` and `release` are missing in rows of releases before 0012. */
interface Applied {
  readonly created_at: number;
  readonly tag?: string | null;
  readonly release?: string | null;
}

/** @returns oldest first */
export function readSteps(folder: string): Step[] {
  const { entries } = JSON.parse(readFileSync(`${folder}/meta/_journal.json`, 'utf8')) as {
    entries: { tag: string; when: number }[];
  };
  return entries.map(({ tag, when }) => {
    const text = readFileSync(`${folder}/${tag}.sql`, 'utf8');
    const hash = createHash('sha256').update(text).digest('hex');
    return { tag, when, hash, statements: text.split('--> statement-breakpoint') };
  });
}

/** Steps that the database lacks, oldest first. @throws NewerSchemaError when it has one that `folder` does not */
export async function pendingSteps(db: Executor, folder: string): Promise<Step[]> {
  const steps = readSteps(folder);
  const applied = await readApplied(db);
  const known = new Set(steps.map(({ when }) => when));
  const unknown = applied.filter(({ created_at }) => !known.has(Number(created_at)));
  if (unknown.length > 0) throw new NewerSchemaError(unknown.map(nameOf), newest(unknown), thisRelease());
  const done = new Set(applied.map(({ created_at }) => Number(created_at)));
  return steps.filter(({ when }) => !done.has(when));
}

async function readApplied(db: Executor): Promise<Applied[]> {
  // Not to_regclass(), which wants the right to use a schema that may be somebody else's.
  const [found] = await db.execute(sql`
    select from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${schemas.sync} and c.relname = 'migrations'`);
  if (found === undefined) return [];
  const rows = await db.execute<{ step: Applied }>(
    sql`select to_jsonb(m) as step from sync.migrations m order by created_at, id`,
  );
  return rows.map(({ step }) => step);
}

const nameOf = ({ tag, created_at }: Applied): string =>
  tag ?? `of ${new Date(Number(created_at)).toISOString().slice(0, 10)}`;

const newest = (steps: readonly Applied[]): string | undefined =>
  steps.map(({ release }) => release ?? undefined).findLast((release) => release !== undefined);

/** Runs what the step says and writes it down, in the transaction that is given. */
export async function applyStep(tx: Executor, { tag, when, hash, statements }: Step): Promise<void> {
  for (const statement of statements) {
    const [, schema] = MAKES_SCHEMA.exec(statement) ?? [];
    if (schema !== undefined) await makeSchema(tx, calledNow(schema));
    else await tx.execute(sql.raw(tag === NAMES_IN_LITERALS ? withNames(statement) : statement));
  }
  await tx.execute(sql`insert into sync.migrations (hash, created_at) values (${hash}, ${when})`);
}

/** Names what has been applied: after the last step, as the columns come with one. `applied` now, by this release. */
export async function nameSteps(tx: Executor, folder: string, applied: readonly Step[]): Promise<void> {
  const now = new Set(applied.map(({ when }) => when));
  const names = readSteps(folder).map(({ when, tag }) => ({
    when,
    tag,
    release: now.has(when) ? thisRelease() : null,
  }));
  await tx.execute(sql`
    update sync.migrations m set tag = n.tag, release = coalesce(m.release, n.release)
    from jsonb_to_recordset(${JSON.stringify(names)}::text::jsonb) n ("when" int8, tag text, release text)
    where n."when" = m.created_at and m.tag is null`);
}

/** The only migration that names schemas in literals, which stay as they are when a statement is sent. */
const NAMES_IN_LITERALS = '0012_releases';
const withNames = (statement: string): string =>
  statement.replace(/'(hive|hive_masked)'/g, (_, name: string) => literal(calledNow(name)));

const MAKES_SCHEMA = /^\s*create schema (?:if not exists )?"(\w+)";?\s*$/i;

/** Somebody may have made it for a role that cannot; `if not exists` wants the right all the same. */
export async function makeSchema(tx: Executor, name: string): Promise<void> {
  const [found] = await tx.execute(sql`select from pg_namespace where nspname = ${name}`);
  if (found === undefined) await tx.execute(sql`create schema ${sql.identifier(name)}`);
}

/** As drizzle-orm makes it, whose table it was. */
export async function makeBookkeeping(tx: Executor): Promise<void> {
  await makeSchema(tx, schemas.sync);
  await tx.execute(sql`
    create table if not exists sync.migrations (id serial primary key, hash text not null, created_at bigint)`);
}

/** Version of this release, from package.json. */
export function thisRelease(): string {
  const file = fileURLToPath(new URL('../../../package.json', import.meta.url));
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : 'unknown';
}
