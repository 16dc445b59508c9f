// Starts a run: files it with its windows and sends out one request. Only when that has come back do the other windows
// start, so that a wrong key costs two requests and not one per collection.
import type { Executor } from '../../db/database.js';
import {
  allowDeletes,
  createRun,
  isEverCertified,
  type NewRun,
  type NewWindow,
  type Run,
  readClock,
  readHeadMark,
  runningRuns,
} from '../../db/ledger.js';
import { addLookups } from '../../db/lookups.js';
import type { Collection } from '../collection.js';
import type { SyncContext } from '../context.js';
import { PRIORITY, planBackfill, planFull, planIncremental } from './plan.js';
import { enqueueWaiting } from './send-out.js';

export type RunOptions = Pick<NewRun, 'trigger' | 'allowDeletes'> &
  ({ readonly mode: 'full' | 'incremental' } | { readonly mode: 'backfill'; readonly from: Date; readonly to: Date });

/** Lifts no halt: callers have done so (context.probe) before they began a transaction or asked the API. */
export async function startRun(
  context: SyncContext,
  collections: readonly Collection[],
  options: RunOptions,
): Promise<Run> {
  const windows = await planRun(context, collections, options);
  const run = await createRun(
    context.db,
    { ...options, account: context.account, collections: collections.map(({ name }) => name) },
    windows,
    context.claims.claim,
  );
  context.log.info({ run: run.id, mode: run.mode, windows: windows.length }, 'run started');
  await enqueueWaiting(context, run.id, 'scout');
  return run;
}

/**
 * The first sync is a full one: before anything was certified there is nothing to be incremental to. While a first full
 * run is still under way, or waits to be resumed, it is the one to go on with.
 */
export async function nextMode(
  { db, account }: Pick<SyncContext, 'db' | 'account'>,
  collections: readonly Collection[],
): Promise<'incremental' | 'full'> {
  const certified = await Promise.all(collections.map(({ name }) => isEverCertified(db, account, name)));
  const uncertified = collections.filter((_, i) => certified[i] !== true).map(({ name }) => name);
  if (uncertified.length === 0) return 'incremental';
  if (uncertified.length === collections.length) return 'full';
  const isFirstUnderWay = (await runningRuns(db, account)).some(
    (run) => run.mode === 'full' && uncertified.some((name) => run.collections.includes(name)),
  );
  return isFirstUnderWay ? 'full' : 'incremental';
}

export async function planRun(
  { db, account }: Pick<SyncContext, 'db' | 'account'>,
  collections: readonly Collection[],
  options: RunOptions,
): Promise<NewWindow[]> {
  const now = await readClock(db);
  if (options.mode === 'full') return planFull(collections, now);
  if (options.mode === 'backfill') return collections.flatMap((one) => planBackfill(one, options.from, options.to));
  const marks = await Promise.all(collections.map(({ name }) => readHeadMark(db, account, name)));
  return collections.map((collection, i) => planIncremental(collection, now, marks[i]));
}

/**
 * A run that reads single records by hand, or tries dead letters again: those of pages have a window each. A halted
 * account tries again.
 */
export async function startLookups(
  context: SyncContext,
  mode: 'refresh' | 'retry',
  wanted: readonly { readonly collection: string; readonly ids: readonly number[] }[],
  windows: readonly NewWindow[] = [],
  trigger: NewRun['trigger'] = 'cli',
): Promise<Run> {
  await context.probe();
  // At once: a worker elsewhere would take a run without any work for one that has ended.
  const run = await context.db.transaction((tx) => fileLookups(tx, context, { mode, trigger, wanted, windows }));
  await enqueueWaiting(context, run.id, 'scout');
  return run;
}

interface WantedLookups {
  readonly mode: 'refresh' | 'retry';
  readonly trigger: NewRun['trigger'];
  readonly wanted: readonly { readonly collection: string; readonly ids: readonly number[] }[];
  readonly windows?: readonly NewWindow[];
}

/** Files the run in the transaction of the caller, who sends it out after that. */
export async function fileLookups(
  tx: Executor,
  { account, claims }: Pick<SyncContext, 'account' | 'claims'>,
  { mode, trigger, wanted, windows = [] }: WantedLookups,
): Promise<Run> {
  const collections = [...new Set([...wanted, ...windows].map(({ collection }) => collection))];
  const created = await createRun(tx, { mode, trigger, account, collections }, windows, claims.claim);
  for (const { collection, ids } of wanted) {
    await addLookups(tx, created, { collection, reason: mode, priority: PRIORITY.urgent }, ids);
  }
  return created;
}

/** Workers report every few seconds: after this silence a run is left behind even if the server still sees a claim. */
const LEFT_BEHIND_MS = 20_000;

/** Goes on with a run of the same collections that was left behind, or starts a new one. A halted account tries again. */
export async function resumeOrStart(
  context: SyncContext,
  collections: readonly Collection[],
  options: RunOptions,
): Promise<{ run: Run; resumed: boolean }> {
  await context.probe();
  const wanted = collections.map(({ name }) => name).join();
  const before = (await readClock(context.db)).getTime() - LEFT_BEHIND_MS;
  for (const run of (await runningRuns(context.db, context.account)).toReversed()) {
    if (!isSameWish(run.mode, options.mode) || run.collections.join() !== wanted || !isSameRange(run, options))
      continue;
    if (!(await context.claims.claim(run.id)) && run.heartbeat_at.getTime() >= before) continue;
    // It is said now, whatever was said when the run was started.
    if (options.allowDeletes === true) await allowDeletes(context.db, run.id);
    return { run, resumed: true };
  }
  return { run: await startRun(context, collections, options), resumed: false };
}

/** A full run that was left behind is what an incremental one would bring, and more: it is ended first. */
const isSameWish = (left: string, asked: RunOptions['mode']): boolean =>
  left === asked || (left === 'full' && asked === 'incremental');

/** The end of a backfill is the moment when it was started, unless it was given: a day's difference is the same wish. */
function isSameRange(run: Run, options: RunOptions): boolean {
  if (options.mode !== 'backfill') return true;
  const distance = Math.abs((run.to_at?.getTime() ?? 0) - options.to.getTime());
  return run.from_at?.getTime() === options.from.getTime() && distance < 86_400_000;
}
