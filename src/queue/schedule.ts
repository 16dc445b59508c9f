// When runs start by themselves, as BullMQ job schedulers: one clock for all workers of an account.
import type { TaskQueue } from './backend.js';
import { START_RUN } from './jobs.js';

export interface Schedule {
  readonly fullCron: string;
  readonly timezone: string;
}

export async function setSchedule(queue: TaskQueue, { fullCron, timezone }: Schedule): Promise<void> {
  await queue.upsertJobScheduler(
    'full',
    { pattern: fullCron, tz: timezone },
    { name: START_RUN, data: { mode: 'full' }, opts: { priority: 1, removeOnComplete: true, removeOnFail: true } },
  );
}
