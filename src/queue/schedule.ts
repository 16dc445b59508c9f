// When runs start by themselves, as BullMQ job schedulers: one clock for all workers of an account.
import type { JobsOptions } from 'bullmq';
import type { TaskQueue } from './backend.js';
import { START_RUN } from './jobs.js';

export interface Schedule {
  readonly incrementalEveryMs: number;
  readonly fullCron: string;
  readonly timezone: string;
}

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
