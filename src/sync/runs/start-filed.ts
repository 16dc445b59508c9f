// The one way to start a run: it is filed in a transaction that its starter is handed, and what it begins with goes to
// the queue when that is committed. Inside, only `tx` is asked.
import type { Executor } from '../../db/database.js';
import type { Run } from '../../db/ledger.js';
import { transact } from '../../db/transact.js';
import type { SyncContext } from '../context.js';
import { enqueueWaiting } from './send-out.js';

/**
 * @param file undefined = there is nothing to start
 * @throws what `file` throws; then nothing was filed
 */
export async function startFiled<Filed extends Run | undefined>(
  context: SyncContext,
  file: (tx: Executor) => Promise<Filed>,
): Promise<Filed> {
  const run = await transact(context.db, file);
  if (run === undefined) return run;
  const isSmall = run.mode === 'refresh' || run.mode === 'retry';
  context.log[isSmall ? 'debug' : 'info']({ run: run.id, mode: run.mode, trigger: run.trigger }, 'run started');
  await enqueueWaiting(context, run.id, 'scout');
  return run;
}
