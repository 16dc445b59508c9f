// BullMQ's worker, with a pause after each failure. By itself it takes "connection refused" for a server that is away, and
// asks again at once after every other error: too many clients, a server that starts, a full or read-only Redis. With an
// error that needs no answer of a server the process would do nothing else any more, not even hear a signal.
import { type BackendFactory, type Job, type Processor, Worker, type WorkerOptions } from 'bullmq';
import type { Task } from './jobs.js';

/** Before it asks for jobs again after an error; BullMQ's own, after a lost connection, goes by runRetryDelay. */
const PAUSE_MS = 1_000;
/** A worker asks at least so often, milliseconds. */
export const LONGEST_WAIT_MS = 10_000;

export class PatientWorker extends Worker<Task> {
  readonly #came: (() => void) | undefined;

  /** @param came told each time that the queue has answered. @param factory Default: Redis */
  constructor(
    name: string,
    process: Processor<Task>,
    options: WorkerOptions,
    came: (() => void) | undefined,
    factory?: BackendFactory,
  ) {
    super(name, process, { ...options, autorun: false }, factory as undefined);
    this.#came = came;
    // Not by super(): it would begin before there is somebody to tell.
    this.run().catch((error) => this.emit('error', error));
  }

  /** An idle worker on PostgreSQL would wait for an hour, and nobody could tell it from one that hangs. */
  override get maximumBlockTimeout(): number {
    return Math.min(super.maximumBlockTimeout, LONGEST_WAIT_MS / 1_000);
  }

  protected override getRateLimitDelay(delay: number): number {
    return Math.min(super.getRateLimitDelay(delay), LONGEST_WAIT_MS);
  }

  /** While all of its jobs take long, it asks for none; but it says for each that it is at work on it. */
  override async extendJobLocks(...args: Parameters<Worker['extendJobLocks']>): Promise<string[]> {
    const lost = await super.extendJobLocks(...args);
    this.#came?.();
    return lost;
  }

  protected override async moveToActive(token: string, name?: string): Promise<Job<Task>> {
    try {
      const job = await super.moveToActive(token, name);
      this.#came?.();
      return job;
    } catch (error) {
      if (this.closing === undefined) await this.delay(PAUSE_MS);
      throw error;
    }
  }
}
