// What stands in a migration's way: written down and dropped before it, made again after it, or named and refused.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { DependentsError } from '../../errors.js';
import { calledNow, schemas, written } from '../../schema-names.js';
import type { Executor } from '../database.js';
import { type Dependent, findDependents, inWords } from './dependents.js';
import type { Doomed, Place } from './doomed.js';
import { type Right, readRights, setRights } from './rights.js';
import { dropView, makeAgain, type SavedView, saveView } from './saved-views.js';

export interface TakenAway {
  /** Of others, lowest first. */
  readonly views: readonly SavedView[];
  /** Rights on relations of ours that are dropped, by their name as PostgreSQL reads it. */
  readonly rights: ReadonlyMap<string, readonly Right[] | undefined>;
}

const commentsFile = fileURLToPath(new URL('../../../migrations/comments.json', import.meta.url));
/** Every table and view of ours has a comment. */
const placesOfOurs = (): Place[] =>
  Object.keys(JSON.parse(readFileSync(commentsFile, 'utf8')) as Record<string, string>).flatMap((key) => {
    const [schema = '', name = '', ...more] = key.split('.');
    return name !== '' && more.length === 0 ? [[calledNow(schema), name] as const] : [];
  });

/**
 * Clears the way for what drops these relations. Without `recreate` nothing of others is touched.
 * @throws DependentsError when others have something there: its sentence names it, and what to do
 */
export async function takeAway(tx: Executor, doomed: readonly Doomed[], recreate: boolean): Promise<TakenAway> {
  const ours = [...placesOfOurs(), ...doomed.filter(({ column }) => column === undefined).map(({ place }) => place)];
  const found = await findDependents(tx, doomed, ours);
  refuseSome(found, recreate);
  const views: SavedView[] = [];
  for (const dependent of found) views.push(await saveView(tx, dependent));
  const rights = new Map<string, readonly Right[] | undefined>();
  for (const { relation, column } of doomed) {
    if (column === undefined && (await exists(tx, relation))) rights.set(relation, await readRights(tx, relation));
  }
  for (const view of [...views].reverse()) await as(tx, view.owner, () => dropView(tx, view));
  return { views, rights };
}

/** After the migration: rights on ours first, as the views of others are made with them. */
export async function giveBack(tx: Executor, { views, rights }: TakenAway): Promise<void> {
  for (const [relation, before] of rights) if (await exists(tx, relation)) await setRights(tx, relation, before);
  for (const view of views) await as(tx, view.owner, () => makeAgain(tx, view));
}

function refuseSome(found: readonly Dependent[], recreate: boolean): void {
  if (found.length === 0) return;
  const others = found.filter(({ oid }) => oid === undefined);
  if (others.length > 0) {
    throw new DependentsError(
      `The views of hive-sync have to be made anew, and others use them in a way that cannot be made again by itself: ${inWords(others)}. Drop that, run "hive-sync migrate", and make it again.`,
    );
  }
  if (!recreate) {
    throw new DependentsError(
      `The views of hive-sync have to be made anew, and others were built on them: ${inWords(found)}. Run "hive-sync migrate --recreate-dependents", which drops these and makes them again with their rights and comments, or drop them yourself.`,
    );
  }
  const foreign = found.filter(({ ownable }) => !ownable);
  if (foreign.length > 0) {
    throw new DependentsError(
      `The database user of hive-sync may not act for the owners of ${inWords(foreign)}. Let a superuser, or a member of these roles and of the owner of schema ${written(schemas.sync)}, run: hive-sync migrate --recreate-dependents`,
    );
  }
}

/** Runs `act` as that role, then as before. A statement that fails ends the transaction, and the role with it. */
async function as(tx: Executor, role: string, act: () => Promise<void>): Promise<void> {
  const [before] = await tx.execute<{ role: string }>(sql`select current_setting('role') as role`);
  await tx.execute(sql`select set_config('role', ${role}, true)`);
  await act();
  await tx.execute(sql`select set_config('role', ${before?.role ?? 'none'}, true)`);
}

async function exists(tx: Executor, relation: string): Promise<boolean> {
  const [found] = await tx.execute<{ is: boolean }>(sql`select to_regclass(${relation}) is not null as is`);
  return found?.is ?? false;
}
