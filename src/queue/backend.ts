// BullMQ on Redis, or on the same PostgreSQL when no Redis is configured. Behaviour is the same on both; what differs
// is said in on-redis.ts and on-postgres.ts and nowhere else.
import type { Processor, Queue, Worker, WorkerOptions } from 'bullmq';
import type { PostgresAddress } from '../addresses/postgres.js';
import type { RedisAddress } from '../addresses/redis.js';
import type { Finding } from '../finding.js';
import type { Logger } from '../log.js';
import type { Task } from './jobs.js';
import { openPostgresBackend } from './on-postgres.js';
import { openRedisBackend } from './on-redis.js';

/** What we use of a BullMQ queue; its own type also carries the backend's. */
export type TaskQueue = Pick<
  Queue<Task>,
  | 'add'
  | 'addBulk'
  | 'rateLimit'
  | 'upsertJobScheduler'
  | 'getJobSchedulers'
  | 'removeJobScheduler'
  | 'getJobCounts'
  | 'getJobs'
  | 'waitUntilReady'
  | 'obliterate'
  | 'close'
> & { on(event: 'error', listener: (error: Error) => void): unknown };
export type TaskWorker = Pick<Worker<Task>, 'close' | 'cancelAllJobs' | 'waitUntilReady'> & {
  on(event: 'error', listener: (error: Error) => void): unknown;
};

/** What the two backends have in common, as far as we use it. */
export interface Backend {
  readonly kind: 'redis' | 'postgres';
  openQueue(name: string): TaskQueue;
  /** @param came told each time that the queue has answered the worker */
  openWorker(
    name: string,
    process: Processor<Task>,
    options: Omit<WorkerOptions, 'connection' | 'prefix'>,
    came?: () => void,
  ): TaskWorker;
  /** What its server says and does that matters for the queue. @throws what keeps it from being tried */
  check(): Promise<Finding[]>;
  /** From now on a server that is gone is not waited for, so that everything can be closed. */
  leave(): Promise<void>;
  /** Lets go of what queues and workers share; they are closed before. */
  close(): Promise<void>;
}

export interface BackendOptions {
  readonly database: PostgresAddress;
  /** undefined = PostgreSQL. */
  readonly redis: RedisAddress | undefined;
  /** How long a Redis may owe an answer; a PostgreSQL's address says it. */
  readonly silenceMs: number;
  /** Keeps the queues of several databases apart that share one Redis. */
  readonly installation: string;
  /** Told of trouble with the connections that queues and workers share. */
  readonly log: Pick<Logger, 'warn'>;
}

/** @throws ServiceUnavailableError when the server does not answer */
export const openBackend = ({ database, redis, installation, log, silenceMs }: BackendOptions): Promise<Backend> =>
  redis === undefined ? openPostgresBackend(database, log) : openRedisBackend(redis, installation, log, silenceMs);
