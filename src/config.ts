// Environment → one frozen, fully resolved Config. Every problem is listed at once and no secret is printed.
import { z } from 'zod';
import { ConfigError } from './errors.js';

/** One API key and where it is used. */
export interface Account {
  /** Goes into the `account` column of every table. */
  readonly label: string;
  /** Bearer key and webhook secret; undefined only for commands that need none. */
  readonly apiKey: string | undefined;
  /** Base URL without a slash at the end. */
  readonly apiUrl: string;
}

export interface Config {
  readonly accounts: readonly Account[];
  /** undefined = the embedded PostgreSQL in `home`. */
  readonly databaseUrl: string | undefined;
  /** undefined = BullMQ on the same PostgreSQL. */
  readonly redisUrl: string | undefined;
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
  readonly schedule: { readonly incrementalEveryMs: number; readonly fullCron: string; readonly timezone: string };
  readonly http: { readonly host: string; readonly port: number; readonly adminToken: string | undefined };
  readonly logLevel: string;
}

const DEFAULT_API_URL = 'https://app.hive.app/merchant_api/v1';
const UNITS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const wholeNumber = (min: number, max = 2_147_483_647) =>
  z
    .string()
    .regex(/^\d+$/)
    .transform(Number)
    .refine((value) => value >= min && value <= max);

const url = (...protocols: string[]) =>
  z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol));

/** Paths are appended to it, and a user or password in it would travel into ledgers and messages. */
const baseUrl = z.string().refine((value) => {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password, search, hash } = new URL(value);
  return ['http:', 'https:'].includes(protocol) && username + password + search + hash === '';
});

const duration = z
  .string()
  .regex(/^\d+[smhd]$/)
  .transform((value) => Number(value.slice(0, -1)) * (UNITS[value.slice(-1)] ?? 0))
  .refine((value) => value > 0);

const isTimezone = (value: string): boolean => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return true;
  } catch {
    return false;
  }
};

const LABEL = /^[a-z0-9][a-z0-9_-]{0,62}$/i;
/** How an account's own variables end: HIVE_API_KEY_DE. */
const suffixOf = (label: string): string => `_${label.toUpperCase().replaceAll('-', '_')}`;

/** Each variable: how it is read, what was expected (for the message), its default. */
const variables = {
  HIVE_API_URL: {
    schema: baseUrl,
    expected: 'an http(s) URL without user, password and query',
    fallback: DEFAULT_API_URL,
  },
  HIVE_ACCOUNT: {
    schema: z.string().regex(LABEL),
    expected: 'letters, digits, - and _, at most 63',
    fallback: 'default',
  },
  HIVE_ACCOUNTS: {
    schema: z
      .string()
      .transform((value) => value.split(',').map((label) => label.trim()))
      .refine(
        (labels) => labels.every((label) => LABEL.test(label)) && new Set(labels.map(suffixOf)).size === labels.length,
      ),
    expected: 'different labels with commas between them, such as de,fr',
  },
  DATABASE_URL: {
    schema: url('postgres:', 'postgresql:'),
    expected: 'postgres://user:password@host:5432/database',
    secret: true,
  },
  REDIS_URL: { schema: url('redis:', 'rediss:'), expected: 'redis://host:6379', secret: true },
  HIVE_SYNC_HOME: { schema: z.string(), expected: 'a folder', fallback: '.hive-sync' },
  HIVE_RATE_LIMIT: { schema: wholeNumber(1), expected: 'a whole number of at least 1' },
  HIVE_RATE_WINDOW_MS: { schema: wholeNumber(1), expected: 'milliseconds, a whole number', fallback: '60000' },
  HIVE_RATE_RESERVE: { schema: wholeNumber(0), expected: 'a whole number', fallback: '0' },
  HIVE_TIMEOUT_MS: { schema: wholeNumber(1), expected: 'milliseconds, a whole number', fallback: '30000' },
  SYNC_CONCURRENCY: { schema: wholeNumber(1, 64), expected: 'a whole number from 1 to 64', fallback: '4' },
  SYNC_PAGE_ATTEMPTS: { schema: wholeNumber(1, 100), expected: 'a whole number from 1 to 100', fallback: '8' },
  SYNC_LOOKBACK_DAYS: { schema: wholeNumber(0, 3_650), expected: 'days, a whole number', fallback: '30' },
  SYNC_RETRY_BASE_MS: { schema: wholeNumber(0), expected: 'milliseconds, a whole number', fallback: '1000' },
  SYNC_INCREMENTAL_EVERY: { schema: duration, expected: 'a duration such as 90s, 15m, 2h or 1d', fallback: '15m' },
  SYNC_FULL_CRON: {
    schema: z.string().regex(/^\S+( \S+){4,5}$/),
    expected: 'a cron pattern of five or six fields',
    fallback: '0 3 * * *',
  },
  SYNC_TIMEZONE: {
    schema: z.string().refine(isTimezone),
    expected: 'an IANA time zone such as Europe/Berlin',
    fallback: 'UTC',
  },
  HTTP_HOST: { schema: z.string(), expected: 'a host name or address', fallback: '127.0.0.1' },
  HTTP_PORT: { schema: wholeNumber(0, 65_535), expected: 'a port', fallback: '8787' },
  ADMIN_TOKEN: { schema: z.string().min(16), expected: 'at least 16 characters', secret: true },
  LOG_LEVEL: {
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    expected: 'trace, debug, info, warn, error, fatal or silent',
    fallback: 'info',
  },
} satisfies Record<string, { schema: z.ZodType; expected: string; fallback?: string; secret?: boolean }>;

type Env = Readonly<Record<string, string | undefined>>;
type Values = { [Name in keyof typeof variables]: z.output<(typeof variables)[Name]['schema']> | undefined };

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);
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
  const host = values.HTTP_HOST ?? '127.0.0.1';
  if (!LOOPBACK.has(host) && !env.ADMIN_TOKEN?.trim()) {
    problems.push(`HTTP_HOST is "${host}", which others can reach: set ADMIN_TOKEN too, or use 127.0.0.1`);
  }
  if ((values.HIVE_RATE_RESERVE ?? 0) >= (values.HIVE_RATE_LIMIT ?? 100)) {
    problems.push('HIVE_RATE_RESERVE leaves no request: expected less than HIVE_RATE_LIMIT (100 when unset)');
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return deepFreeze({
    accounts,
    databaseUrl: values.DATABASE_URL,
    redisUrl: values.REDIS_URL,
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
    schedule: {
      incrementalEveryMs: required(values.SYNC_INCREMENTAL_EVERY),
      fullCron: required(values.SYNC_FULL_CRON),
      timezone: required(values.SYNC_TIMEZONE),
    },
    http: { host, port: required(values.HTTP_PORT), adminToken: values.ADMIN_TOKEN },
    logLevel: required(values.LOG_LEVEL),
  });
}

interface Variable {
  readonly schema: z.ZodType;
  readonly expected: string;
  readonly fallback?: string;
  readonly secret?: boolean;
}

function readVariable(env: Env, name: string, variable: Variable, problems: string[]): unknown {
  // An empty variable counts as unset: compose files and CI systems write `NAME=` for "nothing".
  const given = env[name]?.trim() || variable.fallback;
  if (given === undefined) return undefined;
  const result = variable.schema.safeParse(given);
  if (result.success) return result.data;
  // With an @ it may hold a password, wherever it was pasted.
  const shown = variable.secret === true || given.includes('@') ? 'is not usable' : `is "${given}"`;
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
    return { label, apiKey, apiUrl: String(apiUrl).replace(/\/+$/, '') };
  };
  const labels = values.HIVE_ACCOUNTS;
  if (labels === undefined) return [account(values.HIVE_ACCOUNT ?? 'default', '')];
  return labels.map((label) => account(label, suffixOf(label)));
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a variable with a default has no value');
  return value;
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) deepFreeze(inner);
  return Object.freeze(value);
}
