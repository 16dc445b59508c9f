// Starts a run: files it with its windows and sends out one request. Only when that has come back do the other windows
// start, so that a wrong key costs two requests and not one per collection.
import { sql } from 'drizzle-orm';
import type { Db } from '../db/database.js';
import { createRun, type NewRun, type Run, readClock, readWindows, runningRuns } from '../db/ledger.js';
import type { Collection } from './collection.js';
import type { SyncContext } from './context.js';
import { planFull } from './plan.js';

export async function startRun(
  context: SyncContext,
  collections: readonly Collection[],
  options: Pick<NewRun, 'mode' | 'trigger'>,
): Promise<Run> {
  const windows = planFull(collections, await readClock(context.db));
  const run = await createRun(
    context.db,
    { ...options, account: context.account, collections: collections.map(({ name }) => name) },
    windows,
  );
  context.log.info({ run: run.id, mode: run.mode, windows: windows.length }, 'run started');
  await enqueueHeads(context, run.id, 'scout');
  return run;
}

/** Sends out page 1 of the windows that wait: of the first one only, or of all. */
export async function enqueueHeads(context: SyncContext, runId: number, which: 'scout' | 'all'): Promise<void> {
  const waiting = (await readWindows(context.db, runId)).filter(({ state }) => state === 'waiting');
  const heads = waiting.map(({ id, pass, priority }) => ({ windowId: id, pass, page: 1, priority }));
  await context.enqueue(which === 'scout' ? heads.slice(0, 1) : heads);
}

/** A run whose workers have not been heard of for this long has been left behind. Workers report every few seconds. */
const LEFT_BEHIND_MS = 20_000;

/** Goes on with a run of the same mode and collections that was left behind, or starts a new one. */
export async function resumeOrStart(
  context: SyncContext,
  collections: readonly Collection[],
  options: Pick<NewRun, 'mode' | 'trigger'>,
): Promise<{ run: Run; resumed: boolean }> {
  const wanted = collections.map(({ name }) => name).join();
  const before = (await readClock(context.db)).getTime() - LEFT_BEHIND_MS;
  const left = (await runningRuns(context.db, context.account)).findLast(
    (run) => run.mode === options.mode && run.collections.join() === wanted && run.heartbeat_at.getTime() < before,
  );
  if (left !== undefined) return { run: left, resumed: true };
  return { run: await startRun(context, collections, options), resumed: false };
}

/** Lets the next process go on with these runs at once. */
export async function releaseRuns(db: Db, runIds: readonly number[]): Promise<void> {
  await db.execute(sql`
    update sync.runs set heartbeat_at = to_timestamp(0)
    where id = any(${`{${runIds.join(',')}}`}::bigint[]) and state = 'running'`);
}
