// What the codes of PostgreSQL, of its driver and of Redis say about a failure: who is at fault, and can it pass?
// Source: PostgreSQL documentation, "Error Codes" (appendix A).
import { ConflictError, ServiceUnavailableError } from './errors.js';

/**
 * SQLSTATE classes for "the server is away or busy": connection, resources, operator intervention; and read-only, as a
 * server is that has just lost its office to another. Not 57014, a statement that was cancelled by a timeout or by hand:
 * the server is there, and would cancel it again.
 */
const PASSING_SQLSTATE = /^(08|53|57(?!014)|55P03|58|25006)/;
/** Two transactions that met: a deadlock, or a snapshot that could not be kept (SQLSTATE class 40). */
const CONFLICT_SQLSTATE = /^40/;
/**
 * SQLSTATE classes for "these values cannot be stored": cardinality, data, integrity, a view's check, limits of the server,
 * and what a trigger raises. Not those for a statement that is wrong or not allowed: no other values would mend it.
 */
const REFUSING_SQLSTATE = /^(21|22|23|44|54|P0)/;
/**
 * SQLSTATE classes for "nobody can work like this": a login that is refused, a database, schema, table, column or function
 * that is not there, and rights that are lacking. No other values would mend it, nor time alone.
 */
const LACKING_SQLSTATE = /^(28|3D|3F|42501|42P01|42703|42883)/;
const LOST_CONNECTION = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
]);

/**
 * How a Redis begins its refusal of any command for what it is itself: full, without its disk, a replica, starting, busy, or
 * with another password or rights than before. What was asked of it is not at fault, and it may be mended while we wait.
 * Source: Redis documentation, "Error replies" of its commands.
 */
const REDIS_REFUSES =
  /^(OOM|MISCONF|READONLY|LOADING|BUSY|MASTERDOWN|NOREPLICAS|NOAUTH|WRONGPASS|NOPERM|EXECABORT|ERR max number of clients)\b/;

/** A failure and what lies behind it, outermost first: drivers and Drizzle wrap what PostgreSQL said. */
function* causesOf(error: unknown): Generator<Error & { readonly code?: unknown }> {
  for (let at = error; at instanceof Error; at = at.cause) yield at;
}

/** The first of these codes that PostgreSQL, or the driver, gave. */
function codeOf(error: unknown, isOne: (code: string) => boolean): string | undefined {
  for (const { code } of causesOf(error)) if (typeof code === 'string' && isOne(code)) return code;
  return undefined;
}

/** Did PostgreSQL, or the driver, give one of these codes? */
export const hasCode = (error: unknown, isOne: (code: string) => boolean): boolean =>
  codeOf(error, isOne) !== undefined;

/** Did a transaction fail only because it met another one? Nothing is wrong with it, nor with the server. */
export function isConflict(error: unknown): boolean {
  for (const at of causesOf(error)) if (at instanceof ConflictError) return true;
  return hasCode(error, (code) => CONFLICT_SQLSTATE.test(code));
}

/** Is it PostgreSQL or Redis that is away or busy, rather than what was asked of it that is wrong? Then it may come back. */
export function isServiceAway(error: unknown): boolean {
  for (const at of causesOf(error)) {
    if (at instanceof AggregateError && at.errors.some(isServiceAway)) return true;
    if (at instanceof ServiceUnavailableError && at.mayPass) return true;
    if (at.name === 'ReplyError' && REDIS_REFUSES.test(at.message)) return true;
  }
  return hasCode(error, (code) => LOST_CONNECTION.has(code) || PASSING_SQLSTATE.test(code));
}

/** What a Redis answered instead of a result. undefined = it is no answer of a Redis */
export function redisRefusal(error: unknown): string | undefined {
  for (const at of causesOf(error)) if (at.name === 'ReplyError') return at.message;
  return undefined;
}

/** A SQLSTATE: five characters, digits among them, which codes of the system such as EPIPE have not. */
const SQLSTATE = /^(?=.*\d)[0-9A-Z]{5}$/;

/** Did PostgreSQL itself say it? */
export const isFromPostgres = (error: unknown): boolean => hasCode(error, (code) => SQLSTATE.test(code));

/** Is PostgreSQL there, and cannot take anything for now: no space, no connections, no lock to be had, read-only? */
export const isBusy = (error: unknown): boolean => hasCode(error, (code) => /^(53|55P03|58|25006)/.test(code));

/** Why PostgreSQL, or the driver on the way there, refuses what it was given to store: a code. undefined = for another reason. */
export function refusalOf(error: unknown): string | undefined {
  for (const at of causesOf(error)) {
    if (typeof at.code === 'string' && REFUSING_SQLSTATE.test(at.code)) return at.code;
    // Too long or too deep to be made into a parameter.
    if (at instanceof RangeError) return at.name;
  }
  return undefined;
}

/** What PostgreSQL lacks, or does not allow, for any work at all: a code. undefined = it is something else. */
export const lackOf = (error: unknown): string | undefined => codeOf(error, (code) => LACKING_SQLSTATE.test(code));
