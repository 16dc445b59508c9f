// A run whose time has come: started, unless one of its mode is still going.
// An account that was halted gets one request to show that its key works again.
import { RunGoingError } from '../../errors.js';
import type { SyncContext } from '../context.js';
import { refuseSecond, startAlone } from './start-alone.js';
import { fileRun, nextMode } from './start-run.js';

export async function startScheduled(context: SyncContext, due: 'incremental' | 'full'): Promise<void> {
  const { account, collections, db, log } = context;
  const mode = due === 'full' ? due : await nextMode(db, account, collections);
  try {
    await refuseSecond(db, account, mode);
    await context.probe();
    await startAlone(context, mode, (tx) => fileRun(tx, context, collections, { mode, trigger: 'schedule' }));
  } catch (error) {
    if (!(error instanceof RunGoingError)) throw error;
    log.warn({ run: error.runId, mode }, 'the last run is still going, this one is skipped');
  }
}
