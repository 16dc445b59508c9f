// The jobs: their names, data and ids. An id says what the job does, so that adding it twice is harmless.
import type { JobsOptions } from 'bullmq';
import type { PageTask } from '../sync/context.js';

/** Reads one page. */
export const SYNC_PAGE = 'sync-page';
/** Starts a run, when its time has come. */
export const START_RUN = 'start-run';

export interface StartTask {
  readonly mode: 'full';
}

export type Task = PageTask | StartTask;

export const isPageTask = (task: Task): task is PageTask => 'windowId' in task;

export interface NewJob {
  readonly name: string;
  readonly data: Task;
  readonly opts: JobsOptions;
}

/** @param attempts tries before the processor itself files a dead letter */
export function pageJob(task: PageTask, attempts: number): NewJob {
  return {
    name: SYNC_PAGE,
    data: task,
    opts: {
      jobId: `page_${task.windowId}_${task.pass}_${task.page}`,
      priority: task.priority,
      attempts,
      backoff: { type: 'verdict' },
      // A finished job must not block its id: the ledger remembers pages, dead letters remember failures.
      removeOnComplete: true,
      removeOnFail: true,
    },
  };
}
