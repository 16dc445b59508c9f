// BullMQ on Redis: one connection for all queues of the process, and one for each worker, which waits on it for jobs.
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { describe, ServiceUnavailableError } from '../errors.js';
import type { Logger } from '../log.js';
import type { Backend } from './backend.js';
import type { Task } from './jobs.js';

const LONGEST_RECONNECT_MS = 1_000;
/** A connection attempt on the same machine or network is refused within this time. */
const ATTEMPT_MS = 200;

/** @throws ServiceUnavailableError */
export async function openRedisBackend(url: string, installation: string, log: Pick<Logger, 'warn'>): Promise<Backend> {
  await probe(url);
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
  const connection = new Redis(url, { maxRetriesPerRequest: null, retryStrategy });
  connection.setMaxListeners(0);
  connection.on('error', (error) => log.warn({ problem: describe(error) }, 'queue trouble, going on'));
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
    async close() {
      if (connection.status === 'ready') await connection.quit();
      else connection.disconnect();
    },
  };
}

async function probe(url: string): Promise<void> {
  const client = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null });
  // connect() itself only says that the connection is closed.
  let trouble: unknown;
  client.on('error', (error) => {
    trouble = error;
  });
  try {
    await client.connect();
  } catch (closed) {
    const error = trouble ?? closed;
    const { hostname, port } = new URL(url);
    throw new ServiceUnavailableError(`Redis at ${hostname}:${port || 6379} cannot be used: ${describe(error)}`, {
      cause: error,
    });
  } finally {
    client.disconnect();
  }
}
