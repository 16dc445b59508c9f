// Brings the schema in step with this release. Safe to call from several processes at once. All of it is one
// transaction: migrations, comments, masks, and the views of others that stood in the way.
import { sql } from 'drizzle-orm';
import { DependentsError, describe } from '../errors.js';
import { hasCode } from '../service-trouble.js';
import { pendingComments, setComments } from './comments.js';
import { type Database, type Executor, openDatabase } from './database.js';
import { dropMasks, masksInTheWay, pendingMasks, setMasks } from './masks.js';
import { doomedBy } from './migrating/doomed.js';
import { builderOf, checkBuilding, checkGround } from './migrating/ground.js';
import { type LockPatience, OtherMigrationError, throughLocks } from './migrating/lock-waits.js';
import { checkNames } from './migrating/other-names.js';
import { applyStep, makeBookkeeping, nameSteps, pendingSteps, RELEASED, type Step } from './migrating/steps.js';
import { giveBack, takeAway } from './migrating/take-away.js';
import { checkParts } from './missing-parts.js';

/** Any number that nobody else uses: one migration at a time per database. */
const LOCK = 4_810_276;

/** The migration that adds the columns for names. */
const NAMED_SINCE = '0012';

/** What stands for the comments of the database among the tags of migrations. */
const COMMENTS = 'comments';
/** The same for the views of schema hive_masked. */
const MASKS = 'masks';

export interface MigrateOptions extends LockPatience {
  /** Views of others in the way are dropped and made again. Default: false, they are named in an error. */
  readonly recreateDependents?: boolean;
  /** Under other names there is one already, and it is known. Default: false, it is named in an error. */
  readonly isSecond?: boolean;
  /** Where the migrations are. Default: those of this release. */
  readonly folder?: string;
}

/**
 * Tags of the migrations that the database lacks, oldest first, then `comments` and `masks` when some of them differ.
 * @throws NewerSchemaError when it has migrations that this release does not know; UsageError when its schemas are somebody
 *   else's, or it is installed under other names; NotPermittedError when they may not be used; MissingPartsError when
 *   something that they made is gone
 */
export async function pendingMigrations(
  { db }: Pick<Database, 'db'>,
  { folder = RELEASED, isSecond = false }: Pick<MigrateOptions, 'folder' | 'isSecond'> = {},
): Promise<string[]> {
  await checkNames(db, isSecond);
  await checkGround(db);
  const steps = await pendingSteps(db, folder);
  if (steps.length === 0) await checkParts(db, folder);
  return tagsOf(db, steps);
}

async function tagsOf(db: Executor, steps: readonly Step[]): Promise<string[]> {
  const tags = steps.map(({ tag }) => tag);
  if ((await pendingComments(db)).length > 0) tags.push(COMMENTS);
  if ((await pendingMasks(db)).length > 0) tags.push(MASKS);
  return tags;
}

/**
 * Applies what is pending; returns the tags that were applied.
 * @throws as pendingMigrations; NotPermittedError when something may not be made; DependentsError when others' views are in the way; ServiceUnavailableError when a lock is
 *   not to be had. Then nothing was changed.
 */
export async function migrate(database: Database, options: MigrateOptions = {}): Promise<string[]> {
  const { recreateDependents = false, isSecond = false, folder = RELEASED } = options;
  if ((await pendingMigrations(database, options)).length === 0) return [];
  // A connection of its own: the pool stays free to see whom it waits for.
  const single = await openDatabase(database.address, { connections: 1 });
  try {
    return await throughLocks(database.db, options, (lockMs, watch) =>
      single.db.transaction(async (tx) => {
        // Asked here, as another transaction may have another session.
        const [backend] = await tx.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`);
        watch(backend?.pid ?? 0);
        return bringInStep(tx, { folder, lockMs, recreateDependents, isSecond });
      }),
    );
  } finally {
    await single.close();
  }
}

async function bringInStep(
  tx: Executor,
  {
    folder,
    lockMs,
    recreateDependents,
    isSecond,
  }: Required<Omit<MigrateOptions, keyof LockPatience>> & { lockMs: number },
): Promise<string[]> {
  await prepareTransaction(tx, lockMs, isSecond);
  const steps = await pendingSteps(tx, folder);
  const pending = await tagsOf(tx, steps);
  const doomed = doomedBy(steps);
  const away = await takeAway(tx, doomed, recreateDependents);
  const masks = await dropMasks(tx, doomed);
  await makeBookkeeping(tx);
  await applySteps(tx, steps);
  if (steps.some(({ tag }) => tag >= NAMED_SINCE)) await nameSteps(tx, folder, steps);
  const stale = await takeAway(tx, await masksInTheWay(tx), recreateDependents);
  await setMasks(tx);
  const comments = await pendingComments(tx);
  await setComments(tx, comments);
  await tx.execute(
    sql`insert into sync.installation (id) select gen_random_uuid() where not exists (select from sync.installation)`,
  );
  // What was taken away last stands lower.
  await giveBack(tx, masks);
  await giveBack(tx, stale);
  await giveBack(tx, away);
  // Steps leave alone what somebody dropped before them, unless they need it.
  await checkParts(tx, folder);
  return comments.length === 0 ? pending : [...new Set([...pending, COMMENTS])];
}

/** @throws OtherMigrationError while another process does the same */
async function prepareTransaction(tx: Executor, lockMs: number, isSecond: boolean): Promise<void> {
  await tx.execute(sql`select set_config('lock_timeout', ${`${lockMs}ms`}, true)`);
  const [lock] = await tx.execute<{ mine: boolean }>(sql`select pg_try_advisory_xact_lock(${LOCK}) as mine`);
  if (lock?.mine !== true) throw new OtherMigrationError('another process brings the schema in step');
  const { role, isOther } = await builderOf(tx);
  if (isOther) await tx.execute(sql`select set_config('role', ${role}, true)`);
  await checkNames(tx, isSecond);
  await checkBuilding(tx);
}

async function applySteps(tx: Executor, steps: readonly Step[]): Promise<void> {
  try {
    for (const step of steps) await applyStep(tx, step);
  } catch (error) {
    if (!isInUse(error)) throw error;
    throw new DependentsError(
      `A table or view of hive-sync cannot be changed, as others have built something on it (${describe(error)}). Drop that, run "hive-sync migrate", and make it again.`,
      { cause: error },
    );
  }
}

/** Others depend on it (2BP01), or a view uses the column whose type is to change (0A000). */
const isInUse = (error: unknown): boolean => hasCode(error, (code) => code === '2BP01' || code === '0A000');
