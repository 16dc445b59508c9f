// TLS to a real PostgreSQL with an authority of the test's own, with both drivers, and by the variables of libpq.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPostgresAddress } from '../../src/addresses/postgres.js';
import { pgOptions, postgresJsOptions } from '../../src/db/connection/driver-options.js';
import { openSimulator } from '../../src/simulator/index.js';
import { type Authority, openAuthority } from '../support/certificates.js';
import { runCli, startCli } from '../support/cli.js';
import { needing } from '../support/needs.js';
import { type OwnServer, openOwnPostgres } from '../support/servers.js';
import { until } from '../support/until.js';

const drivers = [
  ['postgres.js', withPostgresJs],
  ['pg', withPg],
] as const;

interface Session {
  readonly ssl: boolean;
  readonly name: string;
  readonly client: string | null;
  readonly mem: string;
}
const ASK = `select ssl, application_name as name, client_dn as client, current_setting('work_mem') as mem
  from pg_stat_ssl join pg_stat_activity using (pid) where pid = pg_backend_pid()`;

function addressIn(text: string, env: Record<string, string> = {}) {
  const problems: string[] = [];
  const address = readPostgresAddress(text, problems, { env });
  if (address === undefined) throw new Error(problems.join());
  return address;
}

async function withPostgresJs(text: string, env?: Record<string, string>): Promise<Session> {
  const sql = postgres({ ...postgresJsOptions(addressIn(text, env), 'one'), max: 1 });
  try {
    const [row] = await sql.unsafe<Session[]>(ASK);
    if (row === undefined) throw new Error('no row');
    return { ...row };
  } finally {
    await sql.end({ timeout: 1 });
  }
}

async function withPg(text: string, env?: Record<string, string>): Promise<Session> {
  const client = new pg.Client(pgOptions(addressIn(text, env), 'one'));
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<Session>(ASK);
    if (rows[0] === undefined) throw new Error('no row');
    return { ...rows[0] };
  } finally {
    await client.end();
  }
}

describe('PostgreSQL with TLS', needing('openssl'), () => {
  let authority: Authority;
  let stranger: Authority;
  let server: OwnServer;
  let elsewhere: OwnServer;
  let plain: OwnServer;

  beforeAll(async () => {
    authority = openAuthority();
    stranger = openAuthority();
    server = await openOwnPostgres({ settings: tlsSettings(authority, ['DNS:localhost', 'IP:127.0.0.1']) });
    elsewhere = await openOwnPostgres({ settings: tlsSettings(authority, ['DNS:db.example']) });
    plain = await openOwnPostgres();
  });
  afterAll(async () => {
    await Promise.all([server, elsewhere, plain].map((one) => one?.close()));
    for (const one of [authority, stranger]) one?.close();
  });

  const tlsSettings = ({ ca, sign }: Authority, names: string[]): string[] => {
    const { cert, key } = sign(names);
    return ['ssl=on', `ssl_cert_file=${cert}`, `ssl_key_file=${key}`, `ssl_ca_file=${ca}`];
  };
  const at = ({ url }: OwnServer, parameters: string, host = 'localhost'): string =>
    `${url.replace('127.0.0.1', host)}?${parameters}`;

  describe.each(drivers)('%s', (_driver, connect) => {
    test.each([
      ['by name', () => at(server, `sslmode=verify-full&sslrootcert=${authority.ca}`)],
      ['by address', () => at(server, `sslmode=verify-full&sslrootcert=${authority.ca}`, '127.0.0.1')],
      ['by authority alone, whatever the name', () => at(elsewhere, `sslmode=verify-ca&sslrootcert=${authority.ca}`)],
      ['as demanded with a root certificate', () => at(server, `sslmode=require&sslrootcert=${authority.ca}`)],
      ['not at all', () => at(server, 'sslmode=require')],
      [
        'not at all, though a root certificate is there',
        () => at(server, `sslmode=no-verify&sslrootcert=${stranger.ca}`),
      ],
      ['not at all, where nothing is said', () => at(server, '')],
      [
        'from the first byte',
        () => at(server, `sslmode=verify-full&sslrootcert=${authority.ca}&sslnegotiation=direct`),
      ],
      [
        'by a name that stands for an address',
        () => `${at(server, `sslmode=verify-full&sslrootcert=${authority.ca}`)}&hostaddr=127.0.0.1`,
      ],
    ])('verifies %s', async (_how, text) => {
      expect(await connect(text())).toMatchObject({ ssl: true, name: 'hive-sync one' });
    });

    test.each([
      [
        'a wrong authority',
        () => at(server, `sslmode=verify-full&sslrootcert=${stranger.ca}`),
        /not signed by an authority in .*\(sslmode=verify-full\)$/,
      ],
      [
        'an authority that is not public',
        () => at(server, 'sslmode=verify-full'),
        /not signed by a public authority; name its own with sslrootcert=<file>/,
      ],
      [
        'that, instead of binding channels',
        () => at(server, 'sslmode=require&channel_binding=require'),
        /public authority.*\(channel_binding=require\)$/,
      ],
      [
        'a wrong authority by require',
        () => at(server, `sslmode=require&sslrootcert=${stranger.ca}`),
        /not signed by an authority/,
      ],
      [
        'a wrong name',
        () => at(elsewhere, `sslmode=verify-full&sslrootcert=${authority.ca}`),
        /is not for the name localhost/,
      ],
      ['a server without TLS', () => at(plain, 'sslmode=require'), /offers no TLS, and sslmode=require demands it/],
    ])('refuses %s with one sentence', async (_what, text, expected) => {
      await expect(connect(text())).rejects.toThrow(expected);
    });

    test('takes a plain server where TLS is only preferred, and a plain connection where it is disabled', async () => {
      expect(await connect(at(plain, 'sslmode=prefer'))).toMatchObject({ ssl: false });
      expect(await connect(at(server, 'sslmode=disable'))).toMatchObject({ ssl: false });
    });

    test('shows a certificate of its own', async () => {
      const { cert, key } = authority.sign([], 'postgres');
      const text = at(server, `sslmode=require&sslcert=${cert}&sslkey=${key}`);
      expect(await connect(text)).toMatchObject({ ssl: true, client: '/CN=postgres' });
    });

    test('obeys the variables of libpq', async () => {
      const env = {
        PGSSLMODE: 'verify-full',
        PGSSLROOTCERT: authority.ca,
        PGAPPNAME: 'mirror',
        PGOPTIONS: '-c work_mem=7MB',
      };
      expect(await connect(at(server, '').replace('?', ''), env)).toEqual({
        ssl: true,
        name: 'mirror one',
        client: null,
        mem: '7MB',
      });
      await expect(connect(plain.url, { PGSSLMODE: 'require' })).rejects.toThrow(/offers no TLS/);
    });

    test('goes on to the next host, and to the kind of server that is wanted', async () => {
      const host = (one: OwnServer) => new URL(one.url).host;
      const port = (one: OwnServer) => Number(new URL(one.url).port);
      const nobody = '127.0.0.1:1';
      expect(await connect(`postgres://postgres@${nobody},${host(server)}/postgres`)).toMatchObject({ ssl: true });
      expect(
        await connect(`postgres://postgres@${host(plain)},${host(server)}/postgres?sslmode=require`),
      ).toMatchObject({ ssl: true });
      const admin = postgres(elsewhere.url, { max: 1 });
      await admin`alter database postgres set default_transaction_read_only = on`;
      const both = `postgres://postgres@${host(elsewhere)},${host(plain)}/postgres`;
      expect(await connect(`${both}?target_session_attrs=read-write`)).toMatchObject({ ssl: false });
      expect(await connect(`${both}?target_session_attrs=read-only`)).toMatchObject({ ssl: true });
      expect(await connect(`${both}?target_session_attrs=prefer-standby`)).toMatchObject({ ssl: true });
      await expect(connect(`${both}?target_session_attrs=standby`)).rejects.toThrow(
        `127.0.0.1:${port(elsewhere)} is not what target_session_attrs=standby asks for; 127.0.0.1:${port(plain)} is not`,
      );
      await admin`alter database postgres reset default_transaction_read_only`;
      await admin.end();
    });
  });

  test('every connection of a worker is encrypted and verified, and each is named after the application', async () => {
    const simulator = await openSimulator({ sizes: { orders: 40 }, rate: 'unlimited' });
    const worker = startCli(['worker'], {
      HIVE_API_KEY: simulator.apiKey,
      HIVE_API_URL: simulator.url,
      DATABASE_URL: `${at(server, 'application_name=mirror')}`,
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: authority.ca,
    });
    const watching = postgres(server.url, { max: 1 });
    try {
      await until('the first run is complete', async () => {
        const [there] = await watching`select to_regclass('sync.runs') is not null as yes`;
        if (there?.yes !== true) return undefined;
        const [run] = await watching`select from sync.runs where state = 'complete'`;
        return run;
      });
      const sessions = await watching<{ name: string; ssl: boolean }[]>`
        select distinct application_name as name, ssl from pg_stat_ssl join pg_stat_activity using (pid)
        where backend_type = 'client backend' and pid <> pg_backend_pid() order by 1`;
      expect([...sessions]).toEqual(
        ['mirror', 'mirror claims', 'mirror queue', 'mirror queue listener'].map((name) => ({ name, ssl: true })),
      );
    } finally {
      worker.kill('SIGTERM');
      await watching.end();
      expect((await worker.ended).code).toBe(0);
      await simulator.close();
    }
  });

  const key = { HIVE_API_KEY: 'a-key', HIVE_API_URL: 'http://127.0.0.1:9' };
  test.each([
    ['a wrong authority', () => ({ DATABASE_URL: at(server, `sslmode=verify-full&sslrootcert=${stranger.ca}`) })],
    ['a wrong name', () => ({ DATABASE_URL: at(elsewhere, `sslmode=verify-full&sslrootcert=${authority.ca}`) })],
    ['a server without TLS, by PGSSLMODE', () => ({ DATABASE_URL: plain.url, PGSSLMODE: 'require' })],
  ])('%s ends the worker with exit code 1 and one sentence', async (_what, env) => {
    const { code, stderr } = await runCli(['worker'], { ...key, ...env(), LOG_LEVEL: 'warn' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^.*PostgreSQL at \S+ cannot be used: the server.*\n$/);
  });
});

test('the embedded server is not touched by the variables of libpq', async () => {
  const home = mkdtempSync(path.join(tmpdir(), 'hive-sync-variables-'));
  chmodSync(home, 0o755);
  const env = {
    HIVE_SYNC_HOME: home,
    PGHOST: 'nowhere.invalid',
    PGPORT: '1',
    PGUSER: 'nobody',
    PGPASSWORD: 'wrong',
    PGDATABASE: 'none',
    PGSSLMODE: 'verify-full',
    PGOPTIONS: '-c no_such_setting=1',
    PGTARGETSESSIONATTRS: 'standby',
    PGSSLNEGOTIATION: 'direct',
    PGSERVICE: 'none',
    PGCLIENTENCODING: 'LATIN1',
  };
  const simulator = await openSimulator({ sizes: { orders: 20 }, rate: 'unlimited' });
  const ended = await runCli(['sync', 'orders'], {
    HIVE_API_KEY: simulator.apiKey,
    HIVE_API_URL: simulator.url,
    ...env,
  });
  await simulator.close();
  rmSync(home, { recursive: true });
  expect(ended.stderr).not.toContain('Error');
  expect(ended.code).toBe(0);
});
