// A run whose time has come: started, unless one of its mode is still going. Runs of one mode never overlap.
// An account that was halted gets one request to show that its key works again.
import { runningRuns } from '../../db/ledger.js';
import type { SyncContext } from '../context.js';
import { nextMode, startRun } from './start-run.js';

export async function startScheduled(context: SyncContext, due: 'incremental' | 'full'): Promise<void> {
  const { db, account, collections, log } = context;
  const mode = due === 'full' ? due : await nextMode(context, collections);
  const going = (await runningRuns(db, account)).find((run) => run.mode === mode);
  if (going !== undefined) {
    log.warn({ run: going.id, mode }, 'the last run is still going, this one is skipped');
    return;
  }
  await context.probe();
  await startRun(context, collections, { mode, trigger: 'schedule' });
}
