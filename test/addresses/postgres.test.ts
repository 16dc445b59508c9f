// Connection strings as people get and write them.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { type PostgresAddress, placeOf, readPostgresAddress } from '../../src/addresses/postgres.js';

const folder = mkdtempSync(path.join(tmpdir(), 'hive-sync-addresses-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content = '', mode = 0o600): string => {
  const at = path.join(folder, name);
  writeFileSync(at, content);
  chmodSync(at, mode);
  return at;
};
const CA = file('ca.pem');

function read(text: string, env: Record<string, string> = {}): PostgresAddress {
  const problems: string[] = [];
  const address = readPostgresAddress(text, problems, { env });
  expect(problems).toEqual([]);
  if (address === undefined) throw new Error('an address without a problem is read');
  return address;
}

function problemsOf(text: string, env: Record<string, string> = {}): string[] {
  const problems: string[] = [];
  expect(readPostgresAddress(text, problems, { env })).toBeUndefined();
  return problems;
}

/** What a test looks at, in one line: user password host:port… database TLS. */
const inShort = ({ user, password, hosts, database, tls }: PostgresAddress): string =>
  [
    user,
    password ?? '-',
    hosts.map(({ host, port }) => `${host}:${port}`).join(),
    database,
    tls === undefined ? 'plain' : `${tls.isRequired ? 'TLS' : 'TLS if there'}, verifies ${tls.verifies}`,
  ].join(' ');

const secret = 'p4ss';
const NEON = 'ep-cool-darkness-a1b2c3d4-pooler.us-east-2.aws.neon.tech';
const UNVERIFIED = 'TLS, verifies nothing';

describe('the strings that hosts print work as they stand', () => {
  test.each([
    [
      'Neon',
      `postgresql://alex:${secret}@${NEON}/dbname?sslmode=require&channel_binding=require`,
      `alex p4ss ${NEON}:5432 dbname TLS, verifies host`,
    ],
    [
      'Neon, for psql',
      `psql 'postgresql://alex:${secret}@${NEON}/dbname?sslmode=require'`,
      `alex p4ss ${NEON}:5432 dbname ${UNVERIFIED}`,
    ],
    [
      'Supabase, direct',
      `postgresql://postgres:${secret}@db.abcdefghij.supabase.co:5432/postgres`,
      'postgres p4ss db.abcdefghij.supabase.co:5432 postgres TLS if there, verifies nothing',
    ],
    [
      'Supabase, session pooler',
      `postgresql://postgres.abcdefghij:${secret}@aws-0-eu-central-1.pooler.supabase.com:5432/postgres`,
      'postgres.abcdefghij p4ss aws-0-eu-central-1.pooler.supabase.com:5432 postgres TLS if there, verifies nothing',
    ],
    [
      'Supabase, transaction pooler, Prisma',
      `postgresql://postgres.abcdefghij:${secret}@aws-0-eu-central-1.pooler.supabase.com:6543/postgres?pgbouncer=true`,
      'postgres.abcdefghij p4ss aws-0-eu-central-1.pooler.supabase.com:6543 postgres TLS if there, verifies nothing',
    ],
    [
      'Supabase, through Vercel',
      `postgres://postgres.abcdefghij:${secret}@aws-0-us-east-1.pooler.supabase.com:6543/postgres?sslmode=require&supa=base-pooler.x`,
      `postgres.abcdefghij p4ss aws-0-us-east-1.pooler.supabase.com:6543 postgres ${UNVERIFIED}`,
    ],
    [
      'RDS',
      `postgres://app:${secret}@prod.abc123.eu-central-1.rds.amazonaws.com:5432/hive?sslmode=verify-full&sslrootcert=${CA}`,
      'app p4ss prod.abc123.eu-central-1.rds.amazonaws.com:5432 hive TLS, verifies host',
    ],
    [
      'RDS, keywords',
      `host=prod.abc123.eu-central-1.rds.amazonaws.com port=5432 dbname=hive user=app sslrootcert=${CA} sslmode=verify-full password=${secret}`,
      'app p4ss prod.abc123.eu-central-1.rds.amazonaws.com:5432 hive TLS, verifies host',
    ],
    [
      'Cloud SQL, socket',
      `postgresql://app:${secret}@/hive?host=/cloudsql/my-project:europe-west3:main`,
      'app p4ss /cloudsql/my-project:europe-west3:main:5432 hive TLS if there, verifies nothing',
    ],
    [
      'Cloud SQL, socket in the host',
      `postgresql://app:${secret}@%2Fcloudsql%2Fmy-project:europe-west3:main/hive`,
      'app p4ss /cloudsql/my-project:europe-west3:main:5432 hive TLS if there, verifies nothing',
    ],
    [
      'Azure',
      `postgres://app:${secret}@main.postgres.database.azure.com/postgres?sslmode=require`,
      `app p4ss main.postgres.database.azure.com:5432 postgres ${UNVERIFIED}`,
    ],
    [
      'Azure, single server',
      `postgres://app@main:${secret}@main.postgres.database.azure.com:5432/postgres?sslmode=require`,
      `app@main p4ss main.postgres.database.azure.com:5432 postgres ${UNVERIFIED}`,
    ],
    [
      'Azure, keywords',
      `host=main.postgres.database.azure.com port=5432 dbname=postgres user=app password='${secret}' sslmode=require`,
      `app p4ss main.postgres.database.azure.com:5432 postgres ${UNVERIFIED}`,
    ],
    [
      'Azure, JDBC',
      `jdbc:postgresql://main.postgres.database.azure.com:5432/postgres?user=app&password=${secret}&sslmode=require`,
      `app p4ss main.postgres.database.azure.com:5432 postgres ${UNVERIFIED}`,
    ],
    [
      'Heroku',
      `postgres://u1abc:${secret}@ec2-52-1-2-3.eu-west-1.compute.amazonaws.com:5432/d1abc`,
      'u1abc p4ss ec2-52-1-2-3.eu-west-1.compute.amazonaws.com:5432 d1abc TLS if there, verifies nothing',
    ],
    [
      'Heroku, node-postgres',
      `postgres://u1abc:${secret}@ec2-52-1-2-3.eu-west-1.compute.amazonaws.com:5432/d1abc?sslmode=no-verify`,
      `u1abc p4ss ec2-52-1-2-3.eu-west-1.compute.amazonaws.com:5432 d1abc ${UNVERIFIED}`,
    ],
    [
      'DigitalOcean',
      `postgresql://doadmin:${secret}@main-do-user-1-0.b.db.ondigitalocean.com:25060/defaultdb?sslmode=require`,
      `doadmin p4ss main-do-user-1-0.b.db.ondigitalocean.com:25060 defaultdb ${UNVERIFIED}`,
    ],
    [
      'Aiven',
      `postgres://avnadmin:${secret}@pg-1-demo.aivencloud.com:12691/defaultdb?sslmode=require`,
      `avnadmin p4ss pg-1-demo.aivencloud.com:12691 defaultdb ${UNVERIFIED}`,
    ],
    [
      'SQLAlchemy',
      `postgresql+psycopg2://app:${secret}@db.example/hive`,
      'app p4ss db.example:5432 hive TLS if there, verifies nothing',
    ],
    [
      'node-postgres',
      `postgres://app:${secret}@db.example/hive?ssl=true&uselibpqcompat=true`,
      `app p4ss db.example:5432 hive ${UNVERIFIED}`,
    ],
    [
      'a file for Docker, which keeps quotes',
      `"postgres://app:${secret}@db.example/hive?sslmode=disable"`,
      'app p4ss db.example:5432 hive plain',
    ],
  ])('%s', (_host, text, expected) => {
    expect(inShort(read(text))).toBe(expected);
  });
});

test.each([
  [
    'a placeholder that was not filled in',
    'postgresql://postgres:[YOUR-PASSWORD]@db.abcdefghij.supabase.co:5432/postgres',
    /^password in DATABASE_URL is still the placeholder/,
  ],
  ['.NET', 'Server=main.example;Database=postgres;Port=5432;User Id=app;Password=p4ss;', /form of \.NET/],
  ["Prisma's own service", 'prisma+postgres://accelerate.prisma-data.net/?api_key=p4ss', /Prisma's own service/],
  ['another database', 'mysql://app:p4ss@db.example/hive', /expected postgres:\/\//],
  [
    'a parameter of Prisma',
    'postgres://app:p4ss@db.example/hive?schema=public',
    /"schema" is not a parameter of PostgreSQL: it is Prisma's\. Leave it out/,
  ],
  [
    'a limit of Prisma',
    'postgres://app:p4ss@db.example/hive?connection_limit=1',
    /"connection_limit" .* set DATABASE_POOL/,
  ],
  [
    'a misspelt parameter',
    'postgres://app:p4ss@db.example/hive?ssl_mode=require',
    /"ssl_mode" is not a parameter .* spelling/,
  ],
  [
    'a setting',
    'postgres://app:p4ss@db.example/hive?statement_timeout=5000',
    /write options=-c%20statement_timeout%3D<value>/,
  ],
  [
    'an unknown mode',
    'postgres://app:p4ss@db.example/hive?sslmode=on',
    /^sslmode in DATABASE_URL is "on": expected disable, allow, prefer/,
  ],
  [
    'a certificate that is not there',
    'postgres://app:p4ss@db.example/hive?sslrootcert=/no/ca.pem&sslmode=verify-full',
    /^sslrootcert in DATABASE_URL names \/no\/ca\.pem, which cannot be read \(ENOENT\)/,
  ],
  [
    'an authority that is not named',
    'postgres://app:p4ss@db.example/hive?sslmode=verify-ca',
    /needs sslrootcert=<file>/,
  ],
  [
    'public authorities in a weak mode',
    'postgres://app:p4ss@db.example/hive?sslmode=require&sslrootcert=system',
    /needs sslmode=verify-full/,
  ],
  [
    'a port that is none',
    'postgres://app:p4ss@db.example:70000/hive',
    /^port in DATABASE_URL is no number from 1 to 65535/,
  ],
  [
    'ports that are too few',
    'host=a,b,c port=1,2 user=app dbname=hive',
    /^port in DATABASE_URL has 2 entries for 3 hosts/,
  ],
  ['Kerberos', 'postgres://app@db.example/hive?gssencmode=require', /Kerberos is not supported/],
  ['a service', 'postgres://app:p4ss@db.example/hive?service=main', /service files are not read/],
  ['an IPv6 address without brackets', 'postgres://app:p4ss@fe80::1:5432/hive', /percent-encoded/],
])('%s is one sentence without the password', (_what, text, expected) => {
  const problems = problemsOf(text);
  expect(problems).toEqual([expect.stringMatching(expected)]);
  expect(problems.join()).not.toContain(secret);
});

describe('PG* variables fill in what the string leaves open', () => {
  const all = {
    PGHOST: 'db.example',
    PGPORT: '6000',
    PGUSER: 'app',
    PGPASSWORD: 'p4ss',
    PGDATABASE: 'hive',
    PGSSLMODE: 'require',
    PGAPPNAME: 'mirror',
    PGCONNECT_TIMEOUT: '7',
    PGOPTIONS: '-c work_mem=8MB',
    PGTARGETSESSIONATTRS: 'read-write',
  };
  test('all of it', () => {
    const address = read('postgres://', all);
    expect(inShort(address)).toBe(`app p4ss db.example:6000 hive ${UNVERIFIED}`);
    expect(address).toMatchObject({
      applicationName: 'mirror',
      connectTimeoutMs: 7_000,
      options: '-c work_mem=8MB',
      session: 'read-write',
    });
  });
  test('and nothing of what it says', () => {
    const text =
      'postgres://me:mine@my.example:7000/own?sslmode=disable&application_name=a&connect_timeout=1&options=o';
    const address = read(`${text}&target_session_attrs=any`, all);
    expect(inShort(address)).toBe('me mine my.example:7000 own plain');
    expect(address).toMatchObject({ applicationName: 'a', connectTimeoutMs: 1_000, options: 'o', session: 'any' });
  });
  test('a wrong one is named', () => {
    expect(problemsOf('postgres://app@db.example/hive', { PGSSLMODE: 'yes' })).toEqual([
      expect.stringMatching(/^PGSSLMODE is "yes": expected disable/),
    ]);
    expect(problemsOf('postgres://app@db.example/hive', { PGSERVICE: 'main' })).toEqual([
      expect.stringMatching(/^PGSERVICE is set: .*service files are not read/),
    ]);
  });
  test('the password file, by host, port, database and user', () => {
    const lines = '# own\nother:*:*:*:no\ndb.example:5432:hive:app:p\\:4\\\\ss\n*:*:*:*:any\n';
    const PGPASSFILE = file('passfile', lines);
    expect(read('postgres://app@db.example/hive', { PGPASSFILE }).password).toBe('p:4\\ss');
    expect(read('postgres://app@db.example/else', { PGPASSFILE }).password).toBe('any');
    expect(read('postgres://app:own@db.example/hive', { PGPASSFILE }).password).toBe('own');
    const open = file('open-passfile', lines, 0o644);
    expect(problemsOf('postgres://app@db.example/hive', { PGPASSFILE: open })).toEqual([
      expect.stringContaining('can be read by others: chmod 600 it'),
    ]);
  });
});

describe('sslmode means what it means to libpq', () => {
  test.each([
    ['', 'TLS if there, verifies nothing'],
    ['sslmode=disable', 'plain'],
    ['sslmode=allow', 'TLS if there, verifies nothing'],
    ['sslmode=prefer', 'TLS if there, verifies nothing'],
    ['sslmode=require', 'TLS, verifies nothing'],
    [`sslmode=require&sslrootcert=${CA}`, 'TLS, verifies authority'],
    [`sslmode=no-verify&sslrootcert=${CA}`, 'TLS, verifies nothing'],
    [`sslmode=verify-ca&sslrootcert=${CA}`, 'TLS, verifies authority'],
    ['sslmode=verify-full', 'TLS, verifies host'],
    [`sslmode=verify-full&sslrootcert=${CA}`, 'TLS, verifies host'],
    ['sslrootcert=system', 'TLS, verifies host'],
    ['channel_binding=require', 'TLS, verifies host'],
    ['channel_binding=prefer', 'TLS if there, verifies nothing'],
    ['requiressl=1', 'TLS, verifies nothing'],
    ['ssl=false', 'plain'],
    ['ssl=verify-full', 'TLS, verifies host'],
  ])('%s', (parameters, expected) => {
    expect(inShort(read(`postgres://a@b/c?${parameters}`))).toBe(`a - b:5432 c ${expected}`);
  });

  test('a certificate of the client needs its key', () => {
    const address = read(`postgres://a@b/c?sslmode=require&sslcert=${CA}&sslkey=${CA}&sslpassword=x`);
    expect(address.tls?.client).toEqual({ cert: CA, key: CA, password: 'x' });
    expect(problemsOf(`postgres://a@b/c?sslcert=${CA}`)).toEqual([expect.stringMatching(/without sslkey/)]);
  });
});

describe('hosts', () => {
  test.each([
    ['postgres://a@[::1]:5433/c', '::1:5433', '[::1]:5433/c'],
    ['postgres://a@one:5433,two/c?target_session_attrs=primary', 'one:5433,two:5432', 'one:5433,two:5432/c'],
    [
      'postgres://a@one,two:1,[fe80::1%25eth0]:2/c',
      'one:5432,two:1,fe80::1%eth0:2',
      'one:5432,two:1,[fe80::1%eth0]:2/c',
    ],
    ['postgres://a@/c?host=one,two&port=7', 'one:7,two:7', 'one:7,two:7/c'],
    ['postgres://a@name/c?hostaddr=127.0.0.1', 'name:5432', 'name:5432/c'],
  ])('%s', (text, expected, place) => {
    const address = read(text);
    expect(address.hosts.map(({ host, port }) => `${host}:${port}`).join()).toBe(expected);
    expect(placeOf(address)).toBe(place);
  });

  test('without a user it is the user of the system, and without a database that of its name', () => {
    const { username } = userInfo();
    expect(inShort(read('postgres://db.example'))).toBe(
      `${username} - db.example:5432 ${username} TLS if there, verifies nothing`,
    );
  });
});

describe('any user, password and database goes through', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter((it) => !it.includes('\0'));
  test('percent-encoded in a URI', () => {
    fc.assert(
      fc.property(text, text, text, (user, password, database) => {
        const [u, p, d] = [user, password, database].map(encodeURIComponent);
        const address = read(`postgres://${u}:${p}@db.example:6000/${d}?sslmode=disable`);
        expect(address).toMatchObject({ user, password, database, hosts: [{ host: 'db.example', port: 6_000 }] });
      }),
    );
  });

  test('quoted as keywords', () => {
    const quoted = (value: string) => `'${value.replace(/[\\']/g, '\\$&')}'`;
    fc.assert(
      fc.property(text, text, text, (user, password, database) => {
        const keywords = `host=db.example user=${quoted(user)} password=${quoted(password)} dbname=${quoted(database)}`;
        expect(read(keywords)).toMatchObject({ user, password, database });
      }),
    );
  });

  test('a password as it is, where nothing in it is percent-encoding or begins parameters', () => {
    const raw = fc
      .string({ unit: fc.constantFrom(...'aB3#@/:?!$&+,;=[]{}()*~^|<> "\\%'.split('')), minLength: 1, maxLength: 16 })
      .filter((it) => !/%[0-9a-f]{2}/i.test(it) && !(/\?/.test(it) && /=/.test(it)) && it.trim() === it);
    fc.assert(
      fc.property(raw, (password) => {
        expect(read(`postgres://app:${password}@db.example:6000/hive?sslmode=disable`)).toMatchObject({
          user: 'app',
          password,
          database: 'hive',
        });
      }),
      { numRuns: 2_000 },
    );
  });
});
