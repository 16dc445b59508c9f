// The servers are used as the product will use them, before it does: all of it for `doctor`, the same in a bounded time
// when the worker starts, and for the other commands that need them whether the queue takes jobs.
import type { PostgresAddress } from './addresses/postgres.js';
import { inTime } from './closing.js';
import type { Config } from './config.js';
import { checkConnections, type Needs } from './db/checks/connections.js';
import { checkServer } from './db/checks/server.js';
import { checkSession } from './db/checks/session.js';
import { checkWrites } from './db/checks/writes.js';
import type { Database } from './db/database.js';
import { describe, ServiceUnavailableError } from './errors.js';
import { distinct, type Finding } from './finding.js';
import type { Logger } from './log.js';
import type { Backend } from './queue/backend.js';
import { checkJob } from './queue/checks/job.js';
import { refused } from './queue/checks/refusals.js';
import { QUEUE_CONNECTIONS } from './queue/on-postgres.js';
import { isServiceAway } from './service-trouble.js';

/** The one that holds the claims on runs (db/run-claims.ts). */
const CLAIMS = 1;
/** The one on which it is asked about another that is silent (db/connection/inquiry.ts). */
const INQUIRY = 1;

const needsOf = ({ connections, redis }: Pick<Config, 'connections' | 'redis'>): Needs => ({
  pool: connections,
  beside: CLAIMS + INQUIRY,
  queue: redis === undefined ? QUEUE_CONNECTIONS : 0,
});

/** Are there as many connections as a process takes? */
export const findConnections = (
  database: Pick<Database, 'db'>,
  config: Pick<Config, 'connections' | 'redis'>,
): Promise<Finding[]> => asFinding('PostgreSQL', checkConnections(database, needsOf(config)));

/** Before anything is changed there. */
export const findAtServer = (
  database: Pick<Database, 'db' | 'address'>,
  config: Pick<Config, 'connections' | 'redis'>,
): Promise<Finding[]> => asFinding('PostgreSQL', checkServer(database, needsOf(config)));

/** When the schema is in step. */
export const findInDatabase = ({
  db,
  address,
  sessions,
}: Pick<Database, 'db' | 'address'> & { readonly sessions: PostgresAddress }): Promise<Finding[]>[] => [
  asFinding('sessions', checkSession({ db, address, sessions }).then(one)),
  asFinding('writing', checkWrites(db).then(one)),
];

export const findInQueue = (
  backend: Pick<Backend, 'check' | 'openQueue'>,
  { pageAttempts }: Pick<Config, 'pageAttempts'>,
): Promise<Finding[]>[] => [asFinding('queue', backend.check()), findJobs(backend, { pageAttempts })];

/** Does the queue take jobs? */
export const findJobs = (
  backend: Pick<Backend, 'openQueue'>,
  { pageAttempts }: Pick<Config, 'pageAttempts'>,
): Promise<Finding[]> => asFinding('jobs', checkJob(backend, pageAttempts).then(one));

const one = (finding: Finding): Finding[] => [finding];

/** What keeps something from being tried is a finding, too. */
const asFinding = (about: string, found: Promise<Finding[]>): Promise<Finding[]> =>
  found.catch((error: unknown) => [
    refused(about, error) ?? {
      level: 'stop' as const,
      about,
      sentence: `it cannot be tried: ${describe(error)}`,
      mayPass: isServiceAway(error),
    },
  ]);

/** What all checks at the start of a worker may take together, milliseconds. */
const AT_START_MS = 1_000;

export interface StartChecks {
  /**
   * Waits for what is found, while there is time; logs what somebody should know.
   * @throws ServiceUnavailableError with a sentence when it cannot work so; it says whether that may pass
   */
  judge(...found: Promise<Finding[]>[]): Promise<void>;
}

export function openStartChecks(log: Pick<Logger, 'warn'>): StartChecks {
  let leftMs = AT_START_MS;
  return {
    async judge(...found) {
      const began = performance.now();
      const inHand = await Promise.all(found.map(async (some) => ((await inTime(leftMs, some)) ? some : undefined)));
      leftMs = Math.max(0, leftMs - (performance.now() - began));
      const findings = distinct(inHand.flatMap((some) => some ?? []));
      if (inHand.includes(undefined)) {
        log.warn({ withinMs: AT_START_MS }, 'not all of the servers was tried in time, going on');
      }
      for (const { level, about, sentence } of findings) {
        if (level === 'mind') log.warn({ about, problem: sentence }, 'a server is not as it should be');
      }
      const stops = findings.filter(({ level }) => level === 'stop');
      if (stops.length === 0) return;
      // Whoever waits for it to pass begins anew.
      leftMs = AT_START_MS;
      throw new ServiceUnavailableError(stops.map(({ about, sentence }) => `${about}: ${sentence}`).join(' '), {
        mayPass: stops.every(({ mayPass }) => mayPass === true),
      });
    },
  };
}
