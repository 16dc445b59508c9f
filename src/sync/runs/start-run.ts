// Files a run with its windows. One request is sent out first; only when that has come back do the other windows start,
// so that a wrong key costs two requests and not one per collection.
import type { Executor } from '../../db/database.js';
import { isEverCertified, readHeadMark } from '../../db/head-marks.js';
import { createRun, type NewRun, type NewWindow, type Run, readClock, runningRuns } from '../../db/ledger.js';
import { addLookups } from '../../db/lookups.js';
import { findSameRetry } from '../../db/same-retry.js';
import type { Collection } from '../collection.js';
import type { SyncContext } from '../context.js';
import { PRIORITY, planBackfill, planFull, planIncremental } from './plan.js';
import { beTheOnlyStarter } from './start-alone.js';
import { startFiled } from './start-filed.js';

export type RunOptions = Pick<NewRun, 'trigger' | 'allowDeletes'> &
  ({ readonly mode: 'full' | 'incremental' } | { readonly mode: 'backfill'; readonly from: Date; readonly to: Date });

/** Starts a run beside whatever is going. Lifts no halt: callers have done so (context.probe). */
export const startRun = (context: SyncContext, collections: readonly Collection[], options: RunOptions): Promise<Run> =>
  startFiled(context, (tx) => fileRun(tx, context, collections, options));

export async function fileRun(
  tx: Executor,
  { account, claims }: Pick<SyncContext, 'account' | 'claims'>,
  collections: readonly Collection[],
  options: RunOptions,
): Promise<Run> {
  const windows = await planRun(tx, account, collections, options);
  const names = collections.map(({ name }) => name);
  return createRun(tx, { ...options, account, collections: names }, windows, claims.claim);
}

/**
 * The first sync is a full one: before anything was certified there is nothing to be incremental to. While a first full
 * run is still under way, or waits to be resumed, it is the one to go on with.
 */
export async function nextMode(
  db: Executor,
  account: string,
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
  db: Executor,
  account: string,
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
  return startFiled(context, (tx) => fileLookups(tx, context, { mode, trigger, wanted, windows }));
}

interface WantedLookups {
  readonly mode: 'refresh' | 'retry';
  readonly trigger: NewRun['trigger'];
  readonly wanted: readonly { readonly collection: string; readonly ids: readonly number[] }[];
  readonly windows?: readonly NewWindow[];
}

/**
 * All in one transaction: a worker elsewhere would take a run without any work for one that has ended. A retry that waits
 * for the very same is not filed twice.
 */
export async function fileLookups(
  tx: Executor,
  { account, claims }: Pick<SyncContext, 'account' | 'claims'>,
  { mode, trigger, wanted, windows = [] }: WantedLookups,
): Promise<Run> {
  if (mode === 'retry') {
    await beTheOnlyStarter(tx, account);
    const same = await findSameRetry(tx, { account, records: wanted, windows });
    if (same !== undefined) return same;
  }
  const collections = [...new Set([...wanted, ...windows].map(({ collection }) => collection))];
  const created = await createRun(tx, { mode, trigger, account, collections }, windows, claims.claim);
  for (const { collection, ids } of wanted) {
    await addLookups(tx, created, { collection, reason: mode, priority: PRIORITY.urgent }, ids);
  }
  return created;
}
