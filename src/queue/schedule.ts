// When runs start by themselves, as BullMQ job schedulers: one clock for all workers of an account.
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobsOptions } from 'bullmq';
import { describe } from '../errors.js';
import type { Logger } from '../log.js';
import type { TaskQueue } from './backend.js';
import { START_RUN } from './jobs.js';

export interface Schedule {
  readonly incrementalEveryMs: number;
  readonly fullCron: string;
  readonly timezone: string;
}

const SCHEDULES = 2;
/** How often it is looked whether the queue still knows them. */
const LOOK_EVERY_MS = 10_000;
/** A schedule whose time has passed by so much has lost its job. A job may wait for a worker that waits for a slot. */
const OVERDUE_MS = 10 * 60_000;

const opts: JobsOptions = { priority: 1, removeOnComplete: true, removeOnFail: true };

/** Sets or changes both schedules. The incremental one fires at once, so that a worker that was away catches up. */
export async function setSchedule(
  queue: TaskQueue,
  { incrementalEveryMs, fullCron, timezone }: Schedule,
): Promise<void> {
  const job = (mode: 'incremental' | 'full') => ({ name: START_RUN, data: { mode }, opts });
  await queue.upsertJobScheduler('incremental', { every: incrementalEveryMs }, job('incremental'));
  await queue.upsertJobScheduler('full', { pattern: fullCron, tz: timezone }, job('full'));
}

/** Until `signal` fires, sets both again when the queue has lost one (a flushed Redis): nothing else would notice. */
export async function keepSchedule(
  queue: TaskQueue,
  schedule: Schedule,
  { signal, log }: { signal: AbortSignal; log: Logger },
): Promise<void> {
  while (!signal.aborted) {
    try {
      const known = await queue.getJobSchedulers(0, -1);
      const due = known.filter(({ next }) => next !== undefined && next > Date.now() - OVERDUE_MS);
      if (due.length < SCHEDULES) {
        log.warn('the queue has lost its schedules, setting them again');
        await setSchedule(queue, schedule);
      }
    } catch (error) {
      if (!signal.aborted) log.warn({ problem: describe(error) }, 'could not look for the schedules, trying again');
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}
