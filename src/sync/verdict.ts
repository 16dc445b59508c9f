// How an attempt ends, decided in this one place. Pure: an error and the number of the attempt in, a verdict out.
import {
  AccountHaltedError,
  describe,
  HiveBodyError,
  HiveDownError,
  HiveHttpError,
  HiveNetworkError,
  HiveTimeoutError,
  isAbort,
  isNoAnswer,
  UnknownCollectionError,
} from '../errors.js';
import { isConflict, isServiceAway, lackOf } from '../service-trouble.js';

export type Verdict =
  /** Try again; costs an attempt. */
  | { readonly do: 'retry'; readonly afterMs: number }
  /** Not the page's fault: later, at no cost. `everyone`: nobody can send before that. */
  | { readonly do: 'snooze'; readonly afterMs: number; readonly everyone: boolean }
  /** It will not get better: dead letter, and the run goes on. */
  | { readonly do: 'reject'; readonly code: string; readonly httpStatus: number | null }
  /** Nothing of this account can work, for what the sentence says. */
  | { readonly do: 'halt'; readonly because: string };

export interface Attempt {
  /** 1 for the first. */
  readonly number: number;
  /** As many as there are. */
  readonly of: number;
  /** First delay; later ones double. */
  readonly baseMs: number;
  /** 0 to 1, for jitter. */
  readonly random: number;
}

/** Retries never wait longer than this times the base delay. */
const LARGEST_FACTOR = 60;
/** A database that blinked is asked again after this many base delays; pages wait, they are not lost. */
const DATABASE_FACTOR = 2;

/** How long a page is left to a worker of the release that has asked for it. */
const UNKNOWN_MS = 5_000;

export function verdictOn(error: unknown, attempt: Attempt): Verdict {
  if (isAbort(error)) return { do: 'snooze', afterMs: 0, everyone: false };
  if (error instanceof AccountHaltedError) return { do: 'halt', because: error.message };
  // No page is at fault. They return one after the other, as the first of them asks.
  if (error instanceof HiveDownError) {
    return { do: 'snooze', afterMs: error.afterMs + Math.round(attempt.random * attempt.baseMs), everyone: false };
  }
  if (error instanceof HiveHttpError) return onStatus(error, attempt);
  if (error instanceof HiveTimeoutError) return retryOrReject(attempt, 'timeout', null);
  if (error instanceof HiveNetworkError) return retryOrReject(attempt, 'network', null);
  if (error instanceof HiveBodyError) return retryOrReject(attempt, 'body', error.status);
  if (isServiceAway(error) || isConflict(error)) {
    return { do: 'snooze', afterMs: attempt.baseMs * DATABASE_FACTOR, everyone: false };
  }
  // Workers of both releases take from one queue: the newer one will come.
  if (error instanceof UnknownCollectionError) return { do: 'snooze', afterMs: UNKNOWN_MS, everyone: false };
  // Every page would meet the same: none of them is at fault. A while is allowed for, as a release may be under way.
  const lack = lackOf(error);
  if (lack !== undefined && attempt.number >= attempt.of) {
    const because = `PostgreSQL does not let hive-sync work: ${describe(error)} (${lack}). See: hive-sync doctor. Then start the run again.`;
    return { do: 'halt', because };
  }
  return retryOrReject(attempt, 'internal', null);
}

function onStatus(error: HiveHttpError, attempt: Attempt): Verdict {
  const { status, retryAfterMs } = error;
  // The budget counts refusals: one that confirms another halts the account before a further request is sent.
  if (status === 401) return { do: 'snooze', afterMs: attempt.baseMs, everyone: false };
  if (status === 429) return { do: 'snooze', afterMs: retryAfterMs ?? attempt.baseMs, everyone: true };
  if (isNoAnswer(error)) return retryOrReject(attempt, `http_${status}`, status, retryAfterMs);
  return { do: 'reject', code: `http_${status}`, httpStatus: status };
}

function retryOrReject(attempt: Attempt, code: string, httpStatus: number | null, atLeastMs = 0): Verdict {
  if (attempt.number >= attempt.of) return { do: 'reject', code, httpStatus };
  return { do: 'retry', afterMs: Math.max(atLeastMs, backoffMs(attempt)) };
}

/** Doubles with each attempt; the upper half is random, so that pages that failed together do not return together. */
function backoffMs({ number, baseMs, random }: Attempt): number {
  const full = baseMs * Math.min(2 ** (number - 1), LARGEST_FACTOR);
  return Math.round(full * (0.5 + random / 2));
}
