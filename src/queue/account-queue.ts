// The queue of one account: pages go in here, workers of all processes take them out.
import { describe } from '../errors.js';
import type { Logger } from '../log.js';
import { ownName } from '../schema-names.js';
import type { LookupTask, PageTask, WebhookTask } from '../sync/context.js';
import type { Backend, TaskQueue } from './backend.js';
import { jobOf } from './jobs.js';

export interface AccountQueue {
  readonly name: string;
  readonly queue: TaskQueue;
  /** Adds work; what is in the queue already stays as it is. */
  addTasks(tasks: readonly (PageTask | LookupTask | WebhookTask)[]): Promise<void>;
  close(): Promise<void>;
}

export function openAccountQueue(
  backend: Backend,
  account: string,
  { pageAttempts, log }: { pageAttempts: number; log: Logger },
): AccountQueue {
  const name = ownName(`sync-${account}`);
  const queue = backend.openQueue(name);
  queue.on('error', (error) => log.warn({ problem: describe(error) }, 'queue trouble, going on'));
  return {
    name,
    queue,
    async addTasks(tasks) {
      if (tasks.length > 0) await queue.addBulk(tasks.map((task) => jobOf(task, pageAttempts)));
    },
    close: () => queue.close(),
  };
}
