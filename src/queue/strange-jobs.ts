// Jobs of windows and lookups that the database does not know.

import type { Executor } from '../db/database.js';
import { countUnknownWork } from '../db/known-work.js';
import type { TaskQueue } from './backend.js';
import { isLookupTask, isPageTask } from './jobs.js';

/** Jobs that are looked at, of each state. */
const MOST = 500;

/** How many of the jobs that wait or run belong to work that this database does not have. */
export async function countStrangeJobs(queue: TaskQueue, db: Executor): Promise<number> {
  const jobs = await queue.getJobs(['waiting', 'prioritized', 'delayed', 'active'], 0, MOST);
  // A job that has ended since leaves a hole.
  const tasks = jobs.flatMap((job) => job?.data ?? []);
  return countUnknownWork(db, {
    windows: tasks.filter(isPageTask).map(({ windowId }) => windowId),
    lookups: tasks.filter(isLookupTask).map(({ lookupId }) => lookupId),
  });
}
