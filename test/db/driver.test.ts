// A transaction whose connection is lost fails like any other; without src/db/driver.ts it ends the process.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import type { Executor } from '../../src/db/database.js';
import { isServiceAway } from '../../src/errors.js';
import { openTestDatabase } from '../support/database.js';
import { until } from '../support/until.js';

async function scene() {
  const { db } = await openTestDatabase();
  const pidOf = async (tx: Executor) =>
    (await tx.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`))[0]?.pid;
  /** Ends the server's side of this transaction's connection, and waits until it has gone. */
  const cut = async (tx: Executor) => {
    const pid = await pidOf(tx);
    await db.execute(sql`select pg_terminate_backend(${pid})`);
    await until('the backend is gone', async () => {
      const left = await db.execute(sql`select from pg_stat_activity where pid = ${pid}`);
      return left.length === 0;
    });
  };
  return { db, cut };
}

const trouble = (error: unknown): boolean => isServiceAway(error);

test('a statement after the loss fails, as database trouble', async () => {
  const { db, cut } = await scene();
  const lost = db.transaction(async (tx) => {
    await cut(tx);
    await tx.execute(sql`select 1`);
  });
  await expect(lost).rejects.toSatisfy(trouble);
  expect(await db.execute(sql`select 1 as one`)).toMatchObject([{ one: 1 }]);
});

test('a statement that is under way at the loss fails, as database trouble', async () => {
  const { db } = await scene();
  const lost = db.transaction(async (tx) => {
    await tx.execute(sql`select pg_terminate_backend(pg_backend_pid())`);
  });
  await expect(lost).rejects.toSatisfy(trouble);
  expect(await db.execute(sql`select 1 as one`)).toMatchObject([{ one: 1 }]);
});

test('code that ends without another statement after the loss has not committed, and hears of it', async () => {
  const { db, cut } = await scene();
  const lost = db.transaction(async (tx) => {
    await tx.execute(
      sql`insert into sync.runs (account, mode, collections, trigger) values ('a', 'full', '{}', 'cli')`,
    );
    await cut(tx);
  });
  await expect(lost).rejects.toSatisfy(trouble);
  expect(await db.execute(sql`select from sync.runs`)).toHaveLength(0);
});

test('the loss in a nested transaction ends the outer one', async () => {
  const { db, cut } = await scene();
  const lost = db.transaction(async (tx) => {
    await tx.transaction(async (inner) => {
      await cut(inner);
      await inner.execute(sql`select 1`);
    });
  });
  await expect(lost).rejects.toSatisfy(trouble);
});

test('an error of the code itself rolls back as ever', async () => {
  const { db } = await scene();
  const failed = db.transaction(async (tx) => {
    await tx.execute(
      sql`insert into sync.runs (account, mode, collections, trigger) values ('a', 'full', '{}', 'cli')`,
    );
    throw new Error('my own');
  });
  await expect(failed).rejects.toThrow('my own');
  expect(await db.execute(sql`select from sync.runs`)).toHaveLength(0);
});
