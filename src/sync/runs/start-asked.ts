// A run that somebody asks a running worker for, on the status page or over HTTP: filed here, read by the workers.
import type { Run } from '../../db/ledger.js';
import type { Collection } from '../collection.js';
import type { SyncContext } from '../context.js';
import { type AskedRange, clampRange, type RangeNames } from './backfill-range.js';
import { refuseSecond, startAlone } from './start-alone.js';
import { fileRun, nextMode, type RunOptions } from './start-run.js';

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
  const { collections, allowDeletes } = asked;
  await context.probe();
  const mode = asked.mode === 'incremental' ? await nextMode(context.db, context.account, collections) : asked.mode;
  await refuseSecond(context.db, context.account, mode);
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
  return startAlone(context, mode, (tx) => fileRun(tx, context, collections, options));
}
