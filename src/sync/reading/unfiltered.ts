// A list whose filter by created_at the API does not keep to. What was cut by instants is then no part of anything: the
// run reads the list as one without a filter, once, from its first page.
import { addWindows, closeWindow, lockRun, readWindows, type Window } from '../../db/ledger.js';
import { transact } from '../../db/transact.js';
import type { Collection } from '../collection.js';
import type { SyncContext } from '../context.js';
import { planUnfiltered } from '../runs/plan.js';
import { enqueueWaiting } from '../runs/send-out.js';

/** Closes what the run has cut of the collection by instants, and reads all of it instead. */
export async function readUnfiltered(context: SyncContext, collection: Collection, window: Window): Promise<void> {
  const { run_id: runId, account, priority } = window;
  const isNew = await transact(context.db, async (tx) => {
    await lockRun(tx, runId);
    const own = (await readWindows(tx, runId)).filter((one) => one.collection === collection.name);
    for (const cut of own.filter(({ from_at: from, to_at: to }) => from !== null || to !== null)) {
      await closeWindow(tx, cut, { state: 'split', reason: null, distinctIds: null });
    }
    if (own.some(({ kind, to_at: to }) => kind === 'whole' && to === null)) return false;
    await addWindows(tx, { id: runId, account }, [planUnfiltered(collection, priority)]);
    return true;
  });
  if (isNew) {
    context.log.warn(
      { run: runId, collection: collection.name },
      'the API does not keep to the filter by created_at, the list is read as one without a filter',
    );
  }
  await enqueueWaiting(context, runId, 'all');
}
