// When runs start by themselves, as BullMQ job schedulers: one clock for all workers of an account.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe } from '../errors.js';
import type { Logger } from '../log.js';
import type { Loop } from '../rounds.js';
import type { TaskQueue } from './backend.js';
import { START_OPTIONS, START_RUN, type StartTask } from './jobs.js';

export interface Schedule {
  /** undefined = no incremental runs by themselves. */
  readonly incrementalEveryMs: number | undefined;
  /** undefined = no full runs by themselves. */
  readonly fullCron: string | undefined;
  readonly timezone: string;
}

/** How often it is looked whether the queue still knows them; less often in a process of more than 40 accounts. */
const LOOK_EVERY_MS = 10_000;
const LOOK_PER_ACCOUNT_MS = 250;
/** A schedule whose time has passed by so much has lost its job. A job may wait for a worker that waits for a slot. */
const OVERDUE_MS = 10 * 60_000;

/** What the queue shall know: scheduler ids are the modes that they start. */
function wanted({ incrementalEveryMs, fullCron, timezone }: Schedule) {
  return [
    ...(incrementalEveryMs === undefined
      ? []
      : [{ mode: 'incremental' as const, repeat: { every: incrementalEveryMs } }]),
    ...(fullCron === undefined ? [] : [{ mode: 'full' as const, repeat: { pattern: fullCron, tz: timezone } }]),
  ];
}

/**
 * Sets what is configured and removes the rest. An incremental schedule that is new, has another interval or is overdue
 * fires at once, and a full run whose hour has passed while no worker was there is started now: a worker that was away
 * catches up, once.
 */
export async function setSchedule(queue: TaskQueue, schedule: Schedule): Promise<void> {
  const known = await queue.getJobSchedulers(0, -1);
  const shall = wanted(schedule);
  for (const { key } of known) if (!shall.some(({ mode }) => mode === key)) await queue.removeJobScheduler(key);
  for (const { mode, repeat } of shall) {
    const data: StartTask = { mode };
    const due = known.find(({ key }) => key === mode)?.next;
    await queue.upsertJobScheduler(mode, repeat, { name: START_RUN, data, opts: START_OPTIONS });
    // Setting a cron schedule again moves it to its next hour; the one that was missed would be gone.
    if (mode === 'full' && due !== undefined && due < Date.now()) {
      await queue.add(START_RUN, data, { ...START_OPTIONS, jobId: 'catch-up_full' });
    }
  }
}

/** Takes all schedules out of a queue. @returns how many there were */
export async function removeSchedule(queue: TaskQueue): Promise<number> {
  const known = await queue.getJobSchedulers(0, -1);
  for (const { key } of known) await queue.removeJobScheduler(key);
  return known.length;
}

interface KeepOptions {
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Of this process, which take turns. */
  readonly accounts: number;
  /** Tells when it gets round. */
  open(everyMs: number): Loop;
}

/** Until `signal` fires: sets the schedules again when the queue has lost one (a flushed Redis). Nothing else would notice. */
export async function keepSchedule(
  queue: TaskQueue,
  schedule: Schedule,
  { signal, log, accounts, open }: KeepOptions,
): Promise<void> {
  const shall = wanted(schedule);
  const everyMs = Math.max(LOOK_EVERY_MS, LOOK_PER_ACCOUNT_MS * accounts);
  const loop = open(everyMs);
  await sleep(everyMs * Math.random(), undefined, { signal }).catch(() => {});
  while (!signal.aborted) {
    try {
      const known = await queue.getJobSchedulers(0, -1);
      const due = known.filter(({ next }) => next !== undefined && next > Date.now() - OVERDUE_MS);
      if (shall.some(({ mode }) => !due.some(({ key }) => key === mode))) {
        log.warn('the queue has lost its schedules, setting them again');
        await setSchedule(queue, schedule);
      }
      loop.came();
    } catch (error) {
      if (!signal.aborted) log.warn({ problem: describe(error) }, 'could not look for the schedules, trying again');
    }
    await sleep(everyMs, undefined, { signal }).catch(() => {});
  }
  loop.end();
}
