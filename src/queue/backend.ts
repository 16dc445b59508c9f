// BullMQ on Redis, or on the same PostgreSQL when no Redis is configured. Behaviour is the same on both; what differs
// is said here and nowhere else.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createPostgresBackend,
  type Processor,
  Queue,
  runMigrations,
  Worker,
  type WorkerOptions,
  withBackend,
} from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import { describe, ServiceUnavailableError } from '../errors.js';
import type { Task } from './jobs.js';

/** What we use of a BullMQ queue; its own type also carries the backend's. */
export type TaskQueue = Pick<
  Queue<Task>,
  | 'add'
  | 'addBulk'
  | 'rateLimit'
  | 'upsertJobScheduler'
  | 'getJobSchedulers'
  | 'removeJobScheduler'
  | 'getWorkersCount'
  | 'getJobCounts'
  | 'waitUntilReady'
  | 'close'
> & { on(event: 'error', listener: (error: Error) => void): unknown };
export type TaskWorker = Pick<Worker<Task>, 'close' | 'cancelAllJobs' | 'waitUntilReady'> & {
  on(event: 'error', listener: (error: Error) => void): unknown;
};

/** What the two backends have in common, as far as we use it. */
export interface Backend {
  readonly kind: 'redis' | 'postgres';
  openQueue(name: string): TaskQueue;
  openWorker(name: string, process: Processor<Task>, options: Omit<WorkerOptions, 'connection' | 'prefix'>): TaskWorker;
  /** From now on a server that is gone is not waited for, so that everything can be closed. */
  leave(): Promise<void>;
}

export interface BackendOptions {
  readonly databaseUrl: string;
  /** undefined = PostgreSQL. */
  readonly redisUrl: string | undefined;
  /** Keeps the queues of several databases apart that share one Redis. */
  readonly installation: string;
}

const POSTGRES_SCHEMA = 'bullmq';
const LONGEST_RECONNECT_MS = 1_000;
/** A connection attempt on the same machine or network is refused within this time. */
const ATTEMPT_MS = 200;

/** @throws ServiceUnavailableError when the server does not answer */
export const openBackend = (options: BackendOptions): Promise<Backend> =>
  options.redisUrl === undefined ? openPostgres(options) : openRedis(options.redisUrl, options.installation);

async function openRedis(url: string, installation: string): Promise<Backend> {
  const probe = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null });
  // connect() itself only says that the connection is closed.
  let trouble: unknown;
  probe.on('error', (error) => {
    trouble = error;
  });
  try {
    await probe.connect();
  } catch (closed) {
    const error = trouble ?? closed;
    const { hostname, port } = new URL(url);
    throw new ServiceUnavailableError(`Redis at ${hostname}:${port || 6379} cannot be used: ${describe(error)}`, {
      cause: error,
    });
  } finally {
    probe.disconnect();
  }
  const prefix = `hive-sync-${installation}`;
  // ioredis holds back commands while the server is away. That is right for work, and would keep us from ever leaving.
  let leaving = false;
  let nextAttemptAt = 0;
  const retryStrategy = (times: number) => {
    if (leaving) return null;
    const delay = Math.min(50 * times, LONGEST_RECONNECT_MS);
    nextAttemptAt = Math.max(nextAttemptAt, performance.now() + delay);
    return delay;
  };
  const connection = { url, maxRetriesPerRequest: null, retryStrategy };
  return {
    kind: 'redis',
    openQueue: (name) => new Queue<Task>(name, { connection, prefix }),
    openWorker: (name, process, options) => new Worker<Task>(name, process, { ...options, connection, prefix }),
    async leave() {
      leaving = true;
      // A worker that is closed while its connection waits for the next attempt never hears that it has ended.
      const wait = nextAttemptAt - performance.now();
      if (wait > 0) await sleep(wait + ATTEMPT_MS);
    },
  };
}

async function openPostgres({ databaseUrl }: BackendOptions): Promise<Backend> {
  const client = new pg.Client(databaseUrl);
  client.on('error', () => {}); // a lost connection shows in the statement that is under way
  try {
    await client.connect();
    await runMigrations(client, POSTGRES_SCHEMA);
  } catch (error) {
    throw new ServiceUnavailableError(`the queue's tables in PostgreSQL cannot be used: ${describe(error)}`, {
      cause: error,
    });
  } finally {
    await client.end();
  }
  const classes = withBackend(createPostgresBackend);
  // Every queue and worker owns a pool; the defaults would take ten connections each. Nothing waits for the disk: what a
  // power cut takes from the queue is made again from the ledger.
  const options = '-c synchronous_commit=off';
  const connection = (max: number) => ({ connectionString: databaseUrl, schema: POSTGRES_SCHEMA, max, options });
  return {
    kind: 'postgres',
    openQueue: (name) => new classes.Queue<Task>(name, { connection: connection(2) }),
    openWorker: (name, process, options) =>
      new classes.Worker<Task>(name, process, { ...options, connection: connection(4) }),
    // Statements fail at once when the server is gone.
    leave: async () => {},
  };
}
