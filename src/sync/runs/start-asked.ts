// A run that somebody asks a running worker for, on the status page or over HTTP: filed here, read by the workers.
// Runs of one mode never overlap.
import { sql } from 'drizzle-orm';
import { type Run, runningRuns } from '../../db/ledger.js';
import { RunGoingError } from '../../errors.js';
import type { Collection } from '../collection.js';
import type { SyncContext } from '../context.js';
import { type AskedRange, clampRange, type RangeNames } from './backfill-range.js';
import { nextMode, type RunOptions, startRun } from './start-run.js';

export type AskedRun = { readonly collections: readonly Collection[]; readonly allowDeletes?: boolean } & (
  | { readonly mode: 'incremental' | 'full' }
  | { readonly mode: 'backfill'; readonly range: AskedRange; readonly names: RangeNames }
);

/**
 * Files the run; its mode is full when an incremental one has nothing to be incremental to. A backfill costs up to two
 * requests per collection first, to find its oldest record; `signal` ends the wait for them. A halted account tries again.
 * @throws RunGoingError, UsageError for a range in the future, and what the client throws
 */
export async function startAsked(
  context: SyncContext,
  asked: AskedRun,
  { say = () => {}, signal }: { say?: (sentence: string) => void; signal?: AbortSignal } = {},
): Promise<Run> {
  const { db, account } = context;
  const { collections, allowDeletes } = asked;
  // Before the transaction: inside, it would wait for another connection while holding one.
  await context.probe();
  const mode = asked.mode === 'incremental' ? await nextMode(context, collections) : asked.mode;
  await refuseSecond(context, mode);
  const common = { trigger: 'api' as const, allowDeletes };
  const options: RunOptions =
    asked.mode === 'backfill'
      ? {
          ...common,
          mode: 'backfill',
          ...(await clampRange(context, collections, asked.range, {
            names: asked.names,
            say,
            ...(signal === undefined ? {} : { signal }),
          })),
        }
      : { ...common, mode: mode as 'incremental' | 'full' };
  return db.transaction(async (tx) => {
    // Two who ask in the same moment. Not waited for: each waiter would keep a connection that the first one needs.
    const [lock] = await tx.execute<{ ours: boolean }>(sql`
      select pg_try_advisory_xact_lock(hashtextextended(${`hive-sync start ${account} ${mode}`}, 0)) as ours`);
    if (lock?.ours !== true) throw new RunGoingError(account, mode, undefined);
    await refuseSecond(context, mode);
    return startRun(context, collections, options);
  });
}

async function refuseSecond({ db, account }: SyncContext, mode: string): Promise<void> {
  const going = (await runningRuns(db, account)).find((run) => run.mode === mode);
  if (going !== undefined) throw new RunGoingError(account, mode, going.id);
}
