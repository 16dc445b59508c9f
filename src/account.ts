// Everything of one account, joined: its budget, queue and client, and the worker of its jobs.
import { collections } from './collections/index.js';
import type { Account, Config } from './config.js';
import type { Lookout } from './db/lookout.js';
import { openRateBudget, type RateBudget } from './db/rate-budget.js';
import type { Claims } from './db/run-claims.js';
import type { HiveDownError } from './errors.js';
import { openClient } from './hive/client.js';
import { type Outage, openOutage } from './hive/outage.js';
import type { Logger } from './log.js';
import { type AccountQueue, openAccountQueue } from './queue/account-queue.js';
import type { Backend } from './queue/backend.js';
import { type AccountWorker, openWorker } from './queue/worker.js';
import type { Rounds } from './rounds.js';
import type { Store } from './store.js';
import type { SyncContext } from './sync/context.js';
import type { Observer } from './sync/observer.js';

/** Everything of one account. */
export interface AccountParts {
  readonly account: Account;
  readonly budget: RateBudget;
  readonly queue: AccountQueue;
  readonly context: SyncContext;
  /** Whether the API answers at all. */
  readonly outage: Outage;
  /** Starts working the account's jobs in this process. */
  work(): AccountWorker;
}

interface Parts {
  readonly config: Config;
  readonly store: Store;
  readonly backend: Backend;
  readonly claims: Claims;
  readonly lookout: Lookout;
  readonly rounds: Rounds;
  readonly log: Logger;
  readonly version: string;
  readonly observer: Observer;
}

export function openAccount(
  account: Account,
  { config, store, backend, claims, lookout, rounds, log: parentLog, version, observer }: Parts,
): AccountParts {
  const log = parentLog.child({ account: account.label });
  const budget = openRateBudget(store.db, {
    account: account.label,
    keyVariable: account.keyVariable,
    ...config.rate,
    log,
  });
  const queue = openAccountQueue(backend, account.label, { pageAttempts: config.pageAttempts, log });
  const client = openClient({
    apiUrl: account.apiUrl,
    apiKey: account.apiKey ?? '',
    proxy: account.proxy,
    timeoutMs: config.timeoutMs,
    budget,
    userAgent: `hive-sync/${version}`,
    observer,
  });
  const outage = openOutage({
    client,
    lists: collections.map(({ path }) => path),
    everyMs: Math.max(SHORTEST_OUTAGE_MS, OUTAGE_FACTOR * config.retryBaseMs),
    told: outageInLog(log),
  });
  const context: SyncContext = {
    account: account.label,
    keyVariable: account.keyVariable,
    db: store.db,
    client: outage.client,
    claims: claims.ofAccount(account.label),
    collections,
    log,
    observer,
    frontier: Math.min(64, Math.max(8, 2 * config.concurrency)),
    get pauseMs() {
      return pauseOf(config, budget.pace());
    },
    lookbackDays: config.lookbackDays,
    get webhookShare() {
      return webhookShareOf(config, budget.pace());
    },
    closedPages: closedPagesOf(config),
    probe: budget.probe,
    enqueue: queue.addTasks,
  };
  const { concurrency, retryBaseMs, retention } = config;
  const settings = {
    queueName: queue.name,
    concurrency,
    retryBaseMs,
    retention,
    lookout,
    outage,
    accounts: config.accounts.length,
    rounds,
  };
  return { account, budget, queue, context, outage, work: () => openWorker(backend, queue.queue, context, settings) };
}

/** An API that is down is asked again after five seconds at first, and then every minute. */
const OUTAGE_FACTOR = 5;
const SHORTEST_OUTAGE_MS = 50;
/** While it goes on, it is said so often. */
const OUTAGE_SAID_EVERY_MS = 10 * 60_000;

function outageInLog(log: Logger): { down(error: HiveDownError): void; up(since: Date): void } {
  let saidAt: number | undefined;
  return {
    down(error) {
      if (saidAt !== undefined && performance.now() - saidAt < OUTAGE_SAID_EVERY_MS) return;
      saidAt = performance.now();
      log.warn({ since: error.since, problem: error.problem }, 'the API gives no usable answer, waiting for it');
    },
    up(since) {
      saidAt = undefined;
      log.info({ since }, 'the API answers again, going on');
    },
  };
}

/** For watching closed records a run may take a quarter of the requests that fit between two of the schedule. */
function closedPagesOf({ rate, schedule }: Config): number {
  const windows = (schedule.incrementalEveryMs ?? DEFAULT_EVERY_MS) / rate.windowMs;
  return Math.max(1, Math.floor(windows * requestsIn(rate) * 0.25));
}

/** Between two pages of a list lies an answer, or a wait for the budget where few requests fit into its window. */
const SHORTEST_PAUSE_MS = 5_000;
const PAUSE_REQUESTS = 6;

/**
 * What is longer than a few seconds, and longer than a few requests take at the pace of the budget, is a pause.
 * @param pace of the budget as the API tells it, milliseconds; undefined = not known yet
 */
const pauseOf = ({ rate }: Config, pace: number | undefined): number => {
  const configured = rate.windowMs / Math.max(1, requestsIn(rate));
  return Math.max(SHORTEST_PAUSE_MS, PAUSE_REQUESTS * Math.max(configured, pace ?? 0));
};

/** Whoever repeats what he has heard of Hive's webhooks must not stop a sync by that. */
const WEBHOOK_SHARE = 0.15;

function webhookShareOf({ rate }: Config, pace: number | undefined): SyncContext['webhookShare'] {
  const requests = pace === undefined ? requestsIn(rate) : rate.windowMs / pace;
  return { most: Math.max(1, Math.floor(WEBHOOK_SHARE * requests)), windowMs: rate.windowMs };
}

/** Of a window of the budget, for us, as far as the configuration tells. */
const requestsIn = ({ limit, reserve }: Config['rate']): number => (limit ?? DOCUMENTED_LIMIT) - reserve;

/** When nothing says otherwise: 100 requests a minute, an incremental run every 15. */
const DOCUMENTED_LIMIT = 100;
const DEFAULT_EVERY_MS = 15 * 60_000;
