// The jobs: their names, data and ids. An id says what the job does, so that adding it twice is harmless.
import type { JobsOptions } from 'bullmq';
import type { LookupTask, PageTask, WebhookTask } from '../sync/context.js';

/** Reads one page. */
export const SYNC_PAGE = 'sync-page';
/** Reads one record. */
export const SYNC_RECORD = 'sync-record';
/** Makes rows of the webhooks that wait. */
export const TAKE_IN_WEBHOOKS = 'take-in-webhooks';
/** Starts a run, when its time has come. */
export const START_RUN = 'start-run';

export interface StartTask {
  readonly mode: 'full' | 'incremental';
}

export type Task = PageTask | LookupTask | WebhookTask | StartTask;

export const isPageTask = (task: Task): task is PageTask => 'windowId' in task;
export const isLookupTask = (task: Task): task is LookupTask => 'lookupId' in task;
export const isStartTask = (task: Task): task is StartTask => 'mode' in task;

export interface NewJob {
  readonly name: string;
  readonly data: Task;
  readonly opts: JobsOptions;
}

const nameOf = (task: PageTask | LookupTask | WebhookTask): [name: string, jobId: string] => {
  if (isPageTask(task)) return [SYNC_PAGE, `page_${task.windowId}_${task.pass}_${task.page}`];
  if (isLookupTask(task)) return [SYNC_RECORD, `lookup_${task.lookupId}`];
  return [TAKE_IN_WEBHOOKS, `webhooks_${task.deliveryId % WEBHOOK_JOBS}`];
};

/**
 * One job takes in all deliveries that wait, so there are few of them however many deliveries come: they go before pages, and
 * would else keep these out. More than one, as what comes while one of them ends is not added under its id.
 */
const WEBHOOK_JOBS = 2;

/** @param attempts tries before the processor itself files a dead letter */
export function jobOf(task: PageTask | LookupTask | WebhookTask, attempts: number): NewJob {
  const [name, jobId] = nameOf(task);
  return {
    name,
    data: task,
    opts: {
      jobId,
      priority: task.priority,
      attempts,
      backoff: { type: 'verdict' },
      // A finished job must not block its id: the ledger remembers pages, dead letters remember failures.
      removeOnComplete: true,
      removeOnFail: true,
    },
  };
}

/** How jobs that start a run are kept: a run is more than its pages, so it goes first. */
export const START_OPTIONS: JobsOptions = { priority: 1, removeOnComplete: true, removeOnFail: true };

/** A run that was due and could not be started: one job a mode waits for that. */
export const startAgain = (task: StartTask, delayMs: number): NewJob => ({
  name: START_RUN,
  data: task,
  opts: { ...START_OPTIONS, jobId: `again_${task.mode}`, delay: delayMs },
});
