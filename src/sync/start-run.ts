// Starts a run: files it with its windows and sends out one request. Only when that has come back do the other windows
// start, so that a wrong key costs two requests and not one per collection.
import { createRun, type NewRun, type Run, readClock, readWindows } from '../db/ledger.js';
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
