// What the parts of a connection string mean, and what fills them in.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { placeOf } from '../../src/addresses/postgres.js';
import { inShort, problemsOf, read, UNVERIFIED } from './reading.js';

const folder = mkdtempSync(path.join(tmpdir(), 'hive-sync-addresses-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content = '', mode = 0o600): string => {
  const at = path.join(folder, name);
  writeFileSync(at, content);
  chmodSync(at, mode);
  return at;
};
const CA = file('ca.pem');

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
