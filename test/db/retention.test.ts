import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { readHeadMark } from '../../src/db/head-marks.js';
import { readInstallation } from '../../src/db/installation.js';
import { closeWindow, type WindowKind } from '../../src/db/ledger.js';
import { letGo, pruneDeadLetters, pruneHistory, pruneLedger } from '../../src/db/retention.js';
import { openTestDatabase } from '../support/database.js';
import { ledgerOf } from './ledger-parts.js';

const DAY = 86_400_000;

test('changes and stocks older than the retention go, but the last stock before it stays, as it holds on', async () => {
  const { db } = await openTestDatabase();
  await db.execute(sql`
    insert into hive.status_changes (account, collection, record_id, field, new, observed_at, source)
    select 'a', 'orders', n, 'status', 'x', now() - make_interval(days => n), 'page' from generate_series(1, 20) n`);
  // Counted from the day of the cut, so that the hour in which the test runs does not matter: the first SKU has no stock
  // on that day, the second has.
  await db.execute(sql`
    insert into hive.inventory_daily (account, sku_id, warehouse_id, day, total)
    select 'a', sku, 1, (now() at time zone 'UTC' - interval '10.5 days')::date + 8 + sku - n, n
    from generate_series(1, 20, 3) n, generate_series(1, 2) sku`);
  expect(await pruneHistory(db, 10.5 * DAY)).toBe(10 + 2 * 3);
  const left = await db.execute<{ id: number }>(sql`select record_id as id from hive.status_changes order by 1`);
  expect(left.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  for (const sku of [1, 2]) {
    const days = await db.execute<{ total: number }>(
      sql`select total from hive.inventory_daily where sku_id = ${sku} order by 1`,
    );
    expect(days.map(({ total }) => total)).toEqual([1, 4, 7, 10]);
  }
  const { history_since: since } = await readInstallation(db);
  expect(Date.now() - since.getTime()).toBeLessThan(11 * DAY);
  expect(await pruneHistory(db, 10.5 * DAY)).toBe(0);
});

test('old runs go with all their pages, but never what proves a collection, what came after it, or what a letter is about', async () => {
  const database = await openTestDatabase();
  const { db } = database;
  const ledger = ledgerOf(database);
  const account = 'pruned';
  /** A run that ended so many days ago. */
  const ended = async (
    days: number,
    ...windows: { collection?: string; kind?: WindowKind; state?: 'certified' | 'uncertified' }[]
  ) => {
    const { run, windows: made } = await ledger.newRun(
      windows.map(({ state: _, ...window }) => window),
      account,
    );
    for (const [i, window] of made.entries()) {
      await ledger.enter(window, 1);
      await closeWindow(db, window, { state: windows[i]?.state ?? 'certified', reason: null, distinctIds: 1 });
    }
    const at = sql`now() - make_interval(days => ${days})`;
    await db.execute(sql`update sync.runs set state = 'complete', finished_at = ${at} where id = ${run.id}`);
    await db.execute(sql`update sync.windows set started_at = ${at}, finished_at = ${at} where run_id = ${run.id}`);
    return run.id;
  };
  const proved = await ended(300, {}, { collection: 'skus' });
  const overtaken = await ended(290, { kind: 'head' });
  const withLetter = await ended(280, { state: 'uncertified' });
  await db.execute(sql`
    insert into sync.dead_letters (account, collection, kind, fingerprint, errors, attempts, run_id)
    values (${account}, 'orders', 'request', 'page', '{}', 1, ${withLetter})`);
  const newest = await ended(200, {});
  const after = await ended(150, { kind: 'head' }, { state: 'uncertified' });
  const young = await ended(10, { kind: 'chosen' });
  const { run: going } = await ledger.newRun([{}], account);
  const { run: foreign } = await ledger.newRun([{}], 'another account');
  const watermarks = async () => [await readHeadMark(db, account, 'orders'), await readHeadMark(db, account, 'skus')];
  const before = await watermarks();
  expect(before).toEqual([expect.any(Date), expect.any(Date)]);

  expect(await pruneLedger(db, account, 90 * DAY)).toBe(1);
  const left = await db.execute<{ id: number }>(sql`select id from sync.runs order by id`);
  // The oldest one still proves the SKUs.
  expect(left.map(({ id }) => id)).toEqual([proved, withLetter, newest, after, young, going.id, foreign.id]);
  const [orphans] = await db.execute<{ n: number }>(sql`
    select (select count(*) from sync.windows where run_id = ${overtaken}) + (select count(*) from sync.pages p
      where not exists (select from sync.windows w where w.id = p.window_id)) as n`);
  expect(orphans?.n).toBe(0);

  await ended(100, { collection: 'skus' });
  await db.execute(sql`update sync.dead_letters set resolved_at = now(), resolution = 'retried'`);
  expect(await pruneLedger(db, account, 90 * DAY)).toBe(2);
  expect((await watermarks())[0]).toEqual(before[0]);
});

test('more runs than go at once are all removed', async () => {
  const database = await openTestDatabase();
  const { db } = database;
  await db.execute(sql`
    insert into sync.runs (account, mode, collections, trigger, state, finished_at)
    select 'many', 'refresh', '{orders}', 'webhook', 'complete', now() - interval '100 days' from generate_series(1, 120)`);
  expect(await pruneLedger(db, 'many', 90 * DAY)).toBe(120);
});

test('closed dead letters go, but no open one, none of another account, and no discarded one that still recurs', async () => {
  const { db } = await openTestDatabase();
  const file = (mark: string, account: string, resolved: number | null, seen: number, resolution: string | null) =>
    db.execute(sql`
      insert into sync.dead_letters (account, collection, kind, fingerprint, resolved_at, last_seen_at, resolution)
      values (${account}, 'orders', 'record', ${mark}, now() - make_interval(days => ${resolved}),
        now() - make_interval(days => ${seen}), ${resolution})`);
  await file('open', 'a', null, 300, null);
  await file('closed long ago', 'a', 91, 100, 'superseded');
  await file('closed lately', 'a', 89, 300, 'retried');
  await file('discarded', 'a', 91, 100, 'discarded');
  await file('discarded, and met every night', 'a', 300, 1, 'discarded');
  await file('foreign', 'b', 91, 100, 'retried');
  expect(await pruneDeadLetters(db, 'a', 90 * DAY)).toBe(2);
  const marks = async () =>
    (await db.execute<{ mark: string }>(sql`select fingerprint as mark from sync.dead_letters order by id`)).map(
      ({ mark }) => mark,
    );
  const left = ['open', 'closed lately', 'discarded, and met every night', 'foreign'];
  expect(await marks()).toEqual(left);

  await letGo(db, 'b', { webhooksMs: DAY, ledgerMs: DAY, deadLettersMs: 95 * DAY, historyMs: undefined });
  expect(await marks()).toEqual(left);
  await letGo(db, 'b', { webhooksMs: DAY, ledgerMs: DAY, deadLettersMs: 90 * DAY, historyMs: undefined });
  expect(await marks()).toEqual(left.slice(0, 3));
});
