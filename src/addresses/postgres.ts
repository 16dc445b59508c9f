// DATABASE_URL and the variables of libpq → one description of a PostgreSQL server, from which all connections are made.
// The rule: what cannot be honoured is said, never left out in silence.
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { passwordFrom } from './passfile.js';
import { PERCENT_HINT } from './percent.js';
import { type Given, gather } from './postgres-given.js';
import { type Tls, tlsOf } from './postgres-tls.js';

export type SessionKind = 'any' | 'read-write' | 'read-only' | 'primary' | 'standby' | 'prefer-standby';

/**
 * What a connection is, as it was found out by trying (db/connection/sessions.ts). own: a session of the server. pooled: one
 * that a pooler lends until the connection ends. shared: each transaction may get another one.
 */
export type Sessions = 'own' | 'pooled' | 'shared';

export interface PostgresHost {
  /** A name, an address, or the folder of a Unix socket (with `/` at its beginning, or `@` for an abstract one). */
  readonly host: string;
  readonly port: number;
  /** Where to connect instead of looking the name up; the certificate is still for the name. */
  readonly address: string | undefined;
}

/** Where a PostgreSQL is and how to connect to it. Holds the password: never log it. */
export interface PostgresAddress {
  /** At least one; tried in this order. */
  readonly hosts: readonly [PostgresHost, ...PostgresHost[]];
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  /** The beginning of what pg_stat_activity shows; undefined = hive-sync. */
  readonly applicationName: string | undefined;
  /** Command-line options for the server's session, such as `-c work_mem=8MB`. */
  readonly options: string | undefined;
  /** For one host, milliseconds; 0 = as long as the system tries. Default 30,000. */
  readonly connectTimeoutMs: number;
  /** undefined = after 10 s of quiet; `false` = none. */
  readonly keepAlive: { readonly idleMs: number } | false | undefined;
  /** undefined = without TLS. */
  readonly tls: Tls | undefined;
  readonly session: SessionKind;
  /** Whether the hosts are tried in a random order. */
  readonly isShuffled: boolean;
  /** How long an answer may be due before it is asked whether the server is at work. No parameter; undefined = 10 s. */
  readonly silenceMs?: number;
  /** undefined = nobody has looked yet; it is taken for own. */
  readonly sessions?: Sessions;
}

export interface ReadOptions {
  /** What the string is called in messages. Default DATABASE_URL. */
  readonly variable?: string;
  /** Where PGHOST and the others are looked up, and HOME. Default: nowhere. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads a connection string as libpq does: URI or keyword=value, with the PG* variables for what it leaves open, then
 * libpq's defaults (user = the system's user, database = the user, sslmode = prefer, no host = the local socket, else
 * localhost).
 * @param problems gets a sentence for each thing that is wrong or cannot be honoured; none shows a password
 * @returns undefined when there was a problem
 */
export function readPostgresAddress(
  text: string,
  problems: string[],
  { variable = 'DATABASE_URL', env = {} }: ReadOptions = {},
): PostgresAddress | undefined {
  const before = problems.length;
  const given = gather(text, { variable, env, problems });
  if (given === undefined) return undefined;
  const hosts = hostsOf(given);
  const user = given.value('user') ?? systemUser();
  if (user === undefined) {
    given.complain(
      'user',
      'is missing, and this process runs as a user without a name: write user:password@ before the host',
    );
    return undefined;
  }
  const database = given.value('dbname') ?? user;
  checkConstants(given);
  const tls = tlsOf(given, env.HOME);
  const password = given.value('password') ?? passwordOf(given, { hosts, database, user }, env.HOME);
  if (password !== undefined && PLACEHOLDER.test(password)) {
    given.complain(
      'password',
      'is still the placeholder of the page that the string was copied from: put yours in its place',
    );
  }
  const address = {
    hosts,
    user,
    password,
    database,
    applicationName: given.value('application_name') ?? given.value('fallback_application_name'),
    options: given.value('options'),
    connectTimeoutMs: given.wholeNumber('connect_timeout', DEFAULT_CONNECT_S) * 1_000,
    keepAlive: keepAliveOf(given),
    tls,
    session: given.oneOf('target_session_attrs', SESSIONS) ?? 'any',
    isShuffled: given.oneOf('load_balance_hosts', ['disable', 'random']) === 'random',
  };
  const [first, ...others] = hosts;
  return problems.length > before || first === undefined ? undefined : { ...address, hosts: [first, ...others] };
}

/** A description, or a string without any environment: that of a server of our own. @throws Error that names every problem */
export function addressOf(at: PostgresAddress | string): PostgresAddress {
  if (typeof at !== 'string') return at;
  const problems: string[] = [];
  const address = readPostgresAddress(at, problems, { variable: 'the connection string' });
  if (address === undefined) throw new Error(problems.join('; '));
  return address;
}

/** Host, port and database, without user and password: for messages. */
export const placeOf = ({ hosts, database }: PostgresAddress): string =>
  `${hosts.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(',')}/${database}`;

const DEFAULT_CONNECT_S = 30;
const DEFAULT_PORT = 5_432;
const SESSIONS = ['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby'] as const;
/** `[YOUR-PASSWORD]`, `{your_password}`, `<password>`: as the pages of hosting companies print it. */
const PLACEHOLDER = /^[[{<](?:your[-_ ]?)?password[\]}>]$/i;
/** Where PostgreSQL's packages put their socket. */
const SOCKET_FOLDERS = ['/var/run/postgresql', '/tmp'];

/** Hosts, ports and addresses go together by their place in the list; one port goes for all hosts. */
function hostsOf(given: Given): PostgresHost[] {
  const names = given.list('host');
  const addresses = given.list('hostaddr');
  const ports = given.list('port');
  const count = Math.max(names.length, addresses.length, 1);
  if (names.length > 0 && addresses.length > 0 && names.length !== addresses.length) {
    given.complain('hostaddr', `has ${addresses.length} entries for ${names.length} hosts`);
  }
  if (ports.length > 1 && ports.length !== count)
    given.complain('port', `has ${ports.length} entries for ${count} hosts`);
  return Array.from({ length: count }, (_, at) => {
    const port = portOf(given, (ports.length === 1 ? ports[0] : ports[at]) ?? '');
    const address = addresses[at] || undefined;
    return { host: names[at] || address || localHost(port), port, address };
  });
}

function portOf(given: Given, text: string): number {
  if (text === '') return DEFAULT_PORT;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) given.complain('port', `is no number from 1 to 65535. ${PERCENT_HINT}`);
  return port;
}

const localHost = (port: number): string =>
  SOCKET_FOLDERS.find((folder) => existsSync(`${folder}/.s.PGSQL.${port}`)) ?? 'localhost';

function systemUser(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined; // no entry in the user database
  }
}

function passwordOf(
  given: Given,
  wanted: Parameters<typeof passwordFrom>[1],
  home: string | undefined,
): string | undefined {
  const file = given.value('passfile') ?? (home === undefined ? undefined : `${home}/.pgpass`);
  try {
    return file === undefined ? undefined : passwordFrom(file, wanted);
  } catch (error) {
    given.complain('password', `is needed, and ${(error as Error).message}`);
    return undefined;
  }
}

/** What has one possible value here. */
function checkConstants(given: Given): void {
  const encoding = given.value('client_encoding') ?? 'auto';
  if (!/^(auto|utf-?8|unicode)$/i.test(encoding))
    given.complain('client_encoding', 'can only be UTF8 here: leave it out');
  if (given.oneOf('gssencmode', ['disable', 'prefer', 'require']) === 'require') {
    given.complain('gssencmode', 'cannot be "require": Kerberos is not supported; use sslmode=verify-full');
  }
}

function keepAliveOf(given: Given): PostgresAddress['keepAlive'] {
  if (given.oneOf('keepalives', ['0', '1']) === '0') return false;
  const idleS = given.wholeNumber('keepalives_idle', 0);
  return idleS === 0 ? undefined : { idleMs: idleS * 1_000 };
}
