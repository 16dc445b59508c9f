// A command wants something read. What a run that is going reads already is not read twice: that run is joined, or gone
// on with where it was left behind, and the rest is started.
import type { Executor } from '../../db/database.js';
import { allowDeletes, type Run, runningRuns } from '../../db/ledger.js';
import { RunGoingError } from '../../errors.js';
import type { Collection } from '../collection.js';
import type { SyncContext } from '../context.js';
import { isLeftBehind, unknownIn } from './left-behind.js';
import { beTheOnlyStarter } from './start-alone.js';
import { startFiled } from './start-filed.js';
import { fileRun, type RunOptions } from './start-run.js';

export interface Joined {
  readonly run: Run;
  /** Left behind = nobody stands behind it any more; going = another process does. */
  readonly was: 'started' | 'left behind' | 'going';
}

export interface JoinedRuns {
  /** At least one. */
  readonly joined: readonly Joined[];
  /** What none of them reads. To be asked for again when they have ended. */
  readonly rest: readonly Collection[];
}

/**
 * Joins the runs that read what is wanted, or starts one. Two that ask at once get the same run. A halted account tries
 * again. @throws RunGoingError when a run would have to be followed and `follow` is false; then nothing was started
 */
export async function joinOrStart(
  context: SyncContext,
  collections: readonly Collection[],
  options: RunOptions,
  { follow = true }: { readonly follow?: boolean } = {},
): Promise<JoinedRuns> {
  await context.probe();
  const joined: Joined[] = [];
  let rest = collections;
  await startFiled(context, async (tx) => {
    await beTheOnlyStarter(tx, context.account);
    for (const run of await runsForWish(tx, context, collections, options)) {
      if (!rest.some(({ name }) => run.collections.includes(name))) continue;
      const was = (await isLeftBehind(tx, context, run)) ? 'left behind' : 'going';
      if (was === 'going' && !follow) throw new RunGoingError(context.account, run.mode, run.id);
      // It is said now, whatever was said when the run was started.
      if (options.allowDeletes === true) await allowDeletes(tx, run.id);
      rest = rest.filter(({ name }) => !run.collections.includes(name));
      joined.push({ run, was });
    }
    if (joined.length > 0) return undefined;
    const run = await fileRun(tx, context, collections, options);
    joined.push({ run, was: 'started' });
    rest = [];
    return run;
  });
  return { joined, rest };
}

/** The run that would have to be followed. Looks only: it may have ended, or another begun, in the next moment. */
export async function findGoing(
  context: SyncContext,
  collections: readonly Collection[],
  options: RunOptions,
): Promise<Run | undefined> {
  for (const run of await runsForWish(context.db, context, collections, options)) {
    if (!(await isLeftBehind(context.db, context, run))) return run;
  }
  return undefined;
}

/** Those under way that bring what is wanted, or a part of it; the latest first. */
async function runsForWish(
  db: Executor,
  context: SyncContext,
  collections: readonly Collection[],
  options: RunOptions,
): Promise<Run[]> {
  return (await runningRuns(db, context.account)).toReversed().filter(
    (run) =>
      isSameWish(run.mode, options.mode) &&
      isSameRange(run, options) &&
      collections.some(({ name }) => run.collections.includes(name)) &&
      // What a newer release has begun cannot be ended here.
      unknownIn(context, run).length === 0,
  );
}

/** A full run is what an incremental one would bring, and more: it is ended first. */
const isSameWish = (left: string, asked: RunOptions['mode']): boolean =>
  left === asked || (left === 'full' && asked === 'incremental');

/** The end of a backfill is the moment when it was started, unless it was given: a day's difference is the same wish. */
function isSameRange(run: Run, options: RunOptions): boolean {
  if (options.mode !== 'backfill') return true;
  const distance = Math.abs((run.to_at?.getTime() ?? 0) - options.to.getTime());
  return run.from_at?.getTime() === options.from.getTime() && distance < 86_400_000;
}
