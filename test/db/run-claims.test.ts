// A claim lasts as long as its process, and no longer: with locks of a session, and with those of a transaction.
import { sql } from 'drizzle-orm';
import { describe, expect, onTestFinished, test } from 'vitest';
import { addressOf } from '../../src/addresses/postgres.js';
import { openClaims } from '../../src/db/run-claims.js';
import { chooseSchemas, namesFrom } from '../../src/schema-names.js';
import { openTestDatabase } from '../support/database.js';
import { until } from '../support/until.js';

describe.each(['own', 'shared'] as const)('where sessions are %s', (sessions) => {
  const at = (url: string) => ({ ...addressOf(url), sessions });

  async function scene() {
    const database = await openTestDatabase();
    const [mine, others] = [openClaims(at(database.url)), openClaims(at(database.url))];
    onTestFinished(async () => {
      for (const one of [mine, others]) await one.close();
    });
    return {
      db: database.db,
      mine: mine.ofAccount('a'),
      others: others.ofAccount('a'),
      leave: mine.close,
      elsewhere: others,
    };
  }

  test('a run is claimed by one process at a time, and another run by another', async () => {
    const { mine, others } = await scene();
    expect(await mine.claim(1)).toBe(true);
    expect(await mine.claim(1)).toBe(true);
    expect(await others.claim(1)).toBe(false);
    expect(await others.claim(2)).toBe(true);
  });

  test('run 1 of another installation in the same database is another run, and its worker another worker', async () => {
    const { mine, others, elsewhere } = await scene();
    expect(await mine.claim(1)).toBe(true);
    await mine.standBy();
    expect(await elsewhere.isWorkedElsewhere('a')).toBe(true);
    chooseSchemas(namesFrom({ hive: 'shop', sync: 'shop_sync' }));
    onTestFinished(() => chooseSchemas(namesFrom({})));
    expect(await elsewhere.isWorkedElsewhere('a')).toBe(false);
    expect(await others.claim(1)).toBe(true);
  });

  test('a run that has ended is let go, the others are kept', async () => {
    const { mine, others } = await scene();
    await mine.claim(1);
    await mine.claim(2);
    await mine.refresh(async () => [1]);
    expect(await others.claim(1)).toBe(true);
    expect(await others.claim(2)).toBe(false);
  });

  test('who leaves lets go of all', async () => {
    const { mine, others, leave } = await scene();
    await mine.claim(1);
    await leave();
    await until('the server has noticed', () => others.claim(1));
  });

  test('a claim that went with its connection is taken anew', async () => {
    const { db, mine, others } = await scene();
    await mine.claim(1);
    const [cut] = await db.execute<{ pid: number }>(sql`
    select pid, pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'hive-sync claims' and datname = current_database()`);
    await until('the claim is back', async () => {
      await mine.refresh(async () => []).catch(() => {});
      // The session that was cut may still be about to end.
      const held = await db.execute(sql`select from pg_locks l join pg_database d on d.oid = l.database
      where l.locktype = 'advisory' and d.datname = current_database() and l.pid <> ${cut?.pid ?? 0}`);
      return held.length === 1;
    });
    expect(await others.claim(1)).toBe(false);
  });

  test('two accounts of one process let go of their own runs only, on one connection', async () => {
    const { url, db } = await openTestDatabase();
    const [mine, others] = [openClaims(at(url)), openClaims(at(url))];
    onTestFinished(async () => {
      for (const one of [mine, others]) await one.close();
    });
    const [a, b] = [mine.ofAccount('a'), mine.ofAccount('b')];
    await a.claim(1);
    await b.claim(2);
    await a.refresh(async (ids) => ids);
    expect(await others.ofAccount('a').claim(1)).toBe(true);
    expect(await others.ofAccount('b').claim(2)).toBe(false);
    const connections = await db.execute(sql`
    select from pg_stat_activity where application_name = 'hive-sync claims' and datname = current_database()`);
    expect(connections).toHaveLength(2);
  });

  test('that an account is worked can be seen from other processes while one stands by, and again after a lost connection', async () => {
    const { db, mine, elsewhere, leave } = await scene();
    expect(await elsewhere.isWorkedElsewhere('a')).toBe(false);
    await mine.standBy();
    expect(await elsewhere.isWorkedElsewhere('a')).toBe(true);
    expect(await elsewhere.isWorkedElsewhere('b')).toBe(false);
    await elsewhere.ofAccount('a').standBy();
    expect(await elsewhere.isWorkedElsewhere('a')).toBe(true);
    await db.execute(sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'hive-sync claims' and datname = current_database()`);
    await until('it stands by again', async () => {
      await mine.refresh(async () => []).catch(() => {});
      return elsewhere.isWorkedElsewhere('a').catch(() => false);
    });
    await leave();
    await until('nobody else does', async () => !(await elsewhere.isWorkedElsewhere('a')));
  });
});
