// Environment → one frozen, fully resolved Config. Every problem is listed at once and no secret is printed.
import { type PostgresAddress, readPostgresAddress } from './addresses/postgres.js';
import { proxyFor } from './addresses/proxy.js';
import { type RedisAddress, readRedisAddress } from './addresses/redis.js';
import { ConfigError } from './errors.js';
import { clashOf, namesFrom, type SchemaNames } from './schema-names.js';
import { DEFAULT_API_URL, suffixOf, type Values, type Variable, variables } from './variables.js';

/** One API key and where it is used. */
export interface Account {
  /** Goes into the `account` column of every table. */
  readonly label: string;
  /** Bearer key and webhook secret; undefined only for commands that need none. */
  readonly apiKey: string | undefined;
  /** Where the key is read from: HIVE_API_KEY, HIVE_API_KEY_DE. */
  readonly keyVariable: string;
  /** Base URL without a slash at the end. */
  readonly apiUrl: string;
  /** By HTTP_PROXY, HTTPS_PROXY and NO_PROXY; undefined = directly. May hold a password. */
  readonly proxy: string | undefined;
}

export interface Config {
  readonly accounts: readonly Account[];
  /** undefined = the embedded PostgreSQL in `home`. */
  readonly database: PostgresAddress | undefined;
  /** Another way to the same database, for what needs a session: claims, and the queue without Redis; undefined = `database`. */
  readonly queueDatabase: PostgresAddress | undefined;
  /** What the schemas of this installation are called. */
  readonly schemas: SchemaNames;
  /** Most connections of the process's main pool; docs/operations.md counts the others. */
  readonly connections: number;
  /** How long PostgreSQL or Redis may owe an answer before the connection is looked into. */
  readonly silenceMs: number;
  /** undefined = BullMQ on the same PostgreSQL. */
  readonly redis: RedisAddress | undefined;
  /** Data folder of the embedded PostgreSQL. */
  readonly home: string;
  readonly rate: {
    /** Requests per window; undefined = 100, then what X-Rate-Limit-Max says. */
    readonly limit: number | undefined;
    readonly windowMs: number;
    /** Requests per window that are left to other users of the key. */
    readonly reserve: number;
  };
  /** One request, from sending it to the last byte of the answer. */
  readonly timeoutMs: number;
  /** Pages in flight per account and process. */
  readonly concurrency: number;
  /** Tries of one page before it becomes a dead letter. */
  readonly pageAttempts: number;
  /** Days for which incremental runs still watch a closed order: refunds come late. */
  readonly lookbackDays: number;
  /** First retry delay; later ones double. */
  readonly retryBaseMs: number;
  /** How long a command waits for an API that answers nothing. */
  readonly outagePatienceMs: number;
  /** When the worker starts runs by itself; undefined = never. */
  readonly schedule: {
    readonly incrementalEveryMs: number | undefined;
    readonly fullCron: string | undefined;
    readonly timezone: string;
  };
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly adminToken: string | undefined;
    /** Put before every path that leaves the server: `/hive`, or empty. */
    readonly basePath: string;
    /** Addresses and networks whose X-Forwarded-… is believed; of all others it is ignored. */
    readonly trustedProxies: readonly string[];
  };
  /** After that long it is let go: deliveries of webhooks, ended runs, closed dead letters, the history (undefined = never). */
  readonly retention: {
    readonly webhooksMs: number;
    readonly ledgerMs: number;
    readonly deadLettersMs: number;
    readonly historyMs: number | undefined;
  };
  readonly logLevel: string;
}

type Env = Readonly<Record<string, string | undefined>>;

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);
/** Can only this machine reach that host name or address? */
export const isLoopback = (host: string): boolean => LOOPBACK.has(host);

/** What may stand in an HTTP header value; a key with a line break or a curly quote was pasted wrongly. */
const HEADER_SAFE = /^[\x21-\x7e]+$/;

/**
 * @param env the environment, `.env` already merged into it
 * @param needsKey false for commands that never talk to the API
 * @throws ConfigError with every problem that was found
 */
export function readConfig(env: Env, { needsKey = true }: { needsKey?: boolean } = {}): Config {
  const problems: string[] = [];
  const values = Object.fromEntries(
    Object.entries(variables).map(([name, variable]) => [name, readVariable(env, name, variable, problems)]),
  ) as unknown as Values;
  const accounts = readAccounts(env, values, needsKey, problems);
  const { DATABASE_URL, QUEUE_DATABASE_URL, REDIS_URL } = values;
  const database = DATABASE_URL === undefined ? undefined : readPostgresAddress(DATABASE_URL, problems, { env });
  const queueDatabase =
    QUEUE_DATABASE_URL === undefined
      ? undefined
      : readPostgresAddress(QUEUE_DATABASE_URL, problems, { env, variable: 'QUEUE_DATABASE_URL' });
  if (QUEUE_DATABASE_URL !== undefined && DATABASE_URL === undefined) {
    problems.push('QUEUE_DATABASE_URL is another way to the database of DATABASE_URL, which is missing: set that too');
  }
  const { HIVE_SCHEMA, SYNC_SCHEMA, QUEUE_SCHEMA } = values;
  const schemas = namesFrom({ hive: HIVE_SCHEMA, sync: SYNC_SCHEMA, queue: QUEUE_SCHEMA });
  const clash = clashOf(schemas);
  if (clash !== undefined) problems.push(clash);
  const redis = REDIS_URL === undefined ? undefined : readRedisAddress(REDIS_URL, problems);
  const host = values.HTTP_HOST ?? '127.0.0.1';
  if (!isLoopback(host) && !env.ADMIN_TOKEN?.trim()) {
    problems.push(`HTTP_HOST is "${host}", which others can reach: set ADMIN_TOKEN too, or use 127.0.0.1`);
  }
  if ((values.HIVE_RATE_RESERVE ?? 0) >= (values.HIVE_RATE_LIMIT ?? 100)) {
    problems.push('HIVE_RATE_RESERVE leaves no request: expected less than HIVE_RATE_LIMIT (100 when unset)');
  }
  if (problems.length > 0) throw new ConfigError([...new Set(problems)]);
  return deepFreeze({
    accounts,
    database: database && { ...database, silenceMs: required(values.CONNECTION_SILENCE) },
    queueDatabase: queueDatabase && { ...queueDatabase, silenceMs: required(values.CONNECTION_SILENCE) },
    silenceMs: required(values.CONNECTION_SILENCE),
    schemas,
    connections: required(values.DATABASE_POOL),
    redis,
    home: required(values.HIVE_SYNC_HOME),
    rate: {
      limit: values.HIVE_RATE_LIMIT,
      windowMs: required(values.HIVE_RATE_WINDOW_MS),
      reserve: required(values.HIVE_RATE_RESERVE),
    },
    timeoutMs: required(values.HIVE_TIMEOUT_MS),
    concurrency: required(values.SYNC_CONCURRENCY),
    pageAttempts: required(values.SYNC_PAGE_ATTEMPTS),
    lookbackDays: required(values.SYNC_LOOKBACK_DAYS),
    retryBaseMs: required(values.SYNC_RETRY_BASE_MS),
    outagePatienceMs: required(values.SYNC_OUTAGE_PATIENCE),
    schedule: {
      incrementalEveryMs: values.SYNC_INCREMENTAL_EVERY,
      fullCron: values.SYNC_FULL_CRON,
      timezone: required(values.SYNC_TIMEZONE),
    },
    http: {
      host,
      port: required(values.HTTP_PORT),
      adminToken: values.ADMIN_TOKEN,
      basePath: required(values.HTTP_BASE_PATH),
      trustedProxies: values.TRUSTED_PROXIES ?? [],
    },
    retention: {
      webhooksMs: required(values.WEBHOOK_RETENTION),
      ledgerMs: required(values.LEDGER_RETENTION),
      deadLettersMs: required(values.DEAD_LETTER_RETENTION),
      historyMs: values.HISTORY_RETENTION,
    },
    logLevel: required(values.LOG_LEVEL),
  });
}

function readVariable(env: Env, name: string, variable: Variable, problems: string[]): unknown {
  // An empty variable counts as unset: compose files and CI systems write `NAME=` for "nothing".
  const given = env[name]?.trim() || variable.fallback;
  if (given === undefined) return undefined;
  const result = variable.schema.safeParse(given);
  if (result.success) return result.data;
  // With an @ it may hold a password, wherever it was pasted; a query of an address may hold a key.
  const shown = variable.secret === true || /@|:\/\/.*\?/s.test(given) ? 'is not usable' : `is "${given}"`;
  problems.push(`${name} ${shown}: expected ${variable.expected}`);
  return undefined;
}

/** An account's own address; without one, HIVE_API_URL holds for it too. */
const { fallback: _shared, ...ownUrl } = variables.HIVE_API_URL;

function readAccounts(env: Env, values: Values, needsKey: boolean, problems: string[]): Account[] {
  const account = (label: string, suffix: string): Account => {
    const keyName = `HIVE_API_KEY${suffix}`;
    const apiKey = env[keyName]?.trim() || undefined;
    if (apiKey === undefined && needsKey) {
      problems.push(
        `${keyName} is missing: expected the key that Hive gave you (or try "hive-sync demo", which needs none)`,
      );
    }
    if (apiKey !== undefined && !HEADER_SAFE.test(apiKey)) {
      problems.push(`${keyName} holds characters that no key has (spaces, line breaks, quotes): copy it again`);
    }
    const own = `HIVE_API_URL${suffix}`;
    const apiUrl =
      (suffix === '' ? undefined : readVariable(env, own, ownUrl, problems)) ?? values.HIVE_API_URL ?? DEFAULT_API_URL;
    if (values.HIVE_API_INSECURE === undefined && isInClear(String(apiUrl))) {
      const name = suffix !== '' && env[own]?.trim() ? own : 'HIVE_API_URL';
      problems.push(
        `${name} begins with http://: key and data would travel in clear. Expected https://, or HIVE_API_INSECURE=1 where that is meant`,
      );
    }
    const proxy = needsKey ? proxyFor(String(apiUrl), env, problems) : undefined;
    return { label, apiKey, keyVariable: keyName, apiUrl: String(apiUrl).replace(/\/+$/, ''), proxy };
  };
  const labels = values.HIVE_ACCOUNTS;
  if (labels === undefined) return [account(values.HIVE_ACCOUNT ?? 'default', '')];
  return labels.map((label) => account(label, suffixOf(label)));
}

/** To another machine, as far as the address tells. */
function isInClear(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && hostname !== 'localhost' && hostname !== '[::1]' && !/^127(\.\d+){3}$/.test(hostname);
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a variable with a default has no value');
  return value;
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) deepFreeze(inner);
  return Object.freeze(value);
}
