// Promise: sync.proofs says no more than what windows prove, and is read as fast from many windows as from few.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { collections } from '../../src/collections/index.js';
import { readCoverage } from '../../src/db/coverage.js';
import { pruneLedger } from '../../src/db/retention.js';
import { openTestDatabase } from '../support/database.js';

const { db } = await openTestDatabase();
const NOW = Date.UTC(2026, 10, 28, 12);
const hour = (hours: number): Date => new Date(NOW - hours * 3_600_000);
const at = (hours: number | null | undefined) => (hours == null ? null : hour(hours).toISOString());

interface Made {
  account: string;
  mode?: string;
  kind?: string;
  state?: string;
  reason?: string;
  /** Hours ago. */
  asOf?: number | null;
  from?: number;
  to?: number;
  ended?: number;
  counted?: [api: number, own: number | null, hours: number];
  lookups?: { reason: string; state: string; outcome: string | null }[];
}

/** A run with one window of orders. @returns the run's id */
async function made({ account, mode = 'full', kind = 'whole', state = 'certified', ...more }: Made): Promise<number> {
  const ended = at(more.ended ?? more.asOf ?? 0);
  const [run] = await db.execute<{ id: number }>(sql`
    insert into sync.runs (account, mode, collections, trigger, state, finished_at)
    values (${account}, ${mode}, '{orders}', 'cli', 'complete', ${ended}::timestamptz) returning id`);
  const id = run?.id ?? 0;
  const [api, own, counted] = more.counted ?? [null, null, null];
  await db.execute(sql`
    insert into sync.windows (run_id, account, collection, kind, priority, state, reason, as_of, from_at, to_at,
      finished_at, last_item_count, own_count, counted_at)
    values (${id}, ${account}, 'orders', ${kind}, 3, ${state}, ${more.reason ?? null}, ${at(more.asOf)}::timestamptz,
      ${at(more.from)}::timestamptz, ${at(more.to)}::timestamptz, ${ended}::timestamptz, ${api}, ${own},
      ${at(counted)}::timestamptz)`);
  for (const [i, { reason, state: of, outcome }] of (more.lookups ?? []).entries()) {
    await db.execute(sql`
      insert into sync.lookups (run_id, account, collection, record_id, reason, state, outcome, priority)
      values (${id}, ${account}, 'orders', ${i + 1}, ${reason}, ${of}, ${outcome}, 3)`);
  }
  return id;
}

async function proved(account: string) {
  const [row] = await db.execute<Record<string, Date | number | null>>(sql`
    select whole_run_id as run, (extract(epoch from ${at(0)}::timestamptz - whole_as_of) / 3600)::float8 as whole,
      (extract(epoch from ${at(0)}::timestamptz - new_up_to) / 3600)::float8 as new,
      (extract(epoch from ${at(0)}::timestamptz - open_up_to) / 3600)::float8 as open, missing
    from sync.proofs where account = ${account} and collection = 'orders'`);
  return row;
}

const suspect = (state: string, outcome: string | null) => ({ reason: 'suspect', state, outcome });

test.each<[string, Omit<Made, 'account'>]>([
  ['is not certified', { state: 'uncertified', asOf: null }],
  ['has no instant yet', { asOf: null }],
  ['is of a part', { kind: 'range', asOf: 1, from: 90, to: 60 }],
])('a window that %s proves nothing', async (what, window) => {
  await made({ account: what, asOf: 30 });
  await made({ account: what, ...window });
  expect(await proved(what)).toMatchObject({ whole: 30, new: 30, open: 30 });
});

test.each<[string, Omit<Made, 'account'>]>([
  ['were too many to believe', { reason: '30 of 60 rows are no longer listed, too many to believe' }],
  ['could not be asked for', { lookups: [suspect('failed', null)] }],
  ['are not confirmed', { lookups: [suspect('done', 'unconfirmed')] }],
])('a whole list of which rows %s proves what is new, and nothing of deletions', async (what, window) => {
  const before = await made({ account: what, asOf: 30 });
  await made({ account: what, asOf: 2, ...window });
  expect(await proved(what)).toMatchObject({ run: before, whole: 30, new: 2 });
});

test('a list of which rows are still asked for proves nothing yet: they may be there all the same', async () => {
  const before = await made({ account: 'asked', asOf: 30 });
  await made({ account: 'asked', asOf: 2, lookups: [suspect('done', 'gone'), suspect('waiting', null)] });
  await made({ account: 'asked', kind: 'head', asOf: 1, lookups: [suspect('waiting', null)] });
  expect(await proved('asked')).toMatchObject({ run: before, whole: 30, new: 30, open: 30 });
});

test('a head proves what is new, and open records only when all that it set out to look at was read', async () => {
  const run = await made({
    account: 'head',
    asOf: 30,
    lookups: [suspect('done', 'gone'), suspect('done', 'unchanged')],
  });
  await made({ account: 'head', mode: 'incremental', kind: 'head', asOf: 3 });
  expect(await proved('head')).toMatchObject({ run, whole: 30, new: 3, open: 3 });
  const lookups = [{ reason: 'open', state: 'failed', outcome: null }];
  await made({ account: 'head', mode: 'incremental', kind: 'head', asOf: 1, lookups });
  expect(await proved('head')).toMatchObject({ run, whole: 30, new: 1, open: 3 });
});

test('an open record that was answered with 404, which nothing confirms, is not as it was then', async () => {
  const run = await made({ account: '404', asOf: 30 });
  const lookups = [{ reason: 'open', state: 'done', outcome: 'unconfirmed' }];
  await made({ account: '404', mode: 'incremental', kind: 'head', asOf: 3, lookups });
  expect(await proved('404')).toMatchObject({ run, whole: 30, new: 3, open: 30 });
});

test('the count that was asked for last speaks, even where another window ended after it', async () => {
  await made({ account: 'counts', asOf: 5, ended: 1, counted: [100, 100, 4] });
  await made({ account: 'counts', mode: 'incremental', kind: 'counted', asOf: null, ended: 2, counted: [101, 99, 2] });
  expect(await proved('counts')).toMatchObject({ missing: 2 });
  await made({ account: 'counts', asOf: 0.5, counted: [101, null, 0.5] });
  expect(await proved('counts')).toMatchObject({ missing: null });
});

test('what is proved stays on file, also by a run that was filed before the last whole read and proved later', async () => {
  const account = 'kept';
  const days = (n: number) => n * 24;
  await made({ account, asOf: days(500) });
  const head = await made({ account, mode: 'incremental', kind: 'head', asOf: days(300), ended: days(300) });
  await made({ account, mode: 'incremental', kind: 'head', asOf: days(400) });
  await made({ account, asOf: days(301), ended: days(300) });
  await made({ account, asOf: days(200), lookups: [suspect('done', 'unconfirmed')] });
  const before = await proved(account);
  expect(before).toMatchObject({ whole: days(301), new: days(200) });
  await pruneLedger(db, account, 90 * 86_400_000);
  expect(await proved(account)).toEqual(before);
  const left = await db.execute<{ id: number }>(sql`select id from sync.runs where account = ${account} order by id`);
  expect(left).toHaveLength(3);
  expect(left.map(({ id }) => id)).toContain(head);
});

test('coverage tells what was read whole from the part of which only new records are proved', async () => {
  const orders = collections.find(({ name }) => name === 'orders');
  if (orders === undefined) throw new Error('there are no orders');
  const coverage = () => readCoverage(db, 'covered', orders);
  expect(await coverage()).toEqual({ oldest: null, wholeAsOf: null, newUpTo: null, certified: [] });
  await made({ account: 'covered', mode: 'backfill', kind: 'range', asOf: 1, from: 90, to: 60 });
  await made({ account: 'covered', mode: 'backfill', kind: 'range', asOf: 1, from: 60, to: 40 });
  const seam = (hours: number) => new Date(hour(hours).getTime() + 1);
  expect(await coverage()).toMatchObject({ wholeAsOf: null, certified: [{ from: hour(90), to: seam(40) }] });
  await made({ account: 'covered', asOf: 30 });
  await made({ account: 'covered', mode: 'incremental', kind: 'head', asOf: 3, from: 31 });
  expect(await coverage()).toMatchObject({
    wholeAsOf: hour(30),
    newUpTo: hour(3),
    certified: [{ from: null, to: seam(30) }],
  });
});

test('how many windows there are does not matter to what an account asks', async () => {
  const blocks = async (query: string): Promise<number> => {
    const [row] = await db.execute<Record<string, unknown>>(
      sql.raw(`explain (analyze, buffers, format json) ${query}`),
    );
    if (row === undefined) throw new Error('there is no plan');
    const [{ Plan: plan }] = row['QUERY PLAN'] as [{ Plan: Record<string, number> }];
    return (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
  };
  await db.execute(sql`
    insert into sync.runs (account, mode, collections, trigger, state, finished_at)
    select 'busy ' || n % 3, case when n % 96 = 0 then 'full' else 'incremental' end,
      '{warehouses,skus,orders,shipments,returns,restocking_shipments}', 'schedule',
      case when n > 5500 then 'failed' else 'complete' end, now() - make_interval(mins => 6000 - n)
    from generate_series(1, 6000) n`);
  await db.execute(sql`
    insert into sync.windows (run_id, account, collection, kind, priority, state, as_of, finished_at, last_item_count, counted_at)
    select r.id, r.account, c, case when r.mode = 'full' then 'whole' else 'head' end, 2,
      case when r.state = 'failed' then 'failed' else 'certified' end,
      case when r.state = 'complete' then r.finished_at end, r.finished_at, 5, r.finished_at
    from sync.runs r, unnest(r.collections) c where r.account like 'busy %'`);
  await db.execute(sql`analyze sync.runs, sync.windows, sync.lookups`);
  // 36,000 windows fill some 700 blocks, and each index 200.
  expect(await blocks(`select * from sync.proofs where account = 'busy 1'`)).toBeLessThan(600);
  expect(await blocks(`select * from sync.proofs where account = 'busy 1' and collection = 'orders'`)).toBeLessThan(
    300,
  );
});
