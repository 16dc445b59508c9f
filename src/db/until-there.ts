// A service that starts before its servers waits for them; it does not end and count on being started again.
import pRetry from 'p-retry';
import { describe } from '../errors.js';
import type { Logger } from '../log.js';
import { isServiceAway } from '../service-trouble.js';

/** Milliseconds before the second attempt; later ones double, up to the second figure. */
const FIRST_MS = 500;
const LONGEST_MS = 5_000;

/**
 * Opens a connection, again and again while its server is away. @throws AbortError when `signal` fires; at once what
 * waiting cannot mend (a wrong password, a database that does not exist)
 */
export const untilThere = <T>(
  open: () => Promise<T>,
  { log, signal }: { readonly log: Pick<Logger, 'warn'>; readonly signal: AbortSignal },
): Promise<T> =>
  pRetry(open, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: FIRST_MS,
    maxTimeout: LONGEST_MS,
    signal,
    shouldRetry: ({ error }) => isServiceAway(error),
    onFailedAttempt: ({ error, attemptNumber }) => {
      if (isServiceAway(error)) log.warn({ attempt: attemptNumber, problem: describe(error) }, 'waiting for a server');
    },
  });
