// Promise: an API that contradicts itself, repeats itself, refuses what it counts or is late with its counts makes no
// false certificate, no run without end, and no letter that is lost. Its answers are bent one by one (support/bent-api.ts).
import { expect, test } from 'vitest';
import { shipments } from '../../src/collections/shipments.js';
import { storeDelivery } from '../../src/db/webhook-deliveries.js';
import { syncOnce } from '../support/app.js';
import { type BentRecord, openBentStage, PER_PAGE } from '../support/bent-api.js';

const wild = { item_count: 1_000_000, page_count: 200_000, items_per_page: PER_PAGE };

/** Takes a record out of the list. */
const take = (records: BentRecord[], place: number): BentRecord => records.splice(place, 1)[0] as BentRecord;

test('a count that is one answer late hides no record when another is deleted', async () => {
  const { api, full, compare } = await openBentStage('shipments');
  api.before = ({ nth }) => {
    if (nth === 6) take(api.records, 3);
  };
  let last = 60;
  api.bend = (_, right) => {
    const said = last;
    last = api.records.length;
    const pagination = { ...right.pagination, item_count: said, page_count: Math.ceil(said / PER_PAGE) };
    return { body: { ...right, pagination } };
  };
  await full();
  expect((await compare()).missing).toEqual([]);
});

test('a page that is short by one record once hides none when another is deleted', async () => {
  const { api, full, compare } = await openBentStage('shipments');
  api.before = ({ nth }) => {
    if (nth === 10) take(api.records, 3);
  };
  api.bend = ({ nth }, right) =>
    nth === 5 ? { body: { ...right, data: right.data.filter((_, i) => i !== 2) } } : undefined;
  await full();
  expect((await compare()).missing).toEqual([]);
});

test('a list in no order at all that moves is not certified', async () => {
  const { api, full, wholeAsOf } = await openBentStage('shipments');
  for (const [i, record] of api.records.entries()) {
    record.created_at = new Date(Date.UTC(2026, 0, 1) + ((i * 37) % 61) * 3_600_000).toISOString();
    record.id = ((i * 23) % 61) + 1;
  }
  api.before = ({ nth }) => {
    if (nth % 12 === 8) take(api.records, 3);
  };
  expect(await full()).toMatchObject({
    state: 'incomplete',
    reason: expect.stringContaining('sorted neither by created_at nor by id'),
  });
  expect(await wholeAsOf()).toBeNull();
});

test('a record without a usable id that is shown twice makes up for none that was never shown', async () => {
  const { api, full, compare } = await openBentStage('shipments');
  Object.assign(api.records[14] as BentRecord, { id: 'abc' });
  api.before = ({ nth }) => {
    if (nth !== 4) return;
    const moved = take(api.records, 43);
    moved.created_at = (api.records[7] as BentRecord).created_at;
    api.records.splice(7, 0, moved);
  };
  await full();
  expect((await compare()).missing.filter((id) => id !== 'abc')).toEqual([]);
});

test('a head that is refuted takes the proof of the list below with it', async () => {
  const { api, full, wholeAsOf } = await openBentStage('orders');
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
  api.records.unshift({ id: 1_000, created_at: inDays(2) });
  await full();
  api.records.splice(1, 0, { id: 1_001, created_at: inDays(1) });
  // Without a filter, the list leaves out what is dated in the future.
  api.bend = (request) =>
    request.to === null ? { body: api.right({ ...request, to: new Date().toISOString() }) } : undefined;
  const began = Date.now();
  expect(await full()).toMatchObject({ state: 'incomplete' });
  expect(await wholeAsOf()).toBeLessThan(began);
});

test('a record that is gone and whose webhook comes late is asked for, not taken for one that is there', async () => {
  const { api, app, full, compare } = await openBentStage('shipments');
  const { id: _id, created_at: _at, ...rest } = shipments.example as Record<string, unknown>;
  for (const record of api.records) Object.assign(record, rest);
  await full();
  const gone = take(api.records, 30);
  let isStored = false;
  api.bend = ({ page }, right) => {
    if (page === 4 && !isStored) {
      isStored = true;
      const about = { event: undefined, collection: 'shipments', recordId: Number(gone.id), payload: gone };
      void storeDelivery(app.app.store.db, { account: 'default', bodyHash: 'a hash', ...about });
    }
    // It is taken in by the watch over the runs.
    return { body: right, delayMs: page === 12 ? 4_800 : 200 };
  };
  await full();
  expect((await compare()).extra).toEqual([]);
}, 150_000);

test('a record that was asked for as an open one and that a list of the same run leaves out is asked for again', async () => {
  const { api, app, full, compare, wholeAsOf } = await openBentStage('shipments');
  // A day apart: the head of an incremental run is one page, and all of them are open.
  for (const [i, record] of api.records.entries()) {
    record.created_at = new Date(Date.UTC(2026, 2, 1) - i * 86_400_000).toISOString();
  }
  expect(await full()).toMatchObject({ state: 'complete' });
  // One stays on a page that holds no open record: the counts will differ, and the list is read whole.
  for (const id of [1_001, 1_000]) api.records.push({ id, created_at: '2025-01-01T00:00:00.000Z' });
  let slid: BentRecord | undefined;
  let isGone = false;
  const began = api.requests.length;
  api.before = ({ page, nth }) => {
    const isReadAbove = api.requests.slice(began).some((one) => one.page === page - 1);
    if (slid === undefined && page > 2 && isReadAbove) {
      // Moves up to the page above, which has been read: it is asked for by its id, and found.
      slid = api.records[(page - 1) * PER_PAGE];
      take(api.records, 3);
    } else if (page === 1 && nth > began + 1 && !isGone) {
      isGone = true;
      api.records.splice(api.records.indexOf(slid as BentRecord), 1);
    }
  };
  const { run, windows } = await syncOnce(app, ['shipments'], { mode: 'incremental', trigger: 'cli' }, 60_000);
  expect([isGone, windows.some(({ kind }) => kind === 'whole')]).toEqual([true, true]);
  expect(await compare()).toEqual({ missing: [], extra: [] });
  expect(run).toMatchObject({ state: 'complete' });
  expect(await wholeAsOf()).not.toBeNull();
}, 150_000);

test('a backfill whose totals do not follow the filter is not cut into ever smaller ranges', async () => {
  const { api, app } = await openBentStage('orders', 1_500);
  const whole = { item_count: 1_500, page_count: 300 };
  api.bend = (_, right) => ({ body: { ...right, pagination: { ...right.pagination, ...whole } } });
  const range = { from: new Date('2026-01-01'), to: new Date('2026-01-31') };
  const { run } = await syncOnce(app, ['orders'], { mode: 'backfill', trigger: 'cli', ...range }, 120_000);
  expect(run.state).toBe('incomplete');
}, 150_000);

test('the search for the end passes over a page that cannot be had', async () => {
  const { api, full, compare } = await openBentStage('orders');
  api.bend = ({ page }, right) =>
    page === 3_125 ? { status: 500 } : { body: { ...right, pagination: { current_page: page, ...wild } } };
  expect((await full()).state).toBe('incomplete');
  expect((await compare()).missing).toEqual([]);
});

test('the search for the end ends where some answers take the wild number back and others repeat it', async () => {
  const { api, full, compare } = await openBentStage('orders');
  api.bend = ({ page }, right) =>
    page < 20 || page > 150_000 ? { body: { ...right, pagination: { current_page: page, ...wild } } } : undefined;
  await full();
  expect((await compare()).missing).toEqual([]);
});

test.each([12, 1])('a head without page_count, with page %i again beyond the end, ends', async (again) => {
  const { api, full } = await openBentStage('orders');
  for (const [i, order] of api.records.entries()) {
    order.created_at = new Date(Date.now() - 60_000 - i * 20_000).toISOString();
  }
  api.bend = (request, right) => {
    const { page_count: _, ...pagination } = right.pagination;
    const { data } = request.page <= 12 ? right : api.right({ ...request, page: again });
    return { body: { data, pagination } };
  };
  await full();
  expect(Math.max(...api.requests.map(({ page }) => page))).toBeLessThanOrEqual(30);
});

test.each(['shipments', 'orders'] as const)(
  '%s that claim 3,000 pages and answer with 400 beyond the end: few letters, and every record',
  async (list) => {
    const { api, full, compare, letters } = await openBentStage(list);
    const claims = { item_count: 15_000, page_count: 3_000, items_per_page: PER_PAGE };
    api.bend = ({ page }, right) =>
      page > 12 ? { status: 400 } : { body: { ...right, pagination: { current_page: page, ...claims } } };
    expect((await full()).state).toBe('incomplete');
    expect((await compare()).missing).toEqual([]);
    expect((await letters()).length).toBeLessThanOrEqual(4);
  },
);

test('a list that goes round in what it has, and claims more pages with each answer, is not read for ever', async () => {
  const { api, full, compare } = await openBentStage('shipments', 20);
  api.bend = ({ page }) => {
    const { data } = api.right({ page: ((page - 1) % 4) + 1, from: null, to: null });
    const more = { item_count: PER_PAGE * (page + 20), page_count: page + 20, items_per_page: PER_PAGE };
    return { body: { data, pagination: { current_page: page, ...more } } };
  };
  expect((await full()).state).toBe('incomplete');
  expect((await compare()).missing).toEqual([]);
}, 150_000);

test('five records whose id is "N/A" are five letters', async () => {
  const { api, full, letters } = await openBentStage('shipments');
  for (const place of [3, 13, 23, 33, 43]) {
    Object.assign(api.records[place] as BentRecord, { id: 'N/A', merchant_order_id: `order ${place}` });
  }
  await full();
  expect(await letters()).toHaveLength(5);
});

test('a certificate that is refuted closes no letter', async () => {
  const { api, full, letters } = await openBentStage('shipments');
  Object.assign(api.records[20] as BentRecord, { items: 'no list' });
  await full();
  const left = [api.records[10], api.records[20]];
  const all = api.records.filter((record) => !left.includes(record));
  api.bend = ({ page }) => ({
    body: {
      data: all.slice((page - 1) * PER_PAGE, page * PER_PAGE),
      pagination: { current_page: page, item_count: all.length, page_count: 12, items_per_page: PER_PAGE },
    },
  });
  expect((await full()).reason).toContain('not listed');
  expect(await letters()).toEqual([{ record_id: 40, resolution: null }]);
});

test('the records of a page that its numbers take for another one are kept', async () => {
  const { api, full, compare } = await openBentStage('shipments');
  api.bend = ({ page }, right) => ({
    body: { ...right, pagination: { ...right.pagination, current_page: page - 1, page_count: 11 } },
  });
  await full();
  expect((await compare()).missing).toEqual([]);
});

test('a record without a usable id at the end of a page does not send a head further down', async () => {
  const { api, app, full } = await openBentStage('shipments');
  const closed = { status: 'shipped', delivery_status: 'Delivered' };
  for (const [i, record] of api.records.entries()) {
    Object.assign(record, closed, { created_at: new Date(Date.UTC(2026, 0, 1) - i * 86_400_000).toISOString() });
  }
  Object.assign(api.records[PER_PAGE - 1] as BentRecord, { id: 'N/A' });
  await full();
  const before = api.requests.length;
  await syncOnce(app, ['shipments'], { mode: 'incremental', trigger: 'cli' }, 60_000);
  expect(api.requests.slice(before).map(({ page }) => page)).toEqual([1]);
});
