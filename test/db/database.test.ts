import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/db/database.js';
import { describe, ServiceUnavailableError } from '../../src/errors.js';
import { openTestDatabase } from '../support/database.js';

const database = await openTestDatabase();
const { db, url } = database;

async function failureOf(changes: Partial<Pick<URL, 'port' | 'pathname' | 'username' | 'password'>>): Promise<Error> {
  const wrong = Object.assign(new URL(url), changes);
  const error = await openDatabase(wrong.href).then(
    (opened) => opened.close(),
    (reason: unknown) => reason,
  );
  if (error instanceof Error) return error;
  throw new Error('the database opened');
}

test.each([
  ['a server that is not there', { port: '1' }, /ECONNREFUSED/],
  ['a database that is not there', { pathname: '/no_such_database' }, /no_such_database/],
  ['a user that is not there', { username: 'nobody_knows', password: 'S3CRET' }, /nobody_knows/],
])('%s is one sentence with the place and the reason, and no password', async (_what, changes, reason) => {
  const error = await failureOf(changes);
  expect(error).toBeInstanceOf(ServiceUnavailableError);
  expect(error.message).toMatch(/^PostgreSQL at \S+ cannot be used: /);
  expect(error.message).toMatch(reason);
  const { password } = new URL(url);
  for (const secret of ['S3CRET', ...(password === '' ? [] : [password])]) expect(error.message).not.toContain(secret);
});

test('a bigint is a number, up to the largest that is exact', async () => {
  const [row] = await db.execute(
    sql`select 9007199254740991::bigint as big, count(*) as n from (values (1), (2)) as v`,
  );
  expect(row).toEqual({ big: Number.MAX_SAFE_INTEGER, n: 2 });
});

test('parameters are no SQL', async () => {
  const [row] = await db.execute(sql`select ${"'; drop schema hive cascade; --"}::text as given`);
  expect(row).toEqual({ given: "'; drop schema hive cascade; --" });
});

test('a transaction that fails leaves nothing', async () => {
  await expect(
    db.transaction(async (tx) => {
      await tx.execute(sql`create table public.left_behind (a int)`);
      await tx.execute(sql`select 1 / 0`);
    }),
  ).rejects.toSatisfy((error) => describe(error) === 'division by zero');
  expect(await db.execute(sql`select to_regclass('public.left_behind') as found`)).toEqual([{ found: null }]);
});

test('a connection that the server ended is replaced', async () => {
  const other = await openDatabase(url, { connections: 1 });
  const [session] = await other.db.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`);
  await db.execute(sql`select pg_terminate_backend(${session?.pid ?? 0}, 5000)`);
  await other.db.execute(sql`select 1`).catch(() => {});
  expect(await other.db.execute(sql`select 1 as one`)).toEqual([{ one: 1 }]);
  await other.close();
});
