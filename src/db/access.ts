// Roles that read: all of schema hive, or only schema hive_masked, which has no personal data. Never schema sync. What
// roles can reach in the end is looked at after the change (reach.ts), and a change after which one of them reaches more
// than was promised is not made.
import { sql } from 'drizzle-orm';
import { describe, NotPermittedError, UsageError } from '../errors.js';
import { quoted, schemas, written } from '../schema-names.js';
import type { Db, Executor } from './database.js';
import { makeMasks } from './masks.js';
import { builderOf } from './migrating/ground.js';
import {
  type Member,
  membersOf,
  type Promised,
  promiseInWords,
  type Reach,
  reachBeyond,
  type ThroughView,
  viewsOfOthers,
} from './reach.js';
import { readPromises, rememberReader } from './readers.js';

export type Access = 'whole' | 'masked' | 'none';

/** The schema that is read with it. */
const readBy = (access: Access): string => (access === 'masked' ? schemas.masked : schemas.hive);

export interface Granted {
  /** Was the role made now? Then it has no password. */
  readonly isNew: boolean;
  readonly canLogIn: boolean;
  readonly tables: number;
  readonly views: number;
  /** Who has the same by being a member of the role; of a role that reads nothing any more, who had it. */
  readonly members: readonly Member[];
  /** How members of a role that reads nothing any more still read, each by its first way. */
  readonly keeps: readonly Reach[];
  /** Views of others on our tables that the role reads; empty for one that reads the tables. */
  readonly throughViews: readonly ThroughView[];
  /** Promises to others that did not hold before, and do not now. */
  readonly broken: readonly Reach[];
}

/** PostgreSQL cuts longer names, and so would give the rights to another role. */
const LONGEST_NAME_BYTES = 63;

/**
 * In one transaction: everything is done and looked at, or nothing.
 * @throws UsageError for a name that cannot be or must not become a reader's; NotPermittedError when it may not be done, when
 *   the role would be able to do more than is promised, or another reader than was promised to it
 */
export async function grantAccess(db: Db, role: string, access: Access): Promise<Granted> {
  checkName(role);
  const before = await checkRole(db, role);
  if (before === undefined && access === 'none') throw new UsageError(`There is no role "${role}".`);
  try {
    return await db.transaction(async (tx) => {
      if (before === undefined) await createRole(tx, role);
      const broken = await reachBeyond(tx, await readPromises(tx));
      if (access === 'masked') await makeMasks(tx);
      await setRights(tx, role, access);
      await rememberReader(tx, role, access);
      await checkPromises(tx, { role, access }, new Set(broken.map((one) => one.role)));
      const members = await membersOf(tx, role);
      return {
        isNew: before === undefined,
        canLogIn: before?.canLogIn ?? true,
        ...(await countReadable(tx, access)),
        members,
        keeps:
          access === 'none'
            ? await reachBeyond(
                tx,
                members.map(({ role }) => ({ role, access })),
              )
            : [],
        throughViews: access === 'whole' ? [] : await viewsOfOthers(tx, role),
        broken: broken.filter((one) => one.role !== role),
      };
    });
  } catch (error) {
    if (error instanceof NotPermittedError || sqlStateOf(error) !== '42501') throw error;
    throw new NotPermittedError(
      `The database user of hive-sync may not do that (${describe(error)}). It has to own schema ${written(schemas.hive)}, and a new schema needs the right to create one.`,
      { cause: error },
    );
  }
}

function checkName(role: string): void {
  if (role.trim() === '' || role.includes('\0') || Buffer.byteLength(role) > LONGEST_NAME_BYTES) {
    throw new UsageError(`"${role}" cannot be the name of a role. Expected 1 to ${LONGEST_NAME_BYTES} characters.`);
  }
  if (role.startsWith('pg_') || ['public', 'none'].includes(role)) {
    throw new UsageError(`"${role}" is a name that PostgreSQL keeps for itself. Expected another one.`);
  }
}

async function checkRole(db: Executor, role: string): Promise<{ canLogIn: boolean } | undefined> {
  const [found] = await db.execute<{ own: boolean; super: boolean; login: boolean; owner: boolean }>(sql`
    select rolname in (current_user, session_user) as own, rolsuper as super, rolcanlogin as login,
      exists (select from pg_namespace where nspname in (${schemas.hive}, ${schemas.sync}) and nspowner = pg_roles.oid) as owner
    from pg_roles where rolname = ${role}`);
  if (found === undefined) return undefined;
  const because = found.own
    ? 'is the database user of hive-sync itself'
    : found.super
      ? 'is a superuser, who reads everything'
      : found.owner
        ? 'owns the tables'
        : undefined;
  if (because !== undefined) throw new UsageError(`"${role}" ${because}. Expected a role that only reads.`);
  return { canLogIn: found.login };
}

async function createRole(tx: Executor, role: string): Promise<void> {
  try {
    await tx.execute(sql.raw(`create role ${quoted(role)} login`));
  } catch (error) {
    if (sqlStateOf(error) !== '42501') throw error;
    throw new NotPermittedError(
      `There is no role "${role}", and the database user of hive-sync may not make one. Let an administrator run: create role ${quoted(role)} login; then give this command again.`,
      { cause: error },
    );
  }
}

/** Everything is taken away first, so a role never keeps what it had before. */
async function setRights(tx: Executor, role: string, access: Access): Promise<void> {
  const to = quoted(role);
  const [current] = await tx.execute<{ database: string; masked: boolean }>(
    sql`select current_database() as database, to_regnamespace(${quoted(schemas.masked)}) is not null as masked`,
  );
  // Who makes the tables to come; an administrator may be running this.
  const { role: builder, isOther } = await builderOf(tx);
  const made = isOther ? [` for role ${quoted(builder)}`, ''] : [''];
  for (const schema of [schemas.hive, schemas.sync, ...(current?.masked ? [schemas.masked] : [])].map(quoted)) {
    await tx.execute(sql.raw(`revoke all on all tables in schema ${schema} from ${to}`));
    await tx.execute(sql.raw(`revoke all on all sequences in schema ${schema} from ${to}`));
    await tx.execute(sql.raw(`revoke all on schema ${schema} from ${to}`));
    for (const whose of made) {
      await tx.execute(sql.raw(`alter default privileges${whose} in schema ${schema} revoke all on tables from ${to}`));
    }
  }
  const database = quoted(current?.database ?? '');
  if (access === 'none') {
    await tx.execute(sql.raw(`revoke connect on database ${database} from ${to}`));
    return;
  }
  const schema = quoted(readBy(access));
  await tx.execute(sql.raw(`grant connect on database ${database} to ${to}`));
  await tx.execute(sql.raw(`grant usage on schema ${schema} to ${to}`));
  await tx.execute(sql.raw(`grant select on all tables in schema ${schema} to ${to}`));
  // Those to come: tables of a later release, and views that are made again.
  for (const whose of made) {
    await tx.execute(sql.raw(`alter default privileges${whose} in schema ${schema} grant select on tables to ${to}`));
  }
}

/**
 * Rights come in other ways, too, and those of a role are its members'. So this promise is looked at, and all of before that
 * held until now.
 */
async function checkPromises(tx: Executor, { role, access }: Promised, broken: ReadonlySet<string>): Promise<void> {
  const others = (await readPromises(tx)).filter((one) => one.role !== role && !broken.has(one.role));
  const [own] = await reachBeyond(tx, [{ role, access }]);
  if (own !== undefined) {
    const could = access === 'none' ? 'would still reach' : 'would reach';
    throw new NotPermittedError(
      `Role "${role}" ${could} ${own.what} ${own.how}. ${advice(own)} Nothing was changed; the role was left as it was.`,
    );
  }
  const [other] = await reachBeyond(tx, others);
  if (other !== undefined) {
    throw new NotPermittedError(
      `Role "${other.role}", which was given ${promiseInWords(other)} only, would reach ${other.what} ${other.how}. ${advice(other)} Nothing was changed.`,
    );
  }
  if (access === 'none') return;
  const schema = readBy(access);
  const [row] = await tx.execute<{ may: boolean }>(
    sql`select has_schema_privilege(${role}::name, ${schema}, 'usage') as may`,
  );
  if (row?.may === true) return;
  throw new NotPermittedError(
    `The database user of hive-sync may not give rights on schema ${written(schema)}: it does not own it.`,
  );
}

const advice = ({ remedy }: Reach): string => `Let an administrator run: ${remedy}; then give this command again.`;

async function countReadable(tx: Executor, access: Access): Promise<{ tables: number; views: number }> {
  const [row] = await tx.execute<{ tables: number; views: number }>(sql`
    select count(*) filter (where relkind in ('r', 'p')) as tables, count(*) filter (where relkind in ('v', 'm')) as views
    from pg_class where relnamespace = to_regnamespace(${quoted(readBy(access))})`);
  return { tables: row?.tables ?? 0, views: row?.views ?? 0 };
}

/** The code of PostgreSQL, wherever Drizzle has put it. */
function sqlStateOf(error: unknown): unknown {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
}
