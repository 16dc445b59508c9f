// Finds work that the queue has lost (a killed worker, a flushed Redis, a crash between commit and enqueue) by asking
// the ledger, and sends it out again. Harmless at any time: jobs that are still there are not added twice.
import { sql } from 'drizzle-orm';
import { missingPages, readWindows, runningRuns } from '../db/ledger.js';
import { collectionOf, type SyncContext } from './context.js';
import { finishRun } from './finish-run.js';
import { finishWindow } from './finish-window.js';
import { isReadToTheEnd, pagesOfPass, readingOrder } from './reading-order.js';
import { enqueueWaiting } from './send-out.js';

export async function heal(context: SyncContext): Promise<void> {
  const runs = await runningRuns(context.db, context.account);
  await context.claims.refresh(runs.map(({ id }) => id));
  for (const run of runs) {
    // Its command may be called again and go on; nobody calls again for the others.
    if (run.trigger !== 'cli') await context.claims.claim(run.id);
    await context.db.execute(sql`update sync.runs set heartbeat_at = now() where id = ${run.id} and state = 'running'`);
    await healRun(context, run.id);
  }
}

async function healRun(context: SyncContext, runId: number): Promise<void> {
  const windows = await readWindows(context.db, runId);
  const started = windows.some(({ state }) => state !== 'waiting');
  await enqueueWaiting(context, runId, started ? 'all' : 'scout');
  for (const window of windows.filter(({ state }) => state === 'reading')) {
    if (isReadToTheEnd(window)) {
      await finishWindow(context, window);
      continue;
    }
    const order = readingOrder(collectionOf(context, window.collection));
    const pages = pagesOfPass(window) === null ? [1] : await missingPages(context.db, window, order, context.frontier);
    await context.enqueue(
      pages.map((page) => ({ windowId: window.id, pass: window.pass, page, priority: window.priority })),
    );
  }
  if (windows.every(({ state }) => state !== 'waiting' && state !== 'reading')) await finishRun(context, runId);
}
