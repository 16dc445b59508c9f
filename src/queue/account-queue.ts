// The queue of one account: pages go in here, workers of all processes take them out.
import { describe } from '../errors.js';
import type { Logger } from '../log.js';
import type { PageTask } from '../sync/context.js';
import type { Backend, TaskQueue } from './backend.js';
import { pageJob } from './jobs.js';

export interface AccountQueue {
  readonly name: string;
  readonly queue: TaskQueue;
  /** Adds pages; those that are in the queue already stay as they are. */
  addPages(tasks: readonly PageTask[]): Promise<void>;
  close(): Promise<void>;
}

export function openAccountQueue(
  backend: Backend,
  account: string,
  { pageAttempts, log }: { pageAttempts: number; log: Logger },
): AccountQueue {
  const name = `sync-${account}`;
  const queue = backend.openQueue(name);
  queue.on('error', (error) => log.warn({ problem: describe(error) }, 'queue trouble, going on'));
  return {
    name,
    queue,
    async addPages(tasks) {
      if (tasks.length > 0) await queue.addBulk(tasks.map((task) => pageJob(task, pageAttempts)));
    },
    close: () => queue.close(),
  };
}
