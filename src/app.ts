// Composition root: a Config in, the joined parts out. Whoever opens an App closes it.
import { collections } from './collections/index.js';
import type { Account, Config } from './config.js';
import { readInstallation, setTimezone } from './db/installation.js';
import { migrate } from './db/migrate.js';
import { openRateBudget, type RateBudget } from './db/rate-budget.js';
import { openRunClaims } from './db/run-claims.js';
import { untilThere } from './db/until-there.js';
import { openClient } from './hive/client.js';
import type { Logger } from './log.js';
import { type AccountQueue, openAccountQueue } from './queue/account-queue.js';
import { type Backend, openBackend } from './queue/backend.js';
import { type AccountWorker, openWorker } from './queue/worker.js';
import { openStore, type Store } from './store.js';
import type { SyncContext } from './sync/context.js';
import { type Observer, silent } from './sync/observer.js';

/** Everything of one account. */
export interface AccountParts {
  readonly account: Account;
  readonly budget: RateBudget;
  readonly queue: AccountQueue;
  readonly context: SyncContext;
  /** Starts working the account's jobs in this process. */
  work(): AccountWorker;
}

export interface App {
  readonly store: Store;
  readonly backend: Backend;
  readonly accounts: readonly AccountParts[];
  close(): Promise<void>;
}

export interface AppOptions {
  readonly log: Logger;
  readonly version: string;
  readonly durable?: boolean;
  /** When given, servers that are not there yet are waited for until it fires. */
  readonly waiting?: AbortSignal | undefined;
  /** Who is told what happens, by account. Default: nobody. */
  readonly observerOf?: (account: string) => Observer;
}

/** Opens all parts, with the schema brought in step. @throws ServiceUnavailableError */
export async function openApp(
  config: Config,
  { log, version, durable = true, waiting, observerOf = () => silent }: AppOptions,
): Promise<App> {
  const open = <T>(what: () => Promise<T>) =>
    waiting === undefined ? what() : untilThere(what, { log, signal: waiting });
  const store = await open(() => openStore(config, { log, durable }));
  try {
    const { id: installation } = await open(() => prepareDatabase(store, config, log));
    const backend = await open(() => openBackend({ databaseUrl: store.url, redisUrl: config.redisUrl, installation }));
    const accounts = config.accounts.map((account) =>
      openAccount(account, { config, store, backend, log, version, observer: observerOf(account.label) }),
    );
    return {
      store,
      backend,
      accounts,
      async close() {
        await backend.leave();
        for (const { budget, queue, context } of accounts) {
          await context.claims.close();
          await queue.close();
          await budget.close();
        }
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function prepareDatabase(store: Store, config: Config, log: Logger) {
  const applied = await migrate(store);
  if (applied.length > 0) log.info({ migrations: applied }, 'schema brought in step');
  await setTimezone(store.db, config.schedule.timezone);
  return readInstallation(store.db);
}

interface Parts {
  readonly config: Config;
  readonly store: Store;
  readonly backend: Backend;
  readonly log: Logger;
  readonly version: string;
  readonly observer: Observer;
}

function openAccount(
  account: Account,
  { config, store, backend, log: parentLog, version, observer }: Parts,
): AccountParts {
  const log = parentLog.child({ account: account.label });
  const budget = openRateBudget(store.db, { account: account.label, ...config.rate, log });
  const queue = openAccountQueue(backend, account.label, { pageAttempts: config.pageAttempts, log });
  const client = openClient({
    apiUrl: account.apiUrl,
    apiKey: account.apiKey ?? '',
    timeoutMs: config.timeoutMs,
    budget,
    userAgent: `hive-sync/${version}`,
    observer,
  });
  const context: SyncContext = {
    account: account.label,
    db: store.db,
    client,
    claims: openRunClaims(store.url),
    collections,
    log,
    observer,
    frontier: Math.min(64, Math.max(8, 2 * config.concurrency)),
    pauseMs: pauseOf(config),
    lookbackDays: config.lookbackDays,
    closedPages: closedPagesOf(config),
    probe: budget.probe,
    enqueue: queue.addTasks,
  };
  const { concurrency, retryBaseMs, retention } = config;
  const settings = { queueName: queue.name, concurrency, retryBaseMs, retention };
  return { account, budget, queue, context, work: () => openWorker(backend, queue.queue, context, settings) };
}

/** For watching closed records a run may take a quarter of the requests that fit between two of the schedule. */
function closedPagesOf({ rate, schedule }: Config): number {
  const requests = (rate.limit ?? DOCUMENTED_LIMIT) - rate.reserve;
  return Math.max(1, Math.floor(((schedule.incrementalEveryMs ?? DEFAULT_EVERY_MS) / rate.windowMs) * requests * 0.25));
}

/** Between two pages of a list lies an answer, or a wait for the budget where few requests fit into its window. */
const SHORTEST_PAUSE_MS = 5_000;
const PAUSE_REQUESTS = 6;

/** What is longer than a few seconds, and longer than a few requests take at the pace of the budget, is a pause. */
const pauseOf = ({ rate }: Config): number =>
  Math.max(
    SHORTEST_PAUSE_MS,
    (PAUSE_REQUESTS * rate.windowMs) / Math.max(1, (rate.limit ?? DOCUMENTED_LIMIT) - rate.reserve),
  );

/** When nothing says otherwise: 100 requests a minute, an incremental run every 15. */
const DOCUMENTED_LIMIT = 100;
const DEFAULT_EVERY_MS = 15 * 60_000;
