// A transaction whose connection is lost fails like any other; without src/db/driver.ts it ends the process.
import { sql } from 'drizzle-orm';
import { expect, onTestFinished, test } from 'vitest';
import { type Executor, openDatabase } from '../../src/db/database.js';
import { describe } from '../../src/errors.js';
import { isServiceAway } from '../../src/service-trouble.js';
import { openTestDatabase } from '../support/database.js';
import { until } from '../support/until.js';

async function scene() {
  const { db, url } = await openTestDatabase();
  const aside = await openDatabase(url, { connections: 1 });
  onTestFinished(() => aside.close());
  const pidOf = async (tx: Executor) =>
    (await tx.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`))[0]?.pid;
  /** Ends the server's side of this transaction's connection, and waits until it has gone. */
  const cut = async (tx: Executor) => {
    const pid = await pidOf(tx);
    await aside.db.execute(sql`select pg_terminate_backend(${pid})`);
    await until('the backend is gone', async () => {
      const left = await aside.db.execute(sql`select from pg_stat_activity where pid = ${pid}`);
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

test('code of a transaction that asks the pool hears of it at once, also where the pool has connections to spare', async () => {
  const { db } = await scene();
  const asks: (() => Promise<unknown>)[] = [
    () => db.execute(sql`select 1`),
    () => db.select({ one: sql`1` }).from(sql`(select 1) as one`),
    () => db.transaction(async () => {}),
  ];
  for (const ask of asks) {
    const failed = db.transaction(async (tx) => {
      await tx.transaction(async () => ask());
    });
    await expect(failed).rejects.toSatisfy((error: unknown) =>
      describe(error).includes('the pool was asked inside a transaction'),
    );
  }
  expect(await db.execute(sql`select 1 as one`)).toMatchObject([{ one: 1 }]);
});

test('what was only begun in a transaction asks the pool as it likes when that is over, committed or not', async () => {
  const { db } = await scene();
  for (const ending of ['committed', 'rolled back']) {
    const over = new AbortController();
    let later: Promise<unknown> | undefined;
    const transaction = db.transaction(async () => {
      later = new Promise((resolve) => over.signal.addEventListener('abort', resolve)).then(() =>
        db.transaction((tx) => tx.execute(sql`select 1 as one`)),
      );
      if (ending === 'rolled back') throw new Error('my own');
    });
    await transaction.catch(() => {});
    over.abort();
    expect(await later).toMatchObject([{ one: 1 }]);
  }
});

test('a transaction may ask another database, whose pool is another one', async () => {
  const { db } = await scene();
  const other = await openTestDatabase();
  await db.transaction(async (tx) => {
    // Another database has another pool, whose connections nobody here holds.
    expect(await other.db.execute(sql`select 1 as one`)).toMatchObject([{ one: 1 }]);
    expect(await tx.execute(sql`select 2 as two`)).toMatchObject([{ two: 2 }]);
  });
});
