// Composition root: a Config in, the joined parts out. Whoever opens an App closes it.
import { sql } from 'drizzle-orm';
import { collections } from './collections/index.js';
import type { Account, Config } from './config.js';
import { type Database, openDatabase } from './db/database.js';
import { openEmbeddedPostgres } from './db/embedded/index.js';
import { migrate } from './db/migrate.js';
import { openRateBudget, type RateBudget } from './db/rate-budget.js';
import { openRunClaims } from './db/run-claims.js';
import { openClient } from './hive/client.js';
import type { Logger } from './log.js';
import { type AccountQueue, openAccountQueue } from './queue/account-queue.js';
import { type Backend, openBackend } from './queue/backend.js';
import { type AccountWorker, openWorker } from './queue/worker.js';
import type { SyncContext } from './sync/context.js';

/** PostgreSQL, the user's own or the embedded one, and how to let go of it. */
export interface Store extends Database {
  readonly embedded: boolean;
}

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

export interface StoreOptions {
  /** Told where the embedded database went, when that is not obvious. */
  readonly log?: Logger;
  /** False = embedded data may be lost in a power cut (demo, tests). */
  readonly durable?: boolean;
}

/** Opens the database only: enough for commands that neither sync nor queue. @throws ServiceUnavailableError */
export async function openStore(
  config: Pick<Config, 'databaseUrl' | 'home'>,
  { log, durable = true }: StoreOptions = {},
): Promise<Store> {
  if (config.databaseUrl !== undefined) return { ...(await openDatabase(config.databaseUrl)), embedded: false };
  const server = await openEmbeddedPostgres({
    home: config.home,
    durable,
    ...(log === undefined ? {} : { log: (message: string) => log.info(message) }),
  });
  const database = await openDatabase(server.url);
  return {
    ...database,
    embedded: true,
    close: async () => {
      await database.close();
      await server.close();
    },
  };
}

/** Opens all parts, with the schema brought in step. @throws ServiceUnavailableError */
export async function openApp(
  config: Config,
  { log, version, durable = true }: { log: Logger; version: string; durable?: boolean },
): Promise<App> {
  const store = await openStore(config, { log, durable });
  try {
    const applied = await migrate(store);
    if (applied.length > 0) log.info({ migrations: applied }, 'schema brought in step');
    const [row] = await store.db.execute<{ id: string }>(sql`select id from sync.installation`);
    const backend = await openBackend({
      databaseUrl: store.url,
      redisUrl: config.redisUrl,
      installation: row?.id ?? 'unknown',
    });
    const accounts = config.accounts.map((account) => openAccount(account, { config, store, backend, log, version }));
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

interface Parts {
  readonly config: Config;
  readonly store: Store;
  readonly backend: Backend;
  readonly log: Logger;
  readonly version: string;
}

function openAccount(account: Account, { config, store, backend, log: parentLog, version }: Parts): AccountParts {
  const log = parentLog.child({ account: account.label });
  const budget = openRateBudget(store.db, { account: account.label, ...config.rate });
  const queue = openAccountQueue(backend, account.label, { pageAttempts: config.pageAttempts, log });
  const client = openClient({
    apiUrl: account.apiUrl,
    apiKey: account.apiKey ?? '',
    timeoutMs: config.timeoutMs,
    budget,
    userAgent: `hive-sync/${version}`,
  });
  const context: SyncContext = {
    account: account.label,
    db: store.db,
    client,
    claims: openRunClaims(store.url),
    collections,
    log,
    frontier: Math.min(64, Math.max(8, 2 * config.concurrency)),
    lookbackDays: config.lookbackDays,
    enqueue: queue.addTasks,
  };
  const settings = { queueName: queue.name, concurrency: config.concurrency, retryBaseMs: config.retryBaseMs };
  return { account, budget, queue, context, work: () => openWorker(backend, queue.queue, context, settings) };
}
