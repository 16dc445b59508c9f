// Promise: the letter of a page is closed only when all that stood there was read, wherever the list has moved it.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { collections } from '../../../src/collections/index.js';
import { listDeadLetters } from '../../../src/db/dead-letters.js';
import { pruneLedger } from '../../../src/db/retention.js';
import { openSimulator, type Simulator } from '../../../src/simulator/index.js';
import { planLetters } from '../../../src/sync/letters/retry-letters.js';
import { startRetry } from '../../../src/sync/letters/start-retry.js';
import { judgeStretch } from '../../../src/sync/reading/retried-page.js';
import { fullSync, openTestApp, type TestApp, workOff } from '../../support/app.js';
import { createDatabase } from '../../support/database.js';
import fc from '../../support/property.js';
import { readRows } from '../../support/truth.js';

/** At a place of the list from 0 to 1, in the order of the pages; or another page length. */
const change = fc.record({
  kind: fc.constantFrom('insert', 'delete', 'insert', 'delete', 'page length'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
});

test('whatever came and went, a page is called read only when nothing of it is missing', () => {
  let timesRead = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 20 }),
      fc.array(change, { maxLength: 25 }),
      fc.array(fc.option(change, { freq: 3 }), { maxLength: 25 }),
      (length, wanted, before, during) => {
        const rows = Array.from({ length }, (_, i) => i);
        let nextId = 1_000;
        let perPage = 3;
        const change = ({ kind, at }: { kind: string; at: number }) => {
          const place = Math.floor(at * rows.length);
          if (kind === 'page length') perPage = 2 + Math.floor(at * 4);
          else if (kind === 'insert') rows.splice(place, 0, nextId++);
          else rows.splice(place, 1);
        };
        const pageOf = (page: number) => rows.slice((page - 1) * perPage, page * perPage);
        const pageCount = () => Math.max(1, Math.ceil(rows.length / perPage));
        const page = Math.min(wanted, pageCount());
        const lost = pageOf(page);
        const failed = { page, itemCount: rows.length };
        const neighbours = {
          above: new Set(rows.slice(Math.max(0, (page - 1 - 2) * perPage), (page - 1) * perPage)),
          below: new Set(rows.slice(page * perPage, (page + 2) * perPage)),
        };
        for (const one of before) change(one);
        const later = [...during];
        const seen = new Set<number>();
        let pages: readonly number[] = [page];
        for (let pass = 1; ; pass++) {
          const reads = pages.map((page, i) => {
            const one = i === 0 ? undefined : later.shift();
            if (one !== undefined && one !== null) change(one);
            for (const id of pageOf(page)) seen.add(id);
            return {
              page,
              ids: pageOf(page),
              itemCount: rows.length,
              itemsPerPage: perPage,
              requestedAt: i,
              answeredAt: i,
            };
          });
          const stretch = { reads, pageCount: pageCount(), perPage, pauseMs: 5_000 };
          // A deletion and an insertion between two reads hide from counts, as everywhere.
          const judgement = judgeStretch(failed, neighbours, stretch, pass);
          if (judgement.is === 'read list') return;
          if (judgement.is === 'read') {
            timesRead += 1;
            expect(lost.filter((id) => rows.includes(id) && !seen.has(id))).toEqual([]);
            return;
          }
          pages = judgement.pages;
        }
      },
    ),
    { numRuns: 3_000 },
  );
  expect(timesRead).toBeGreaterThan(500);
});

test('pages that share a record although nothing has moved are no stretch: between them one may be shown by none', () => {
  const read = (page: number, ...ids: number[]) => ({
    ...{ page, ids, itemCount: 60, itemsPerPage: 3, requestedAt: page, answeredAt: page },
  });
  const neighbours = { above: new Set([1]), below: new Set([9]) };
  const judgeOf = (...reads: ReturnType<typeof read>[]) =>
    judgeStretch({ page: 3, itemCount: 60 }, neighbours, { reads, pageCount: 20, perPage: 3, pauseMs: 5_000 }, 2).is;
  expect(judgeOf(read(2, 1, 2, 3), read(3, 4, 5, 6), read(4, 7, 8, 9))).toBe('read');
  expect(judgeOf(read(2, 1, 2, 3), read(3, 3, 5, 6), read(4, 7, 8, 9))).toBe('read on');
  const late = { ...read(3, 4, 5, 6), requestedAt: 60_000, answeredAt: 60_000 };
  expect(judgeOf(read(2, 1, 2, 3), late, read(4, 7, 8, 9)), 'a pause between them').toBe('read on');
});

type Name = 'shipments' | 'orders';

interface Stage {
  readonly collection: Name;
  readonly simulator: Simulator;
  readonly app: TestApp;
  /** What stood on the page. */
  readonly lost: readonly number[];
}

/** Page 6 of 12 fails, and only it. */
async function stageWith(fault: { status: number; times: number }, collection: Name = 'shipments'): Promise<Stage> {
  const simulator = await openSimulator({ seed: 10, sizes: { [collection]: 60 }, itemsPerPage: 5, rate: 'unlimited' });
  const app = await openTestApp(simulator, await createDatabase(), { SYNC_PAGE_ATTEMPTS: '2' });
  const { status, times } = fault;
  simulator.addFault({ match: { path: `/${collection}`, page: 6 }, respond: { status }, times });
  const lost = simulator
    .truth(collection)
    .slice(25, 30)
    .map(({ id }) => id);
  expect((await fullSync(app, [collection])).run.state).toBe('incomplete');
  return { simulator, app, lost, collection };
}

async function retry({ simulator, app }: Stage) {
  const { db } = app.app.store;
  const planned = await planLetters(db, collections, ['default'], await listDeadLetters(db, {}));
  const before = simulator.stats().requests;
  const run = await startRetry(app.account.context, planned, 'cli');
  const { run: ended, windows } = await workOff(app, run?.id ?? 0);
  return { state: ended.state, kinds: windows.map(({ kind }) => kind), requests: simulator.stats().requests - before };
}

async function expectNothingLost({ simulator, app, lost, collection }: Stage, resolution: string): Promise<void> {
  const stored = new Set((await readRows(app.app.store, collection)).map(({ id }) => id));
  const there = new Set(simulator.truth(collection).map(({ id }) => id));
  expect(lost.filter((id) => there.has(id) && !stored.has(id))).toEqual([]);
  expect(await listDeadLetters(app.app.store.db, { all: true })).toMatchObject([{ resolution }]);
  await app.close();
  await simulator.close();
}

const insert = ({ simulator, collection }: Stage) => simulator.apply({ kind: 'insert', collection });
const remove = ({ simulator, collection }: Stage, position: number) =>
  simulator.apply({ kind: 'delete', collection, position });
const times = (n: number, act: () => unknown) => {
  for (let i = 0; i < n; i++) act();
};

test.each<[what: string, move: (stage: Stage) => void, requests: number]>([
  ['stood still: it and its neighbours', () => {}, 1 + 3],
  ['grew by two pages', (stage) => times(10, () => insert(stage)), 1 + 3],
  ['grew by less than a page', (stage) => times(3, () => insert(stage)), 1 + 4],
  ['shrank above it', (stage) => times(7, () => remove(stage, 0)), 1 + 4],
  [
    'grew above and shrank below it, so that the count is the same',
    (stage) => {
      times(5, () => insert(stage));
      times(5, () => remove(stage, 50));
    },
    1 + 3 + 4,
  ],
])('a list that cannot be pinned and %s', async (_, move, requests) => {
  const stage = await stageWith({ status: 422, times: 1 });
  move(stage);
  expect(await retry(stage)).toEqual({ state: 'complete', kinds: ['chosen'], requests });
  await expectNothingLost(stage, 'retried');
});

test('a pinned list is no exception: its pages may have moved without a change of the count', async () => {
  const still = await stageWith({ status: 422, times: 1 }, 'orders');
  times(10, () => insert(still));
  expect(await retry(still)).toEqual({ state: 'complete', kinds: ['chosen'], requests: 1 + 3 });
  await expectNothingLost(still, 'retried');

  const shrunk = await stageWith({ status: 422, times: 1 }, 'orders');
  times(7, () => remove(shrunk, 0));
  expect(await retry(shrunk)).toEqual({ state: 'complete', kinds: ['chosen'], requests: 1 + 4 });
  await expectNothingLost(shrunk, 'retried');
});

test('a pinned list that is cut into shorter pages now: the page of that number is another part of it', async () => {
  const stage = await stageWith({ status: 422, times: 1 }, 'orders');
  stage.simulator.apply({ kind: 'setItemsPerPage', itemsPerPage: 3 });
  expect(await retry(stage)).toMatchObject({ state: 'complete' });
  const [letter] = await listDeadLetters(stage.app.app.store.db, { all: true });
  await expectNothingLost(stage, letter?.resolution ?? 'none');
});

test('a letter whose page is in no ledger is closed by reading the whole list, and not by one of its pages', async () => {
  const stage = await stageWith({ status: 422, times: 1 });
  await stage.app.app.store.db.execute('delete from sync.pages');
  times(5, () => insert(stage));
  expect(await retry(stage)).toMatchObject({ state: 'complete', kinds: ['whole'], requests: 13 });
  await expectNothingLost(stage, 'superseded');
});

test('a list that has lost all that stood around the page is read as far as it must be', async () => {
  const stage = await stageWith({ status: 422, times: 1 });
  // Nothing of the pages around it is there any more.
  times(30, () => remove(stage, 30));
  times(25, () => remove(stage, 0));
  times(60, () => insert(stage));
  expect(await retry(stage)).toMatchObject({ state: 'complete' });
  const [letter] = await listDeadLetters(stage.app.app.store.db, { all: true });
  await expectNothingLost(stage, letter?.resolution ?? 'none');
});

test('a retry that fails leaves the letter open, and the next one still knows where the page stood', async () => {
  const stage = await stageWith({ status: 422, times: 2 });
  times(10, () => insert(stage));
  expect(await retry(stage)).toMatchObject({ state: 'incomplete' });
  expect(await retry(stage)).toMatchObject({ state: 'complete', kinds: ['chosen'] });
  await expectNothingLost(stage, 'retried');
});

test('the run whose pages surround a failure is kept for as long as its letter is open, however often it is tried', async () => {
  const stage = await stageWith({ status: 422, times: 3 });
  const { db } = stage.app.app.store;
  const [before] = await listDeadLetters(db, {});
  expect(await retry(stage)).toMatchObject({ state: 'incomplete' });
  expect(await retry(stage)).toMatchObject({ state: 'incomplete' });
  expect(await listDeadLetters(db, {})).toMatchObject([{ id: before?.id, run_id: before?.run_id, attempts: 3 }]);
  await db.execute(sql`update sync.runs set finished_at = now() - interval '100 days'`);
  // Something newer proves the collection, so that only the letter stands in the way.
  await db.execute(sql`
    with run as (insert into sync.runs (account, mode, collections, trigger, state, started_at, finished_at)
      values ('default', 'full', '{shipments}', 'cli', 'complete', '2020-01-01', now()) returning id)
    insert into sync.windows (run_id, account, collection, kind, priority, state, started_at, as_of, finished_at)
    select id, 'default', 'shipments', 'whole', 2, 'certified', now(), now(), now() from run`);
  expect(await pruneLedger(db, 'default', 90 * 86_400_000)).toBe(2);
  expect(await db.execute(sql`select from sync.runs where id = ${before?.run_id}`)).toHaveLength(1);
  expect(await retry(stage)).toMatchObject({ state: 'complete', kinds: ['chosen'] });
  await expectNothingLost(stage, 'retried');
});
