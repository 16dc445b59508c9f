// The settings of our sessions, as data. Each changes how values are written or read, or how statements behave, and the
// owner of the server, the database or the role may have set it to anything. What we need goes with the start of each
// session of both drivers, and so wins over ALTER SYSTEM, ALTER DATABASE, ALTER ROLE and the address's `options`. Where a
// pooler is in between that takes no settings at the start, they are a statement before all others of the session, or of
// the transaction where each may have another session.
// Source: PostgreSQL documentation, "Client Connection Defaults" (20.11), "How Settings Are Processed" (20.1).

import { literal } from '../../schema-names.js';

interface Setting {
  readonly value: string;
  /** What goes wrong with another value. */
  readonly why: string;
}

/**
 * The owner's choice stays for what changes no value: how fast a statement is (jit, plan_cache_mode, work_mem), how safe a
 * commit is (synchronous_commit). transaction_timeout cannot be set for all, as a server before version 17 refuses it:
 * `doctor` looks at it.
 */
const SETTINGS = {
  client_encoding: { value: 'UTF8', why: 'both drivers write and read nothing else' },
  DateStyle: { value: 'ISO, MDY', why: 'instants and days are compared as text, and read in this form only' },
  IntervalStyle: { value: 'postgres', why: 'intervals are read in this form' },
  TimeZone: {
    value: 'UTC',
    why: 'instants come with this offset; the days of the views go by sync.installation, never by the session',
  },
  extra_float_digits: { value: '1', why: 'with less, a float is not read as it was stored' },
  bytea_output: { value: 'hex', why: 'webhook bodies are read in this form' },
  array_nulls: { value: 'on', why: 'a null in an array is written without quotation marks' },
  transform_null_equals: { value: 'off', why: 'a comparison with null is null' },
  quote_all_identifiers: { value: 'off', why: 'definitions of views are compared as text' },
  standard_conforming_strings: { value: 'on', why: 'a backslash in a literal is a backslash' },
  row_security: {
    value: 'off',
    why: 'rows that a policy hides would be taken for missing; now a statement that one would cut short is an error',
  },
  default_transaction_isolation: {
    value: 'read committed',
    why: 'locks are taken in one order so that this suffices; stricter levels fail where two processes meet',
  },
  default_transaction_read_only: { value: 'off', why: 'we write' },
  default_transaction_deferrable: { value: 'off', why: 'a transaction would wait for all others' },
  statement_timeout: {
    value: '0',
    why: 'what is cancelled is tried again and cancelled again: a slow insert, the sums of a large account, an index',
  },
  lock_timeout: { value: '0', why: 'as statement_timeout; a migration sets its own and says who is in its way' },
  idle_in_transaction_session_timeout: { value: '0', why: 'a busy process may let a transaction wait for its turn' },
  idle_session_timeout: {
    value: '0',
    why: 'the connection that holds the locks on runs and the one that listens wait',
  },
  // Behind quote_all_identifiers, which would have it written otherwise.
  search_path: {
    value: 'pg_catalog, pg_temp',
    why: 'a function or an operator that others made, called like a built-in one, would run with the rights of hive-sync',
  },
} as const satisfies Record<string, Setting>;

export type SessionSetting = keyof typeof SETTINGS;

/** Name → value, for a session's startup parameters. */
export const SESSION = Object.fromEntries(
  Object.entries(SETTINGS).map(([name, { value }]) => [name, value]),
) as Readonly<Record<SessionSetting, string>>;

/**
 * For statements that name no schemas: they find and make their own in one of ours. pg_catalog comes first where it is not
 * named, and nothing could be made if it were; pg_temp would come before it.
 */
export const pathWith = (schema: string): string => `${schema}, pg_temp`;

/** Name → what goes wrong with another value than ours. */
export const REASONS = Object.fromEntries(Object.entries(SETTINGS).map(([name, { why }]) => [name, why])) as Readonly<
  Record<SessionSetting, string>
>;

/**
 * The same for the server's side of the connection: it lets go of the locks of one that has died without a word within half
 * a minute, and not after the hours of its system. A server on a Unix socket, or a system without them, leaves them out.
 */
export const KEEP_ALIVE = {
  tcp_keepalives_idle: '10',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '3',
  tcp_user_timeout: '30000',
} as const;

/** Name → value of what a connection wants set beside SESSION; of two the later wins. */
export type Settings = Readonly<Record<string, string>>;

/** For a driver that takes command-line options only. The last of two that name the same setting wins. */
export const asOptions = (settings: Settings): string =>
  Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value.replaceAll(' ', '\\ ')}`)
    .join(' ');

/**
 * The same as statements; SET, as it takes no snapshot, so that the transaction can still be told what it is.
 * @param scope `local` = until the end of the transaction
 */
export const asStatements = (settings: Settings, scope: 'session' | 'local'): string =>
  Object.entries(settings)
    // The owner's own timeout must not end this.
    .sort(([a], [b]) => Number(b === 'statement_timeout') - Number(a === 'statement_timeout'))
    .map(([name, value]) => `set ${scope} ${name} to ${asLiterals(name, value)}`)
    .join('; ');

/** In one literal, a list of names would be one name. */
const asLiterals = (name: string, value: string): string =>
  (name === 'search_path' ? value.split(', ') : [value]).map(literal).join(', ');

/** Names of our settings that an address's `options`, such as `-c statement_timeout=5s`, sets in vain. */
export function overruledIn(options: string): SessionSetting[] {
  const named = [...options.matchAll(/(?:-c\s*|--)([\w-]+)\s*=/g)].map(([, name = '']) =>
    name.replaceAll('-', '_').toLowerCase(),
  );
  return (Object.keys(SESSION) as SessionSetting[]).filter((name) => named.includes(name.toLowerCase()));
}
