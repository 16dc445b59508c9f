// Promise: a connection to PostgreSQL that dies without a word is noticed and replaced, with what it held at the server; a
// statement that takes its time is left alone.

import { sql } from 'drizzle-orm';
import pg from 'pg';
import postgres from 'postgres';
import { afterEach, describe, expect, test } from 'vitest';
import { addressOf } from '../../src/addresses/postgres.js';
import { pgOptions } from '../../src/db/connection/driver-options.js';
import { openDatabase } from '../../src/db/database.js';
import { openClaims } from '../../src/db/run-claims.js';
import { isServiceAway } from '../../src/service-trouble.js';
import { openBlackhole } from '../support/blackhole.js';
import { createDatabase } from '../support/database.js';
import { createRole } from '../support/limited-role.js';
import { needing } from '../support/needs.js';
import { openPgBouncer } from '../support/pgbouncer.js';
import { until } from '../support/until.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** By a way on which flows can be swallowed. */
async function through(target: string) {
  const way = await openBlackhole(target);
  closing.push(way.close);
  return { way, address: { ...addressOf(way.url), silenceMs: 300 } };
}

async function open(target: string, connections = 2) {
  const { way, address } = await through(target);
  const database = await openDatabase(address, { connections });
  closing.push(database.close);
  return { way, address, db: database.db };
}

const DEAD = /has not answered for \d+ s, and is not at work on it: the connection is given up$/;
/** Where the connection on which it is asked may have been swallowed, too. */
const GIVEN_UP = /has not answered for \d+ s, and .*: the connection is given up$/;
const failing = (act: PromiseLike<unknown>): Promise<Error> =>
  Promise.resolve(act).then(
    () => {
      throw new Error('it did not fail');
    },
    (error: Error) => (error.cause instanceof Error ? error.cause : error),
  );

test('of the pool: the statement fails as with a server that is away, and the next one passes', async () => {
  const { way, db } = await open(await createDatabase());
  way.swallow();
  const error = await failing(db.execute(sql`select 1`));
  expect(error.message).toMatch(DEAD);
  expect(isServiceAway(error)).toBe(true);
  expect(await db.execute(sql`select 1 as one`)).toEqual([{ one: 1 }]);
});

test('all idle ones of a pool: they are not lost one by one', async () => {
  const { way, address } = await through(await createDatabase());
  const { db, close } = await openDatabase({ ...address, silenceMs: 4_000 }, { connections: 8 });
  closing.push(close);
  await Promise.all(Array.from({ length: 8 }, () => db.execute(sql`select pg_sleep(0.3)`)));
  await until('all are open', () => way.passing() >= 8);
  way.swallow();
  const began = performance.now();
  let failures = 0;
  await until('a new one is used', async () => {
    try {
      await db.execute(sql`select 1`);
      return true;
    } catch {
      failures += 1;
      return false;
    }
  });
  expect(failures).toBeGreaterThan(1);
  // One by one, each would take four seconds.
  expect(performance.now() - began).toBeLessThan(failures * 4_000);
});

test('in a transaction: the locks of the other end go with it', async () => {
  const { way, db } = await open(await createDatabase());
  let swallows = true;
  const lock = () =>
    db.transaction(async (tx) => {
      await tx.execute(sql`select pg_advisory_xact_lock(17)`);
      if (swallows) way.swallow();
      await tx.execute(sql`select 1`);
    });
  expect(isServiceAway(await failing(lock()))).toBe(true);
  swallows = false;
  await lock();
});

test('a statement that takes its time is not cut, nor one that waits for a lock', async () => {
  const { db } = await open(await createDatabase());
  expect(await db.execute(sql`select 1 as one from pg_sleep(2)`)).toEqual([{ one: 1 }]);
  // The second waits for the first, longer than the deadline.
  const locks = [2, 0].map((seconds) =>
    db.execute(sql`select pg_advisory_xact_lock(18), pg_sleep(${seconds})`).then(() => seconds),
  );
  expect(await Promise.all(locks)).toEqual([2, 0]);
});

test('a statement that waits for a lock is not cut where nobody may see who holds it', async () => {
  const url = await createDatabase();
  const owner = postgres(url, { max: 1 });
  await owner`revoke execute on function pg_blocking_pids(int) from public`;
  await owner.end();
  const { address } = await through((await createRole(url, { limit: 5 })).url);
  // Where it is not told whether the server is at work, it would be given up after three seconds.
  const { db, close } = await openDatabase({ ...address, silenceMs: 100 }, { connections: 2 });
  closing.push(close);
  const locks = [5, 0].map((seconds) =>
    db.execute(sql`select pg_advisory_xact_lock(19), pg_sleep(${seconds})`).then(() => seconds),
  );
  expect(await Promise.all(locks)).toEqual([5, 0]);
});

test('a slow statement whose answer is lost', async () => {
  const { way, db } = await open(await createDatabase());
  const slow = failing(db.execute(sql`select pg_sleep(2)`));
  await until('it is under way', async () => {
    const [row] = await db.execute<{ n: number }>(sql`
      select count(*)::int as n from pg_stat_activity
      where datname = current_database() and state = 'active' and query like 'select pg_sleep%'`);
    return row?.n === 1;
  });
  way.swallow();
  expect((await slow).message).toMatch(GIVEN_UP);
});

test('where no connection passes, it is thrown away all the same, and waited for no longer', async () => {
  const { way, db } = await open(await createDatabase());
  way.swallow();
  way.swallowNew(true);
  const error = await failing(db.execute(sql`select 1`));
  expect(error.message).toMatch(/, and a new connection is not answered either: the connection is given up$/);
  way.swallowNew(false);
  expect(await db.execute(sql`select 1 as one`)).toEqual([{ one: 1 }]);
});

test('of node-postgres', async () => {
  const { way, address } = await through(await createDatabase());
  const pool = new pg.Pool({ ...pgOptions(address, 'queue'), max: 1 });
  pool.on('error', () => {});
  closing.push(() => pool.end());
  await pool.query('select 1');
  await pool.query('select pg_sleep(1)');
  way.swallow();
  expect((await failing(pool.query('select 1'))).message).toMatch(GIVEN_UP);
  expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
});

test('of the claims: they are taken again on a new connection, past the other end of the old one', async () => {
  const { way, address } = await through(await createDatabase());
  const claims = openClaims(address);
  closing.push(claims.close);
  const account = claims.ofAccount('an-account');
  expect(await account.claim(1)).toBe(true);
  way.swallow();
  await until('the loss is noticed', () =>
    account
      .refresh(async () => [])
      .then(
        () => false,
        () => true,
      ),
  );
  await until('claimed again', async () => {
    try {
      return await account.claim(1);
    } catch {
      return false;
    }
  });
});

describe('behind PgBouncer', needing('pgbouncer'), () => {
  test('the same: slow statements stay, dead connections go', async () => {
    const url = await createDatabase();
    const bouncer = await openPgBouncer(url, 'session');
    closing.push(bouncer.close);
    const { way, db } = await open(bouncer.url);
    expect(await db.execute(sql`select 1 as one from pg_sleep(2)`)).toEqual([{ one: 1 }]);
    way.swallow();
    expect((await failing(db.execute(sql`select 1`))).message).toMatch(GIVEN_UP);
    expect(await db.execute(sql`select 1 as one`)).toEqual([{ one: 1 }]);
  });
});
