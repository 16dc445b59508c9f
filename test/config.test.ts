import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../src/config.js';
import { ConfigError } from '../src/errors.js';
import { type Variable, variables } from '../src/variables.js';

const KEY = { HIVE_API_KEY: 'key-1' };

function problemsOf(env: Record<string, string>, options?: { needsKey?: boolean }): readonly string[] {
  try {
    readConfig(env, options);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

test('a key is all that has to be set', () => {
  expect(readConfig(KEY)).toEqual({
    accounts: [
      {
        label: 'default',
        apiKey: 'key-1',
        keyVariable: 'HIVE_API_KEY',
        apiUrl: 'https://app.hive.app/merchant_api/v1',
      },
    ],
    database: undefined,
    connections: 8,
    silenceMs: 10_000,
    redis: undefined,
    home: '.hive-sync',
    schemas: { hive: 'hive', masked: 'hive_masked', sync: 'sync', queue: 'bullmq' },
    rate: { limit: undefined, windowMs: 60_000, reserve: 0 },
    timeoutMs: 30_000,
    concurrency: 4,
    pageAttempts: 8,
    lookbackDays: 30,
    retryBaseMs: 1_000,
    outagePatienceMs: 900_000,
    schedule: { incrementalEveryMs: 900_000, fullCron: '0 3 * * *', timezone: 'UTC' },
    http: { host: '127.0.0.1', port: 8787, adminToken: undefined, basePath: '', trustedProxies: [] },
    retention: {
      webhooksMs: 30 * 86_400_000,
      ledgerMs: 90 * 86_400_000,
      deadLettersMs: 90 * 86_400_000,
      historyMs: undefined,
    },
    logLevel: 'info',
  });
});

test('every variable is read', () => {
  const env = {
    HIVE_API_KEY: 'key-1',
    HIVE_API_URL: 'http://localhost:9000/v1//',
    HIVE_ACCOUNT: 'Shop_1',
    DATABASE_URL: 'postgres://u:p@db:5432/hive',
    DATABASE_POOL: '1',
    CONNECTION_SILENCE: '3s',
    REDIS_URL: 'rediss://cache:6380',
    HIVE_SYNC_HOME: '/data',
    HIVE_SCHEMA: 'Shop "x".é',
    SYNC_SCHEMA: 'shop-sync',
    QUEUE_SCHEMA: 'shop_queue',
    HIVE_RATE_LIMIT: '200',
    HIVE_RATE_WINDOW_MS: '1000',
    HIVE_RATE_RESERVE: '199',
    HIVE_TIMEOUT_MS: '5000',
    SYNC_CONCURRENCY: '64',
    SYNC_PAGE_ATTEMPTS: '1',
    SYNC_LOOKBACK_DAYS: '0',
    SYNC_RETRY_BASE_MS: '0',
    SYNC_OUTAGE_PATIENCE: '10s',
    SYNC_INCREMENTAL_EVERY: '90s',
    SYNC_FULL_CRON: '*/5 0 3 * * *',
    SYNC_TIMEZONE: 'Europe/Berlin',
    HTTP_HOST: '0.0.0.0',
    HTTP_PORT: '0',
    HTTP_BASE_PATH: '/tools/hive/',
    ADMIN_TOKEN: '0123456789abcdef',
    TRUSTED_PROXIES: '127.0.0.1, fd00::/8',
    WEBHOOK_RETENTION: '12h',
    LEDGER_RETENTION: '30d',
    DEAD_LETTER_RETENTION: '400d',
    HISTORY_RETENTION: '730d',
    LOG_LEVEL: 'silent',
  };
  expect(readConfig(env)).toEqual({
    accounts: [{ label: 'Shop_1', apiKey: 'key-1', keyVariable: 'HIVE_API_KEY', apiUrl: 'http://localhost:9000/v1' }],
    database: expect.objectContaining({
      hosts: [{ host: 'db', port: 5_432, address: undefined }],
      user: 'u',
      password: 'p',
      database: 'hive',
    }),
    connections: 1,
    silenceMs: 3_000,
    redis: expect.objectContaining({ host: 'cache', port: 6_380, tls: expect.anything() }),
    home: '/data',
    schemas: { hive: 'Shop "x".é', masked: 'Shop "x".é_masked', sync: 'shop-sync', queue: 'shop_queue' },
    rate: { limit: 200, windowMs: 1_000, reserve: 199 },
    timeoutMs: 5_000,
    concurrency: 64,
    pageAttempts: 1,
    lookbackDays: 0,
    retryBaseMs: 0,
    outagePatienceMs: 10_000,
    schedule: { incrementalEveryMs: 90_000, fullCron: '*/5 0 3 * * *', timezone: 'Europe/Berlin' },
    http: {
      host: '0.0.0.0',
      port: 0,
      adminToken: '0123456789abcdef',
      basePath: '/tools/hive',
      trustedProxies: ['127.0.0.1', 'fd00::/8'],
    },
    retention: {
      webhooksMs: 43_200_000,
      ledgerMs: 30 * 86_400_000,
      deadLettersMs: 400 * 86_400_000,
      historyMs: 730 * 86_400_000,
    },
    logLevel: 'silent',
  });
});

const bad: Record<string, string[]> = {
  HIVE_API_URL: [
    'hive.app',
    'ftp://hive.app',
    'https://u:p@hive.app',
    'https://hive.app/?a=1',
    'https://hive.app/#a',
    'https://user:/pass@hive.app',
    'https://hive.app\\pass',
  ],
  HIVE_ACCOUNT: ['a b', '-a', 'x'.repeat(64), 'a:b'],
  HIVE_ACCOUNTS: [',', 'de,', 'de,de', 'de,DE', 'a-b,a_b', 'd e'],
  DATABASE_URL: ['mysql://db/hive', 'db/hive', 'postgres://u:p@[db/hive'],
  DATABASE_POOL: ['0', '1001', 'many'],
  HIVE_SCHEMA: ['public', 'pg_hive', 'PG_x', 'information_schema', 'x'.repeat(57), 'é'.repeat(29), 'a\tb'],
  SYNC_SCHEMA: ['Public', 'pg_toast', 'x'.repeat(64), 'é'.repeat(32)],
  QUEUE_SCHEMA: ['Queue', 'shop-queue', '1queue', 'pg_q', 'public', 'x'.repeat(64), '$user'],
  CONNECTION_SILENCE: ['0s', '10', 'soon'],
  REDIS_URL: ['http://cache', 'cache:6379'],
  HIVE_RATE_LIMIT: ['0', '-1', '1.5', 'many', '1e3', '2147483648'],
  HIVE_RATE_WINDOW_MS: ['0', '1m'],
  HIVE_RATE_RESERVE: ['-1', '100', 'x'],
  HIVE_TIMEOUT_MS: ['0', '30s'],
  SYNC_CONCURRENCY: ['0', '65'],
  SYNC_PAGE_ATTEMPTS: ['0', '101'],
  SYNC_LOOKBACK_DAYS: ['-1', '3651'],
  SYNC_RETRY_BASE_MS: ['-1', 'x'],
  SYNC_OUTAGE_PATIENCE: ['5', 'soon', 'off'],
  SYNC_INCREMENTAL_EVERY: ['15', '0m', '1w', '1.5h', '-1m'],
  SYNC_FULL_CRON: ['daily', '@daily', '0 3 * *', '0 3 * * * * *', '99 3 * * *', '0 3 31 2 *'],
  SYNC_TIMEZONE: ['Mars/Olympus', 'Europe'],
  HTTP_HOST: ['0.0.0.0', 'example.com'],
  HTTP_PORT: ['65536', '-1', 'http'],
  HTTP_BASE_PATH: ['hive', '/hi ve', '//hive', '/../x', 'https://tools.example/hive', '/hive?x'],
  ADMIN_TOKEN: [
    'short',
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    'password'.repeat(4),
    'abcabcababcabcab',
    '0123456701234567',
  ],
  TRUSTED_PROXIES: ['proxy.example', '10.0.0.0/33', '0.0.0.0/0', '::/0', '10.0.0.1,', '10.0.0.0/255.0.0.0', 'loopback'],
  LOG_LEVEL: ['INFO', 'loud'],
};

test.each(Object.entries(bad).flatMap(([name, values]) => values.map((value) => [name, value] as const)))(
  '%s=%s is one problem, which names the variable and what was expected',
  (name, value) => {
    const keys = { HIVE_API_KEY_DE: 'a', HIVE_API_KEY_A_B: 'b' };
    const problems = problemsOf({ ...KEY, ...keys, [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name} .*(expected|set ADMIN_TOKEN)`));
  },
);

test('every problem is listed at once', () => {
  const { HIVE_ACCOUNTS: _labels, HTTP_HOST: _host, ...rest } = bad;
  const env = Object.fromEntries(Object.entries(rest).map(([name, [value = '']]) => [name, value]));
  const problems = problemsOf(env);
  for (const name of [...Object.keys(rest), 'HIVE_API_KEY']) {
    expect(
      problems.filter((problem) => problem.startsWith(`${name} `)),
      name,
    ).toHaveLength(1);
  }
});

test.each(['', ' ', '\t'])('a variable that is set to %j counts as unset', (nothing) => {
  const names = Object.keys(bad).filter((name) => name !== 'HIVE_API_KEY');
  expect(readConfig({ ...KEY, ...Object.fromEntries(names.map((name) => [name, nothing])) })).toEqual(readConfig(KEY));
});

test.each(['', ' '])('an empty ADMIN_TOKEN (%j) does not open a public host', (token) => {
  expect(problemsOf({ ...KEY, HTTP_HOST: '0.0.0.0', ADMIN_TOKEN: token })).toEqual([
    expect.stringContaining('set ADMIN_TOKEN'),
  ]);
});

test.each(['127.0.0.1', '::1', 'localhost'])('the loopback host %s needs no token', (host) => {
  expect(readConfig({ ...KEY, HTTP_HOST: host }).http.host).toBe(host);
});

describe('the key', () => {
  test('is demanded, and its absence is explained', () => {
    expect(problemsOf({})).toEqual([expect.stringMatching(/^HIVE_API_KEY is missing.*hive-sync demo/)]);
  });

  test('is not demanded by commands that never talk to the API', () => {
    expect(readConfig({}, { needsKey: false }).accounts).toMatchObject([{ label: 'default', apiKey: undefined }]);
  });

  test.each(['two words', 'line\nbreak', '“quoted”', 'ä'])('%j was pasted wrongly, and is not printed', (key) => {
    const problems = problemsOf({ HIVE_API_KEY: key });
    expect(problems).toHaveLength(1);
    expect(problems.join()).not.toContain(key);
  });
});

describe('several accounts', () => {
  const keys = { HIVE_API_KEY_DE: 'key-de', HIVE_API_KEY_FR_B2B: 'key-fr' };

  test('each have a key and, if they want, an address', () => {
    const env = { HIVE_ACCOUNTS: ' de , fr-b2b ', HIVE_API_URL: 'https://all.example/v1', ...keys };
    expect(readConfig({ ...env, HIVE_API_URL_DE: 'https://de.example/v1/' }).accounts).toEqual([
      { label: 'de', apiKey: 'key-de', keyVariable: 'HIVE_API_KEY_DE', apiUrl: 'https://de.example/v1' },
      { label: 'fr-b2b', apiKey: 'key-fr', keyVariable: 'HIVE_API_KEY_FR_B2B', apiUrl: 'https://all.example/v1' },
    ]);
  });

  test('need no address of their own', () => {
    const { accounts } = readConfig({ HIVE_ACCOUNTS: 'de', ...keys });
    expect(accounts).toMatchObject([{ apiUrl: 'https://app.hive.app/merchant_api/v1' }]);
  });

  test('do not fall back to the key of another', () => {
    expect(problemsOf({ HIVE_ACCOUNTS: 'de,it', ...KEY, ...keys })).toEqual([
      expect.stringMatching(/^HIVE_API_KEY_IT is missing/),
    ]);
  });

  test('have their addresses checked', () => {
    expect(problemsOf({ HIVE_ACCOUNTS: 'de', ...keys, HIVE_API_URL_DE: 'nowhere' })).toEqual([
      expect.stringMatching(/^HIVE_API_URL_DE is "nowhere"/),
    ]);
  });
});

test('no secret is ever in a message', () => {
  const env = {
    HIVE_API_KEY: 'S3CRET "key"',
    HIVE_API_URL: 'https://user:S3CRET@hive.example',
    DATABASE_URL: 'mysql://user:S3CRET@db/hive',
    REDIS_URL: 'http://:S3CRET@cache',
    ADMIN_TOKEN: 'S3CRET',
  };
  const problems = problemsOf(env);
  expect(problems).toHaveLength(5);
  expect(problems.join()).not.toContain('S3CRET');
  const ofQuery = problemsOf({ ...KEY, HIVE_API_URL: 'https://hive.example/v1?api_key=S3CRET' });
  expect(ofQuery).toEqual([expect.stringMatching(/^HIVE_API_URL is not usable: expected .* and query$/)]);
});

test('another way to the database is read as the first, needs that one, and is in no message', () => {
  const other = 'postgres://u:S3CRET@db.internal/hive?sslmode=wrong';
  expect(problemsOf({ ...KEY, DATABASE_URL: 'postgres://u@pooler/hive', QUEUE_DATABASE_URL: other })).toEqual([
    expect.stringMatching(/^sslmode in QUEUE_DATABASE_URL is "wrong"/),
  ]);
  const alone = problemsOf({ ...KEY, QUEUE_DATABASE_URL: 'postgres://u:S3CRET@db.internal/hive' });
  expect(alone).toEqual([expect.stringContaining('another way to the database of DATABASE_URL, which is missing')]);
});

test('a config cannot be changed, at any depth', () => {
  const config = readConfig(KEY);
  for (const part of [config, config.accounts, config.accounts[0], config.rate, config.schedule, config.http]) {
    expect(Object.isFrozen(part)).toBe(true);
  }
});

describe('what is written about the variables', () => {
  const fallbacks = new Map<string, string | undefined>(
    Object.entries(variables).map(([name, { fallback }]: [string, Variable]) => [name, fallback]),
  );
  const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');

  test('README has each of them in its table, with the default of the code, and no others', () => {
    const [, section = ''] = /\n## Configuration\n(.*?)\n## /s.exec(read('README.md')) ?? [];
    const written = new Map<string, string>();
    for (const [, names = '', fallback = ''] of section.matchAll(/^\| (`[A-Z].*?) *\|.*\| (.*?) *\|$/gm)) {
      const all = [...names.matchAll(/`([A-Z_]+)`/g)].map(([, name = '']) => name);
      const values = all.length === 1 ? [fallback] : fallback.split(', ');
      for (const [i, name] of all.entries()) written.set(name, values[i] ?? '');
    }
    expect([...written.keys()].sort()).toEqual([...fallbacks.keys(), 'HIVE_API_KEY'].sort());
    for (const [name, fallback] of fallbacks) {
      if (fallback !== undefined) expect(written.get(name), name).toContain(`\`${fallback}\``);
      else expect(written.get(name), name).not.toMatch(/^`/);
    }
  });

  test('.env.example has each of them, with the default of the code where there is one, and no others', () => {
    const written = new Map(
      [...read('.env.example').matchAll(/^#?([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
    );
    const others = ['HIVE_API_KEY', 'HIVE_API_KEY_DE', 'HIVE_API_KEY_FR', 'HIVE_API_URL_DE'];
    const ofCompose = ['POSTGRES_PASSWORD', 'POSTGRES_PORT'];
    const standard = ['HTTPS_PROXY', 'NO_PROXY'];
    expect([...written.keys()].sort()).toEqual([...fallbacks.keys(), ...others, ...ofCompose, ...standard].sort());
    for (const [name, fallback] of fallbacks) {
      if (fallback !== undefined) expect(written.get(name), name).toBe(fallback);
    }
  });
});

test.each([
  [{ HIVE_SCHEMA: 'shop', SYNC_SCHEMA: 'shop' }, 'HIVE_SCHEMA makes a schema "shop", which is a name of SYNC_SCHEMA'],
  [{ HIVE_SCHEMA: 'shop', SYNC_SCHEMA: 'shop_masked' }, 'HIVE_SCHEMA makes a schema "shop_masked", which is a name of'],
  [{ SYNC_SCHEMA: 'q', QUEUE_SCHEMA: 'q' }, 'SYNC_SCHEMA makes a schema "q", which is a name of QUEUE_SCHEMA'],
  // In a statement, "sync" would be either.
  [{ HIVE_SCHEMA: 'sync', SYNC_SCHEMA: 'hive' }, 'HIVE_SCHEMA makes a schema "sync", which is a name of SYNC_SCHEMA'],
  [{ SYNC_SCHEMA: 'hive_masked' }, 'which is a name of'],
  [{ HIVE_SCHEMA: 'hive_masked' }, 'HIVE_SCHEMA is "hive_masked", which is the name of another schema'],
])('two schemas have two names: %o', (env: Record<string, string>, sentence) => {
  expect(problemsOf({ ...KEY, ...env })).toEqual([expect.stringContaining(sentence)]);
});

test('names that differ in the case of a letter only are two', () => {
  expect(problemsOf({ ...KEY, HIVE_SCHEMA: 'Hive', SYNC_SCHEMA: 'Sync' })).toEqual([]);
});

test.each([
  ['http://hive.example/v1', false],
  ['http://10.0.0.8:4000', false],
  ['http://localhost.hive.example', false],
  ['http://[::ffff:7f00:1]:4000', false],
  ['http://127.0.0.1.hive.example', false],
  ['http://localhost:4000', true],
  ['http://127.1.2.3:4000', true],
  ['http://[::1]:4000', true],
  ['https://hive.example', true],
])('key and data go in clear to this machine only, unless a word says otherwise: %s', (url, isTaken) => {
  const expected = isTaken ? [] : [expect.stringContaining('HIVE_API_INSECURE=1')];
  expect(problemsOf({ ...KEY, HIVE_API_URL: url })).toEqual(expected);
  expect(problemsOf({ HIVE_ACCOUNTS: 'de', HIVE_API_KEY_DE: 'k', HIVE_API_URL_DE: url })).toEqual(expected);
  expect(problemsOf({ ...KEY, HIVE_API_URL: url, HIVE_API_INSECURE: '1' })).toEqual([]);
});
