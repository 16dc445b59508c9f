// What the checks say of servers as people have them: each is a real one.
import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { addressOf } from '../../src/addresses/postgres.js';
import { checkServer } from '../../src/db/checks/server.js';
import { checkSession } from '../../src/db/checks/session.js';
import { checkWrites } from '../../src/db/checks/writes.js';
import { pgOptions } from '../../src/db/connection/driver-options.js';
import { KEEP_ALIVE, SESSION } from '../../src/db/connection/session.js';
import { type Database, openDatabase } from '../../src/db/database.js';
import { checkListening } from '../../src/queue/checks/listening.js';
import { openPostgresBackend } from '../../src/queue/on-postgres.js';
import { createDatabase } from '../support/database.js';
import { inDatabase } from '../support/global-setup.js';
import { setHostile } from '../support/hostile-settings.js';
import { log } from '../support/log.js';
import { needing } from '../support/needs.js';
import { openPgBouncer } from '../support/pgbouncer.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const NEEDS = { pool: 8, beside: 1, queue: 7 };

async function open(url: string) {
  const database = await openDatabase(url, { connections: 2 });
  closing.push(() => database.close());
  return database;
}

const waysOf = ({ db, address }: Database) => ({ db, address, sessions: address });

/** A role of its own that owns nothing and is no superuser. */
async function ordinary(url: string, ...statements: ((role: string) => string)[]) {
  const as = await setHostile(url, 'role', []);
  const { username } = new URL(as);
  const { db } = await open(url);
  await db.execute(sql.raw(`alter role ${username} nosuperuser`));
  for (const statement of statements) await db.execute(sql.raw(statement(username)));
  return as;
}

test('a server that has all is told in one line', async () => {
  const url = await createDatabase();
  const database = await open(url);
  expect(await checkServer(database, NEEDS)).toEqual([
    {
      level: 'well',
      about: 'PostgreSQL',
      sentence: expect.stringMatching(
        /^version \d+, UTF8, without TLS; a process takes 16 connections of \d+, \d+ are in use$/,
      ),
    },
  ]);
  expect(await checkSession(waysOf(database))).toMatchObject({ level: 'well', sentence: 'locks and settings stay' });
  expect(await checkWrites(database.db)).toMatchObject({ level: 'well' });
  for (const table of ['hive.warehouses', 'sync.runs']) {
    expect(await database.db.execute(sql.raw(`select from ${table}`))).toHaveLength(0);
  }
});

describe('limits of connections', () => {
  test('of a role', async () => {
    const url = await ordinary(await createDatabase(), (role) => `alter role ${role} connection limit 12`);
    const { username } = new URL(url);
    const told = `a process takes 16 (DATABASE_POOL=8 and 8 more), and the role "${username}" has 12. Either set DATABASE_POOL=4, or run: alter role "${username}" connection limit 16.`;
    const checked = async (needs: typeof NEEDS) => {
      const database = await openDatabase(url, { connections: 1 });
      const found = await checkServer(database, needs);
      await database.close();
      return found;
    };
    expect(await checked(NEEDS)).toMatchObject([{ level: 'stop', sentence: told }]);
    expect(await checked({ pool: 4, beside: 1, queue: 7 })).toMatchObject([{ level: 'well' }]);
    expect(await checked({ pool: 8, beside: 1, queue: 0 })).toMatchObject([{ level: 'well' }]);
    const others = await openDatabase(url, { connections: 1 });
    closing.push(() => others.close());
    const left = `a process takes up to 12, the role "${username}" has 12, and 1 are in use by others: 11 are left. What is refused is tried again.`;
    expect(await checked({ pool: 4, beside: 1, queue: 7 })).toMatchObject([
      { level: 'mind', sentence: expect.stringContaining(left) },
    ]);
  });

  test('of a database, too few for the queue', async () => {
    const url = await ordinary(await createDatabase());
    const name = new URL(url).pathname.slice(1);
    const { db } = await open(Object.assign(new URL(inject('server')), { pathname: `/${name}` }).href);
    await db.execute(sql.raw(`alter database ${name} connection limit 6`));
    const [finding] = await checkServer(await open(url), NEEDS);
    expect(finding).toMatchObject({
      level: 'stop',
      sentence: expect.stringContaining('Either keep the queue in Redis with DATABASE_POOL=5, or'),
    });
  });
});

test('an encoding that cannot hold all names, and how to make a database that can', async () => {
  const maintenance = postgres(inject('server'), { max: 1, onnotice: () => {} });
  for (const encoding of ['SQL_ASCII', 'LATIN1']) {
    const name = `hive_sync_test_${encoding.toLowerCase()}_${process.pid}`;
    await maintenance.unsafe(`create database ${name} encoding '${encoding}' locale 'C' template template0`);
    const database = await openDatabase(inDatabase(inject('server'), name));
    const [finding] = await checkServer(database, NEEDS);
    await database.close();
    await maintenance.unsafe(`drop database ${name} with (force)`);
    expect(finding).toMatchObject({ level: 'stop', about: 'encoding' });
    expect(finding?.sentence).toContain(`is encoded in ${encoding}`);
    expect(finding?.sentence).toContain("encoding 'UTF8' template template0");
  }
  await maintenance.end();
});

test('settings that hurt, and options that have no effect, are named', async () => {
  const url = await createDatabase();
  const as = await setHostile(url, 'role', [
    ['default_transaction_read_only', 'on'],
    ['session_replication_role', 'replica'],
  ]);
  const options = encodeURIComponent('-c statement_timeout=5s');
  const found = await checkServer(await open(`${as}?options=${options}`), NEEDS);
  expect(found.map(({ level, about }) => [level, about])).toEqual([
    ['stop', 'session_replication_role'],
    ['mind', 'default_transaction_read_only'],
    ['mind', 'options in DATABASE_URL'],
  ]);
  expect(found[2]?.sentence).toMatch(/^statement_timeout has no effect/);
});

test('rights that are lacking', async () => {
  const url = await createDatabase();
  const none = await open(await ordinary(url));
  expect(await checkWrites(none.db)).toMatchObject({
    level: 'stop',
    sentence: expect.stringContaining('permission denied'),
  });
  const some = await open(
    await ordinary(
      url,
      (role) => `grant usage on schema hive, sync to ${role}`,
      (role) => `grant all on all tables in schema hive, sync to ${role}`,
      (role) => `grant all on all sequences in schema sync to ${role}`,
      (role) => `revoke update on hive.orders from ${role}`,
    ),
  );
  const finding = await checkWrites(some.db);
  expect(finding).toMatchObject({
    level: 'stop',
    sentence: expect.stringMatching(
      /may not use all of hive\.orders, hive\.status_changes_id_seq\. Let the owner \("postgres"\) run: grant select, insert/,
    ),
  });
});

describe('PgBouncer', needing('pgbouncer'), () => {
  const through = async (mode: 'session' | 'transaction', ...settings: string[]) => {
    const bouncer = await openPgBouncer(await createDatabase(), mode, settings);
    closing.push(bouncer.close);
    return bouncer.url;
  };
  /** It then takes all that is said at the start of a session, and forgets it. */
  const DROPS = `ignore_startup_parameters = ${[...Object.keys(SESSION), ...Object.keys(KEEP_ALIVE), 'options'].join()}`;

  test.each([
    ['session', [], 'a pooler in session mode; locks and settings stay'],
    ['session', [DROPS], 'a pooler in session mode; locks and settings stay'],
    ['transaction', [], expect.stringMatching(/^a pooler in transaction mode; settings go with each transaction/)],
    ['transaction', [DROPS], expect.stringMatching(/^a pooler in transaction mode; settings go with each/)],
  ] as const)('in %s mode, with %j', async (mode, settings, sentence) => {
    const database = await open(await through(mode, ...settings));
    expect(await checkSession(waysOf(database))).toEqual({ level: 'well', about: 'sessions', sentence });
  });

  test('that gives sessions on as they were left', async () => {
    const database = await open(await through('session', 'server_reset_query ='));
    expect(await checkSession(waysOf(database))).toMatchObject({
      level: 'stop',
      sentence: expect.stringContaining('server_reset_query = DISCARD ALL'),
    });
  });

  test('whose mode was changed since it was looked at: no lock stays, no notification is heard', async () => {
    const sessions = { ...addressOf(await through('transaction')), sessions: 'pooled' as const };
    const { db, address } = await open(await createDatabase());
    const sentence = expect.stringContaining('a pooler in transaction mode');
    expect(await checkSession({ db, address, sessions })).toMatchObject({ level: 'stop', about: 'sessions', sentence });
    expect(await checkListening(pgOptions(sessions, 'check'))).toMatchObject({ level: 'stop', sentence });
  });
});

test('with the queue in PostgreSQL notifications are heard', async () => {
  const backend = await openPostgresBackend(addressOf(await createDatabase()), log);
  closing.push(() => backend.close());
  expect(await backend.check()).toMatchObject([{ level: 'well', about: 'notifications' }]);
});
