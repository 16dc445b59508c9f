// BullMQ's worker, with a pause after each failure. By itself it takes "connection refused" for a server that is away, and
// asks again at once after every other error: too many clients, a server that starts, a full or read-only Redis. With an
// error that needs no answer of a server the process would do nothing else any more, not even hear a signal.
import { type BackendFactory, type Job, type Processor, Worker, type WorkerOptions } from 'bullmq';
import type { Task } from './jobs.js';

/** Before it asks for jobs again after an error; BullMQ's own, after a lost connection, goes by runRetryDelay. */
const PAUSE_MS = 1_000;

export class PatientWorker extends Worker<Task> {
  /** @param factory Default: Redis */
  constructor(name: string, process: Processor<Task>, options: WorkerOptions, factory?: BackendFactory) {
    super(name, process, options, factory as undefined);
  }

  protected override async moveToActive(token: string, name?: string): Promise<Job<Task>> {
    try {
      return await super.moveToActive(token, name);
    } catch (error) {
      if (this.closing === undefined) await this.delay(PAUSE_MS);
      throw error;
    }
  }
}
