// The connection strings that hosts and other programs print, and what is said about those that cannot be used.
import { describe, expect, test } from 'vitest';
import { inShort, problemsOf, read, UNVERIFIED } from './reading.js';

/** A file that is there. */
const CA = import.meta.filename;
const secret = 'p4ss';
const NEON = 'ep-cool-darkness-a1b2c3d4-pooler.us-east-2.aws.neon.tech';

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
    /statement_timeout" cannot be set here: leave it out: hive-sync sets it itself/,
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
