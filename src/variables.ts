// The environment's variables as data: how each is read, what was expected, its default. A key's own, HIVE_API_KEY, is
// read in config.ts, as every account has one.
import { isIP } from 'node:net';
import { CronExpressionParser } from 'cron-parser';
import { z } from 'zod';
import { isHiveName, isQueueName, isSyncName } from './schema-names.js';

export interface Variable {
  /** How it is read. */
  readonly schema: z.ZodType;
  /** For the message when it cannot be. */
  readonly expected: string;
  readonly fallback?: string;
  /** Its value is in no message. */
  readonly secret?: boolean;
}

export const DEFAULT_API_URL = 'https://app.hive.app/merchant_api/v1';
const UNITS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const wholeNumber = (min: number, max = 2_147_483_647) =>
  z
    .string()
    .regex(/^\d+$/)
    .transform(Number)
    .refine((value) => value >= min && value <= max);

/** Paths are appended to it, and a user or password in it would travel into ledgers and messages. */
const baseUrl = z.string().refine((value) => {
  // Behind an @ stands the host of what looked like a path before it, and a password would be taken for that path.
  if (/[@\\\s]/.test(value) || !URL.canParse(value)) return false;
  const { protocol, username, password, search, hash } = new URL(value);
  return ['http:', 'https:'].includes(protocol) && username + password + search + hash === '';
});

const duration = z
  .string()
  .regex(/^\d+[smhd]$/)
  .transform((value) => Number(value.slice(0, -1)) * (UNITS[value.slice(-1)] ?? 0))
  .refine((value) => value > 0);

const LEAST_DIFFERENT = 8;

/** Long, of enough different characters, and not one piece over and over: what nobody guesses, if it was made by chance. */
const isToken = (value: string): boolean =>
  value.length >= 16 && new Set(value).size >= LEAST_DIFFERENT && (value + value).indexOf(value, 1) === value.length;

/** An address, or a network as 10.0.0.0/8. Not /0: whoever trusts everybody could leave the addresses out. */
function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || more.length > 0) return false;
  return bits === undefined || (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

const off = z.literal('off').transform(() => undefined);

/** Five or six fields that name a time which comes; what the parser accepts beyond that (fewer fields, @daily) BullMQ reads otherwise. */
const isCronPattern = (value: string): boolean => {
  if (!/^\S+( \S+){4,5}$/.test(value)) return false;
  try {
    CronExpressionParser.parse(value).next();
    return true;
  } catch {
    return false;
  }
};

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
export const suffixOf = (label: string): string => `_${label.toUpperCase().replaceAll('-', '_')}`;

export const variables = {
  HIVE_API_URL: {
    schema: baseUrl,
    expected: 'an http(s) URL without user, password and query',
    fallback: DEFAULT_API_URL,
  },
  HIVE_API_INSECURE: {
    schema: z.literal('1'),
    expected: '1, where key and data may travel in clear to an address with http://',
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
    // Read by src/addresses/, with the variables of libpq.
    schema: z.string(),
    expected: 'postgres://user:password@host:5432/database',
    secret: true,
  },
  QUEUE_DATABASE_URL: {
    schema: z.string(),
    expected: 'postgres://user:password@host:5432/database',
    secret: true,
  },
  HIVE_SCHEMA: {
    schema: z.string().refine(isHiveName),
    expected: 'a name for a schema of at most 56 bytes, which is not public, information_schema or pg_…',
    fallback: 'hive',
  },
  SYNC_SCHEMA: {
    schema: z.string().refine(isSyncName),
    expected: 'a name for a schema of at most 63 bytes, which is not public, information_schema or pg_…',
    fallback: 'sync',
  },
  QUEUE_SCHEMA: {
    schema: z.string().refine(isQueueName),
    expected:
      'a name for a schema of lower-case letters, digits and _, at most 63, which is not public, information_schema or pg_…',
    fallback: 'bullmq',
  },
  DATABASE_POOL: { schema: wholeNumber(1, 1_000), expected: 'a whole number from 1 to 1000', fallback: '8' },
  CONNECTION_SILENCE: { schema: duration, expected: 'a duration such as 10s', fallback: '10s' },
  REDIS_URL: { schema: z.string(), expected: 'redis://host:6379', secret: true },
  HIVE_SYNC_HOME: { schema: z.string(), expected: 'a folder', fallback: '.hive-sync' },
  HIVE_RATE_LIMIT: { schema: wholeNumber(1), expected: 'a whole number of at least 1' },
  HIVE_RATE_WINDOW_MS: { schema: wholeNumber(1), expected: 'milliseconds, a whole number', fallback: '60000' },
  HIVE_RATE_RESERVE: { schema: wholeNumber(0), expected: 'a whole number', fallback: '0' },
  HIVE_TIMEOUT_MS: { schema: wholeNumber(1), expected: 'milliseconds, a whole number', fallback: '30000' },
  SYNC_CONCURRENCY: { schema: wholeNumber(1, 64), expected: 'a whole number from 1 to 64', fallback: '4' },
  SYNC_PAGE_ATTEMPTS: { schema: wholeNumber(1, 100), expected: 'a whole number from 1 to 100', fallback: '8' },
  SYNC_LOOKBACK_DAYS: { schema: wholeNumber(0, 3_650), expected: 'days, a whole number', fallback: '30' },
  SYNC_RETRY_BASE_MS: { schema: wholeNumber(0), expected: 'milliseconds, a whole number', fallback: '1000' },
  SYNC_OUTAGE_PATIENCE: { schema: duration, expected: 'a duration such as 90s, 15m or 2h', fallback: '15m' },
  SYNC_INCREMENTAL_EVERY: {
    schema: off.or(duration),
    expected: 'a duration such as 90s, 15m, 2h or 1d, or off',
    fallback: '15m',
  },
  SYNC_FULL_CRON: {
    schema: off.or(z.string().refine(isCronPattern)),
    expected: 'a cron pattern of five or six fields, or off',
    fallback: '0 3 * * *',
  },
  SYNC_TIMEZONE: {
    schema: z.string().refine(isTimezone),
    expected: 'an IANA time zone such as Europe/Berlin',
    fallback: 'UTC',
  },
  HTTP_HOST: { schema: z.string(), expected: 'a host name or address', fallback: '127.0.0.1' },
  HTTP_PORT: { schema: wholeNumber(0, 65_535), expected: 'a port', fallback: '8787' },
  HTTP_BASE_PATH: {
    schema: z
      .string()
      .regex(/^(\/[A-Za-z0-9._~-]+)*\/?$/)
      .refine((value) => !value.split('/').some((part) => part === '.' || part === '..'))
      .transform((value) => value.replace(/\/$/, '')),
    expected: 'a path such as /hive',
    fallback: '/',
  },
  ADMIN_TOKEN: {
    schema: z.string().refine(isToken),
    expected: 'at least 16 characters made by chance, as by: openssl rand -hex 32',
    secret: true,
  },
  LEDGER_RETENTION: { schema: duration, expected: 'a duration such as 30d or 90d', fallback: '90d' },
  DEAD_LETTER_RETENTION: { schema: duration, expected: 'a duration such as 30d or 90d', fallback: '90d' },
  HISTORY_RETENTION: { schema: duration, expected: 'a duration such as 90d or 730d' },
  TRUSTED_PROXIES: {
    schema: z
      .string()
      .transform((value) => value.split(',').map((entry) => entry.trim()))
      .refine((entries) => entries.every(isNetwork)),
    expected:
      'addresses or networks with commas between them, such as 127.0.0.1,172.18.0.0/16,fd00::/8 (no names, no /0)',
  },
  WEBHOOK_RETENTION: { schema: duration, expected: 'a duration such as 12h or 30d', fallback: '30d' },
  LOG_LEVEL: {
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    expected: 'trace, debug, info, warn, error, fatal or silent',
    fallback: 'info',
  },
} satisfies Record<string, Variable>;

/** undefined = not set, or not usable. */
export type Values = { [Name in keyof typeof variables]: z.output<(typeof variables)[Name]['schema']> | undefined };
