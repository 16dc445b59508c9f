// BullMQ on Redis: one connection for all queues of the process, and one for each worker, which waits on it for jobs.
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionOptions } from 'node:tls';
import { Queue } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import { type RedisAddress, type RedisTls, redisPlaceOf } from '../addresses/redis.js';
import { inTime } from '../closing.js';
import { describe, ServiceUnavailableError, UsageError } from '../errors.js';
import type { Logger } from '../log.js';
import type { Backend } from './backend.js';
import { checkRedis } from './checks/redis-server.js';
import type { Task } from './jobs.js';
import { PatientWorker } from './patient-worker.js';

const LONGEST_RECONNECT_MS = 1_000;
/** A connection attempt on the same machine or network is refused within this time. */
const ATTEMPT_MS = 200;

type Watched = { readonly socketTimeout: number; readonly keepAlive: number };

/** After so much quiet the system looks whether the other side is there. */
const KEEP_ALIVE_MS = 10_000;
/** BullMQ lets a worker wait at the server for so long, at most (RedisQueueBackend.maximumBlockTimeout). */
const LONGEST_BLOCK_MS = 10_000;
/** A farewell is answered within this time, or never. */
const FAREWELL_MS = 1_000;

/**
 * A connection on which an answer is due and nothing comes is destroyed, made anew, and asked the same again. Redis works off
 * one command after the other, each within milliseconds: silence is no work, unlike PostgreSQL's.
 */
class WatchedRedis extends Redis {
  /** For a worker, which waits on it. */
  override duplicate(override: Partial<RedisOptions> = {}): Redis {
    const { socketTimeout = 0 } = this.options;
    return super.duplicate({ ...override, socketTimeout: socketTimeout + LONGEST_BLOCK_MS });
  }
}

/** @param silenceMs how long an answer may be due. @throws ServiceUnavailableError */
export async function openRedisBackend(
  address: RedisAddress,
  installation: string,
  log: Pick<Logger, 'warn'>,
  silenceMs = 10_000,
): Promise<Backend> {
  const watched: Watched = { socketTimeout: silenceMs, keepAlive: KEEP_ALIVE_MS };
  await probe(address, watched);
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
  const connection = new WatchedRedis({ ...optionsOf(address), ...watched, maxRetriesPerRequest: null, retryStrategy });
  connection.setMaxListeners(0);
  connection.on('error', (error) => log.warn({ problem: describe(error) }, 'queue trouble, going on'));
  return {
    kind: 'redis',
    openQueue: (name) => new Queue<Task>(name, { connection, prefix }),
    openWorker: (name, process, options, came) =>
      new PatientWorker(name, process, { ...options, connection, prefix }, came),
    check: () => checkRedis(connection, address),
    async leave() {
      leaving = true;
      // A worker that is closed while its connection waits for the next attempt never hears that it has ended.
      const wait = nextAttemptAt - performance.now();
      if (wait > 0) await sleep(wait + ATTEMPT_MS);
    },
    async close() {
      if (connection.status === 'ready') await inTime(FAREWELL_MS, connection.quit());
      connection.disconnect();
    },
  };
}

async function probe(address: RedisAddress, watched: Watched): Promise<void> {
  const client = new Redis({
    ...optionsOf(address),
    ...watched,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // connect() itself only says that the connection is closed.
  let trouble: unknown;
  let isCluster = false;
  client.on('error', (error) => {
    trouble = error;
  });
  try {
    await client.connect();
    isCluster = /^cluster_enabled:1/m.test(await client.info('cluster'));
  } catch (closed) {
    const error = trouble ?? closed;
    throw new ServiceUnavailableError(
      `Redis at ${redisPlaceOf(address)} cannot be used: ${describe(error)}${hintOn(error, address)}`,
      { cause: error },
    );
  } finally {
    client.disconnect();
  }
  if (isCluster) {
    throw new UsageError(
      `The Redis at ${redisPlaceOf(address)} is in cluster mode, which the queue cannot use. Set REDIS_URL to one that is not, or leave it out: the queue is then kept in PostgreSQL.`,
    );
  }
}

/** All of it, so that ioredis reads nothing out of a URL. @throws Error when a certificate's file cannot be read */
function optionsOf({ host, port, isSocket, username, password, db, family, tls }: RedisAddress) {
  return {
    ...(isSocket ? { path: host } : { host, port, family }),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    db,
    ...(tls === undefined ? {} : { tls: tlsOptionsOf(tls, host) }),
  } satisfies RedisOptions;
}

function tlsOptionsOf({ ca, cert, key, verifies }: RedisTls, host: string): ConnectionOptions {
  return {
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
    ...(cert === undefined || key === undefined ? {} : { cert: readFileSync(cert), key: readFileSync(key) }),
    rejectUnauthorized: verifies !== 'nothing',
    ...(verifies === 'host' ? {} : { checkServerIdentity: () => undefined }),
  };
}

const CERTIFICATE_CODE = /CERT|UNABLE_TO/;

/** What to do about a certificate that is not trusted. */
function hintOn(error: unknown, { tls }: RedisAddress): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (tls === undefined || !CERTIFICATE_CODE.test(code)) return '';
  return '. Name its authority in REDIS_URL with ?ssl_ca_certs=<file>; ssl_cert_reqs=none verifies nothing';
}
