// What the server is given: the joined parts of the app, as far as pages, the API and webhooks need them.
import type { Account, Config } from '../config.js';
import type { Database } from '../db/database.js';
import type { Logger } from '../log.js';
import type { AccountQueue } from '../queue/account-queue.js';
import type { Backend } from '../queue/backend.js';
import type { Rounds } from '../rounds.js';
import type { SyncContext } from '../sync/context.js';
import type { Metrics } from './metrics/metrics.js';

/** One account, as the server sees it. */
export interface ServerAccount {
  readonly account: Account;
  readonly queue: AccountQueue;
  readonly context: SyncContext;
}

export interface ServerParts {
  readonly config: Config;
  readonly version: string;
  readonly log: Logger;
  readonly store: Database;
  readonly backend: Backend;
  readonly accounts: readonly ServerAccount[];
  /** Of the loops that work in this process. */
  readonly rounds: Rounds;
  /** What this process counts; openApp() tells it what happens. */
  readonly metrics: Metrics;
}
