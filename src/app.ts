// Composition root: a Config in, the joined parts out. Whoever opens an App closes it.

import { type AccountParts, openAccount } from './account.js';
import type { PostgresAddress } from './addresses/postgres.js';
import { closeAll, type Part, unlessStopped } from './closing.js';
import type { Config } from './config.js';
import type { TimezoneChange } from './db/installation.js';
import { openLookout } from './db/lookout.js';
import { prepareDatabase } from './db/prepare-database.js';
import { type Claims, openClaims } from './db/run-claims.js';
import { sessionAddress } from './db/session-address.js';
import { untilThere } from './db/until-there.js';
import type { Logger } from './log.js';
import { type Backend, openBackend } from './queue/backend.js';
import { openRounds, type Rounds } from './rounds.js';
import { findAtServer, findConnections, findInDatabase, findInQueue, findJobs, openStartChecks } from './self-check.js';
import { openStore, type Store } from './store.js';
import { type Observer, silent } from './sync/observer.js';

export interface App {
  readonly store: Store;
  readonly backend: Backend;
  readonly claims: Claims;
  /** Where the claims are, and the queue without Redis. */
  readonly sessions: PostgresAddress;
  readonly accounts: readonly AccountParts[];
  /** Of the loops that work in this process. */
  readonly rounds: Rounds;
  /** Never throws, and comes to an end whatever server is away; the log says what could not be written. */
  close(): Promise<void>;
}

export interface AppOptions {
  readonly log: Logger;
  readonly version: string;
  readonly durable?: boolean;
  /** Ends the opening: what is open by then is closed. */
  readonly signal?: AbortSignal | undefined;
  /** Whether servers that are not there yet are waited for, until `signal` fires. */
  readonly waits?: boolean;
  /**
   * Whether the servers are used once before anything else does; at most a second in all. `jobs`: only whether a Redis takes
   * jobs, as one that refuses them would be asked again for ever. Default: false.
   */
  readonly checks?: boolean | 'jobs';
  /** Told in a sentence what the opening waits for. */
  readonly waiting?: (sentence: string) => void;
  /**
   * Given by those commands that may change in which time zone the database's days begin; told when they did. All
   * others take the database as it is.
   */
  readonly timezoneChanged?: (change: TimezoneChange) => void;
  /** Who is told what happens, by account. Default: nobody. */
  readonly observerOf?: (account: string) => Observer;
}

/** Opens all parts, with the schema brought in step. @throws ServiceUnavailableError, AbortError when `signal` fires */
export async function openApp(config: Config, options: AppOptions): Promise<App> {
  const { log, durable = true, signal, waits = false, checks = false } = options;
  const { judge } = openStartChecks(log);
  const open = <T>(what: () => Promise<T>, close?: (late: T) => Promise<unknown>): Promise<T> =>
    unlessStopped(signal, waits && signal !== undefined ? untilThere(what, { log, signal }) : what(), close);
  const store = await open(() => openStore(config, { log, durable }), closeStore);
  let backend: Backend | undefined;
  let claims: Claims | undefined;
  try {
    await open(() => judge(checks === true ? findAtServer(store, config) : findConnections(store, config)));
    const sessions = await open(() =>
      sessionAddress(store, { other: config.queueDatabase, hasQueue: config.redis === undefined }),
    );
    const { id: installation } = await open(() =>
      prepareDatabase(store, {
        ...options,
        queueAt: config.redis === undefined ? sessions : undefined,
        timezone: config.schedule.timezone,
      }),
    );
    const { silenceMs } = config;
    const opened = await open(
      () => openBackend({ database: sessions, redis: config.redis, silenceMs, installation, log }),
      closeBackend,
    );
    backend = opened;
    claims = openClaims(sessions);
    // Before there are transactions that would have to wait for it: a pooler may have few sessions to lend.
    if (sessions.sessions === 'shared') await open(claims.open);
    if (checks === true) {
      await open(() => judge(...findInDatabase({ ...store, sessions }), ...findInQueue(opened, config)));
    } else if (checks === 'jobs' && opened.kind === 'redis') await open(() => judge(findJobs(opened, config)));
    return joinParts(config, options, { store, backend, claims, sessions });
  } catch (error) {
    const parts = [claims && claimsPart(claims), storePart(store), backend && backendPart(backend)];
    await closeAll(
      log,
      parts.filter((part) => part !== undefined),
    );
    log.flush();
    throw error;
  }
}

const closeStore = (store: Store) => store.close();
const closeBackend = (backend: Backend) => backend.close();
const storePart = (store: Store): Part => ({
  part: store.embedded ? 'embedded PostgreSQL' : 'connections to PostgreSQL',
  close: () => store.close(),
  withinMs: STORE_CLOSES_MS,
});
const backendPart = (backend: Backend): Part => ({
  part: `connections of the queue (${backend.kind})`,
  close: () => backend.close(),
});

/** A loop that has not got round for so many times CONNECTION_SILENCE stands still: for a minute by default. */
const STILL_SILENCES = 6;
const claimsPart = (claims: Claims): Part => ({
  part: 'claims',
  close: () => claims.close(),
  otherwise: 'PostgreSQL lets go of them by itself',
});

/** An embedded server that was the last user's writes what it has. */
const STORE_CLOSES_MS = 5_000;

function joinParts(
  config: Config,
  options: AppOptions,
  { store, backend, claims, sessions }: Pick<App, 'store' | 'backend' | 'claims' | 'sessions'>,
): App {
  const { log, version, observerOf = () => silent } = options;
  const labels = config.accounts.map(({ label }) => label);
  const rounds = openRounds(log, STILL_SILENCES * config.silenceMs);
  const shared = { config, rounds, store, backend, claims, lookout: openLookout(store.db, labels), log, version };
  const accounts = config.accounts.map((account) =>
    openAccount(account, { ...shared, observer: observerOf(account.label) }),
  );
  return {
    store,
    backend,
    claims,
    sessions,
    accounts,
    rounds,
    async close() {
      rounds.close();
      await closeAll(log, [{ part: `queue server (${backend.kind})`, close: () => backend.leave() }]);
      await closeAll(log, [
        claimsPart(claims),
        ...accounts.map(({ account: { label }, queue }) => ({ part: `queue of account ${label}`, close: queue.close })),
        ...accounts.map(({ account: { label }, budget }) => ({
          part: `rate budget of account ${label}`,
          close: budget.close,
          otherwise: 'when the last requests were answered is not on record; they count from when they were to be sent',
        })),
      ]);
      await closeAll(log, [backendPart(backend), storePart(store)]);
      log.flush();
    },
  };
}
