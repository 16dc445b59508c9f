// What was fetched has cost budget: it is not thrown away because the database blinked.
import pRetry, { AbortError } from 'p-retry';
import { describe } from '../errors.js';
import type { Logger } from '../log.js';
import { isBusy, isServiceAway } from '../service-trouble.js';
import { refusedByPostgres } from '../standstill.js';

/** With delays up to 5 s this is about five minutes. */
const RETRIES = 64;

/**
 * Runs a transaction again while the database is away or busy. `signal` ends the waiting, not the first attempt: who leaves
 * still writes what has come. @throws at once what a retry cannot mend
 */
export async function persistently<T>(
  { log }: { readonly log: Pick<Logger, 'warn'> },
  transaction: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const tell = (error: unknown, attempt: number): void => {
    log.warn({ attempt, problem: describe(error) }, 'the database is away, trying again');
    if (isBusy(error)) refusedByPostgres(error);
  };
  try {
    return await transaction();
  } catch (error) {
    if (!isServiceAway(error)) throw error;
    tell(error, 1);
  }
  return pRetry(
    async () => {
      try {
        return await transaction();
      } catch (error) {
        if (isServiceAway(error)) throw error;
        throw new AbortError(error instanceof Error ? error : new Error(String(error)));
      }
    },
    {
      retries: RETRIES,
      minTimeout: 50,
      maxTimeout: 5_000,
      randomize: true,
      ...(signal === undefined ? {} : { signal }),
      shouldRetry: ({ error }) => isServiceAway(error),
      onFailedAttempt: ({ error, attemptNumber }) => {
        // Not when it is given up because we are leaving.
        if (isServiceAway(error)) tell(error, attemptNumber + 1);
      },
    },
  );
}
