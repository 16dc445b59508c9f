// Finds work that the queue has lost (a killed worker, a flushed Redis, a crash between commit and enqueue) by asking
// the ledger, and sends it out again. Harmless at any time: jobs that are still there are not added twice.
import { sql } from 'drizzle-orm';
import { endedOf, readWindows, runningRuns } from '../db/ledger.js';
import { endAtRepeat } from '../db/list-ends.js';
import { hasOverdueDelivery } from '../db/webhook-deliveries.js';
import { describe } from '../errors.js';
import { isConflict, isServiceAway } from '../service-trouble.js';
import type { SyncContext } from './context.js';
import { isReadToTheEnd, pagesToSend } from './reading/go-on.js';
import { endWindow } from './reading/retried-page.js';
import { failRun, finishRun } from './runs/finish-run.js';
import { setAside, unknownIn } from './runs/left-behind.js';
import { enqueueWaiting, tasksOf } from './runs/send-out.js';
import { takeInWebhooks } from './webhooks/take-in-webhook.js';
import { askAboutDoubts } from './webhooks/webhook-doubts.js';

/** Tries in a row before a run that cannot be healed is ended as failed: some minutes. */
const MOST_HEALINGS = 50;
/** How often in a row that went wrong, by run. */
const unhealed = new Map<number, number>();

export async function heal(context: SyncContext): Promise<void> {
  const runs = await runningRuns(context.db, context.account);
  await context.claims.refresh((ids) => endedOf(context.db, ids));
  for (const run of runs) {
    if (unknownIn(context, run).length > 0) {
      await setAside(context, run);
      continue;
    }
    await context.claims.claim(run.id);
    await context.db.execute(sql`update sync.runs set heartbeat_at = now() where id = ${run.id} and state = 'running'`);
    try {
      await healRun(context, run.id);
      unhealed.delete(run.id);
    } catch (error) {
      if (isServiceAway(error) || isConflict(error)) throw error;
      // A mistake of ours in one run must not keep the others from going on, and must not be repeated for ever.
      const times = (unhealed.get(run.id) ?? 0) + 1;
      unhealed.set(run.id, times);
      const problem = describe(error);
      context.log.error({ run: run.id, times, problem }, 'the run cannot be healed');
      if (times < MOST_HEALINGS) continue;
      unhealed.delete(run.id);
      await failRun(context, run.id, `it could not go on, ${times} times in a row: ${problem}`);
    }
  }
  await healWebhooks(context);
}

/**
 * A delivery that nobody has looked at for so long has lost its job, never had one, or waits behind pages that wait for
 * the budget. It costs no request, so it is taken in right here.
 */
const OVERDUE_MS = 2_000;

async function healWebhooks(context: SyncContext): Promise<void> {
  const isOverdue = await hasOverdueDelivery(context.db, context.account, OVERDUE_MS);
  if (isOverdue) await takeInWebhooks(context);
  else await askAboutDoubts(context);
}

async function healRun(context: SyncContext, runId: number): Promise<void> {
  const windows = await readWindows(context.db, runId);
  const started = windows.some(({ state }) => state !== 'waiting');
  await enqueueWaiting(context, runId, started ? 'all' : 'scout');
  for (const reading of windows.filter(({ state }) => state === 'reading')) {
    const window = await endAtRepeat(context.db, reading);
    const left = (await isReadToTheEnd(context, window)) ? [] : await pagesToSend(context, window);
    // Nothing is missing, whatever the window's sums say: a page that lay beyond the end may lie within it again.
    if (left.length === 0) await endWindow(context, window);
    else await context.enqueue(tasksOf(window, left));
  }
  if (windows.every(({ state }) => state !== 'waiting' && state !== 'reading')) await finishRun(context, runId);
}
