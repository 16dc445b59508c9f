// What went wrong. Each class says what happened and nothing of what to do about it: that is sync/verdict.ts for the
// work of a sync, and exitCodeOf() for a command.
import { inShort } from './words.js';

/** The command line or the environment is wrong. Nothing was started. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Every problem of the environment at once, one sentence each. */
export class ConfigError extends UsageError {
  constructor(readonly problems: readonly string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

/** A run of that mode is under way, and runs of one mode never overlap. */
export class RunGoingError extends Error {
  override readonly name = 'RunGoingError';
  constructor(
    account: string,
    mode: string,
    readonly runId: number,
  ) {
    super(
      `A run of mode ${mode} of account "${account}" is still going: run ${runId}. Wait for its end, then ask again.`,
    );
  }
}

/** A database or queue server does not answer, or refuses us. */
export class ServiceUnavailableError extends Error {
  override readonly name = 'ServiceUnavailableError';
  /** Whether it may come to work by itself, beside what the cause says of that. */
  readonly mayPass: boolean;

  constructor(message: string, { mayPass = false, ...options }: ErrorOptions & { readonly mayPass?: boolean } = {}) {
    super(message, options);
    this.mayPass = mayPass;
  }
}

/** The worker's server, or the simulator, cannot listen where it is told to. */
export class AddressError extends Error {
  override readonly name = 'AddressError';
}

/** Another transaction has come between what this one read and what it wrote. It can be run again at once. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
}

/** PostgreSQL does not allow it, or would not keep what it promises. Nothing was changed. */
export class NotPermittedError extends Error {
  override readonly name = 'NotPermittedError';
}

/** The database was brought in step by a newer release. Nothing was read from it and nothing changed. */
export class NewerSchemaError extends Error {
  override readonly name = 'NewerSchemaError';
  constructor(
    /** Names of the migrations that this release does not have. */
    readonly unknown: readonly string[],
    /** The release that applied the last of them, where the database says so. */
    release: string | undefined,
    own: string,
  ) {
    const several = unknown.length > 1;
    super(
      `The database was brought in step by a newer hive-sync${release === undefined ? '' : ` (${release})`}: this one (${own}) does not know its migration${several ? 's' : ''} ${unknown.join(', ')}. Install the newer release again, or restore the backup from before it (docs/operations.md, "Going back").`,
    );
  }
}

/** What migrations made is not in the database any more. Nothing was changed. */
export class MissingPartsError extends Error {
  override readonly name = 'MissingPartsError';
  /** @param parts named, as `table hive.orders` */
  constructor(parts: string) {
    super(
      `The database lacks what the migrations made: ${parts}. Somebody dropped or changed it, or switched it off, and hive-sync does not know what else was lost. What to do: docs/operations.md, "Parts that are gone".`,
    );
  }
}

/** Others built views on ours that have to be dropped, or hold a lock on them. Nothing was changed. */
export class DependentsError extends Error {
  override readonly name = 'DependentsError';
}

/** Characters of what the API said that stand in a message, which is a line of the log and of a page. */
const LONGEST_SAID = 500;

/** What others say, within a line of ours: with line breaks it could look like lines of ours. */
const inOneLine = (text: string): string => text.replaceAll(/\s*[\n\r\u2028\u2029]\s*/g, ' ');

/** The API answered with a status outside 2xx. */
export class HiveHttpError extends Error {
  override readonly name = 'HiveHttpError';
  constructor(
    readonly status: number,
    /** The API's own `errors` array, word for word, bounded as hive/body.ts says; empty when the body had none. */
    readonly errors: readonly string[],
    /** From Retry-After, already within floor and ceiling; undefined when the API gave none that can be read. */
    readonly retryAfterMs: number | undefined,
    readonly url: string,
    /** The first part of a body that was not the documented JSON (a proxy's page, say). */
    readonly bodyExcerpt: string | undefined,
  ) {
    super(
      `The API answered ${status}${errors.length > 0 ? `: ${inOneLine(inShort(errors.join('; '), LONGEST_SAID))}` : ''}`,
    );
  }
}

/** For a certificate that Node does not trust. */
const adviceOn = (code: string): string =>
  /SELF_SIGNED|UNABLE_TO_/.test(code) ? '. Name the authority of its certificate with NODE_EXTRA_CA_CERTS=<file>' : '';

/** The request did not come to an answer: connection refused, reset or cut, name not found, TLS. */
export class HiveNetworkError extends Error {
  override readonly name = 'HiveNetworkError';
  constructor(
    readonly code: string,
    readonly url: string,
    /** `through`: host and port of the proxy that stands in between. */
    { through, ...options }: ErrorOptions & { readonly through?: string | undefined } = {},
  ) {
    const way = through === undefined ? '' : ` through the proxy ${through}`;
    super(`The API could not be reached${way} (${code})${adviceOn(code)}`, options);
  }
}

/** No complete answer within HIVE_TIMEOUT_MS. */
export class HiveTimeoutError extends Error {
  override readonly name = 'HiveTimeoutError';
  constructor(
    readonly timeoutMs: number,
    readonly url: string,
    options?: ErrorOptions,
  ) {
    super(`The API did not answer within ${timeoutMs} ms`, options);
  }
}

/** The status was fine but the body is not what a list or a record looks like. */
export class HiveBodyError extends Error {
  override readonly name = 'HiveBodyError';
  constructor(
    readonly reason: string,
    readonly status: number,
    readonly url: string,
    readonly bodyExcerpt: string | undefined,
    options?: ErrorOptions,
  ) {
    super(`The API's answer cannot be used: ${reason}`, options);
  }
}

/** Did a request come to nothing usable, as from an API that is down or a gateway in front of it? Else it has answered. */
export const isNoAnswer = (error: unknown): boolean =>
  error instanceof HiveNetworkError ||
  error instanceof HiveTimeoutError ||
  error instanceof HiveBodyError ||
  (error instanceof HiveHttpError && (error.status >= 500 || error.status === 408));

/** Nothing that was asked for came to a usable answer, other lists neither. */
export class HiveDownError extends Error {
  override readonly name = 'HiveDownError';
  constructor(
    /** Of the first failure in a row, by this process's clock. */
    readonly since: Date,
    /** Of the last one. */
    readonly latest: Date,
    /** How the last request ended. */
    readonly problem: string,
    /** Milliseconds until it is asked again. */
    readonly afterMs: number,
  ) {
    super(`The API has given no usable answer since ${since.toISOString().slice(0, 19)}Z (last: ${problem})`);
  }
}

/** The account's key was refused twice in a row; each new run may try with one request. */
export class AccountHaltedError extends Error {
  override readonly name = 'AccountHaltedError';
  constructor(
    readonly account: string,
    /** Where its key is read from: HIVE_API_KEY, HIVE_API_KEY_DE. */
    readonly keyVariable: string,
  ) {
    super(`The API refuses the key of account "${account}" (401). Check ${keyVariable}, then start the run again.`);
  }
}

/** The ledger or the queue names a collection that this release does not know: a newer one has written that. */
export class UnknownCollectionError extends Error {
  override readonly name = 'UnknownCollectionError';
  constructor(collection: string) {
    super(`This release does not know the collection "${collection}", which a newer one has begun to read`);
  }
}

/** Codes of the contract: 0 complete, 1 failed, 2 usage, 3 finished but not complete, 130 interrupted. */
export function exitCodeOf(error: unknown): number {
  if (isAbort(error)) return 130;
  return error instanceof UsageError ? 2 : 1;
}

export const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';

/**
 * One sentence for people and logs. Database errors are reduced to the server's own message: the text that Drizzle
 * makes holds the whole statement with all parameters, and those are customers' data.
 */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'DrizzleQueryError' || error.message.startsWith('Failed query')) {
    return error.cause === undefined ? 'a database statement failed' : describe(error.cause);
  }
  if (error instanceof AggregateError && error.message === '') return error.errors.map(describe).join('; ');
  return error.message;
}
