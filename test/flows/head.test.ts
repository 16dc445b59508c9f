// Promise: the head of a list without a filter is certified only when it was seen to reach what had been certified
// before, whatever the list does and in whatever order it stands.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { readRun } from '../../src/db/ledger.js';
import { openSimulator, type Simulator } from '../../src/simulator/index.js';
import { startLookups } from '../../src/sync/runs/start-run.js';
import { fullSync, openTestApp, syncOnce, type TestApp } from '../support/app.js';
import { createDatabase } from '../support/database.js';
import { until } from '../support/until.js';

const incremental = { mode: 'incremental', trigger: 'cli' } as const;
const HOUR = 3_600_000;
type Listed = 'shipments' | 'restocking_shipments';
type Shown = { readonly id: number };

const truth = (simulator: Simulator, collection: Listed) => simulator.truth(collection) as unknown as Shown[];

/** Ids that the API lists and the tables lack. */
async function missing({ app }: TestApp, simulator: Simulator, collection: Listed): Promise<number[]> {
  const rows = await app.store.db.execute<Shown>(sql`select id from hive.${sql.identifier(collection)}`);
  const stored = new Set(rows.map(({ id }) => id));
  return truth(simulator, collection).flatMap(({ id }) => (stored.has(id) ? [] : [id]));
}

/** No state of a shipment will change any more, so that nothing but the head shows it. */
function closeAll(simulator: Simulator): void {
  for (const { id } of truth(simulator, 'shipments')) {
    const patch = { status: 'shipped', delivery_status: 'Delivered' };
    simulator.apply({ kind: 'update', collection: 'shipments', id, patch });
  }
}

/** As if the worker had been away since: what is certified lies that far back, and a shipment came every hour. */
async function beAway({ app }: TestApp, simulator: Simulator, shipments: number): Promise<void> {
  await app.store.db.execute(sql`update sync.windows set
    started_at = started_at - interval '2 days', finished_at = finished_at - interval '2 days'`);
  const oldest = Date.now() - 40 * HOUR;
  for (let i = 0; i < shipments; i += 1) {
    const createdAt = new Date(oldest + i * HOUR);
    simulator.apply({ kind: 'insertBackdated', collection: 'shipments', createdAt });
  }
  closeAll(simulator);
}

const pagesAsked = (simulator: Simulator, from: number): number[] =>
  simulator.requests
    .slice(from)
    .filter(({ path }) => path.endsWith('/shipments'))
    .map(({ query }) => Number(new URLSearchParams(query).get('page')));

test.each([2, 3, 4, 5, 6, 7, 8])(
  'a shipment that goes before page %i of a long head is answered hides none',
  async (page) => {
    const simulator = await openSimulator({ seed: 5, sizes: { shipments: 60 }, itemsPerPage: 5, rate: 'unlimited' });
    const testApp = await openTestApp(simulator, await createDatabase(), { SYNC_CONCURRENCY: '1' });
    closeAll(simulator);
    await fullSync(testApp, ['shipments']);
    await beAway(testApp, simulator, 30);
    const gone = { kind: 'delete', collection: 'shipments', position: 0 } as const;
    simulator.addDrift({ before: { path: '/shipments', page }, do: [gone] });
    const { run, windows } = await syncOnce(testApp, ['shipments'], incremental);
    expect(run.state).toBe('complete');
    expect(windows[0]).toMatchObject({ kind: 'head', state: 'certified', moved: true });
    expect(await missing(testApp, simulator, 'shipments')).toEqual([]);
    await testApp.close();
    await simulator.close();
  },
);

test('a long head of a list that stands still costs its pages and the overlap of its steps, a quiet one a request', async () => {
  const simulator = await openSimulator({ seed: 5, sizes: { shipments: 60 }, itemsPerPage: 5, rate: 'unlimited' });
  const testApp = await openTestApp(simulator, await createDatabase());
  closeAll(simulator);
  await fullSync(testApp, ['shipments']);
  await beAway(testApp, simulator, 30);
  let from = simulator.requests.length;
  await syncOnce(testApp, ['shipments'], incremental);
  expect(pagesAsked(simulator, from).sort((a, b) => a - b)).toEqual([1, 1, 2, 2, 3, 4, 4, 5, 6, 7, 8]);
  from = simulator.requests.length;
  await syncOnce(testApp, ['shipments'], incremental);
  expect(pagesAsked(simulator, from)).toEqual([1]);
  await testApp.close();
  await simulator.close();
});

/** The simulator's shipments in another order. */
async function inOrder(simulator: Simulator, perPage: number, order: (list: Shown[]) => Shown[]) {
  const base = new URL(simulator.url);
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', base);
    const page = Number(url.searchParams.get('page') ?? 1);
    const list = order(truth(simulator, 'shipments'));
    const pagination = {
      current_page: page,
      item_count: list.length,
      page_count: Math.max(1, Math.ceil(list.length / perPage)),
      items_per_page: perPage,
    };
    const isList = url.pathname === `${base.pathname}/shipments`;
    response.writeHead(isList ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isList ? { data: list.slice((page - 1) * perPage, page * perPage), pagination } : {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${base.pathname}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const strayOnTop = (list: Shown[]): Shown[] => [...list.slice(-1), ...list.slice(0, -1)];
const strayAtTheEndOfPage1 = (list: Shown[]): Shown[] => [...list.slice(0, 4), ...list.slice(-1), ...list.slice(4, -1)];

test.each([
  ['oldest first', (list: Shown[]) => list.toReversed()],
  ['one old record on top', strayOnTop],
  ['one old record at the end of page 1', strayAtTheEndOfPage1],
])('a list that is not sorted newest first (%s) is read to its end', async (_what, order) => {
  const simulator = await openSimulator({ seed: 6, sizes: { shipments: 60 }, rate: 'unlimited' });
  const api = await inOrder(simulator, 5, order);
  const env = { HIVE_RATE_LIMIT: '10000' };
  const testApp = await openTestApp({ url: api.url, apiKey: simulator.apiKey }, await createDatabase(), env);
  closeAll(simulator);
  expect((await fullSync(testApp, ['shipments'])).run.state).toBe('complete');
  for (let i = 0; i < 7; i += 1) simulator.apply({ kind: 'insert', collection: 'shipments' });
  const { run } = await syncOnce(testApp, ['shipments'], incremental);
  expect(run).toMatchObject({ state: 'complete', reason: null });
  expect(await missing(testApp, simulator, 'shipments')).toEqual([]);
  await testApp.close();
  api.close();
  await simulator.close();
});

test('a long list that is not sorted newest first is not certified by its head, and the run says so', async () => {
  const simulator = await openSimulator({ seed: 6, sizes: { shipments: 300 }, rate: 'unlimited' });
  const api = await inOrder(simulator, 2, (list) => list.toReversed());
  const env = { HIVE_RATE_LIMIT: '10000' };
  const testApp = await openTestApp({ url: api.url, apiKey: simulator.apiKey }, await createDatabase(), env);
  closeAll(simulator);
  expect((await fullSync(testApp, ['shipments'])).run.state).toBe('complete');
  const { run, windows } = await syncOnce(testApp, ['shipments'], incremental);
  expect(run).toMatchObject({
    state: 'incomplete',
    reason: expect.stringMatching(/not sorted .* full sync is needed/),
  });
  expect(windows[0]).toMatchObject({ kind: 'head', state: 'uncertified', pages_read: 1 });
  await testApp.close();
  api.close();
  await simulator.close();
});

/** Reads single records, as for a webhook, and waits until that has been done. */
async function lookUp({ app, account }: TestApp, collection: Listed, ids: number[]): Promise<void> {
  const { id } = await startLookups(account.context, 'refresh', [{ collection, ids }]);
  const worker = account.work();
  await until('the records are read', async () => (await readRun(app.store.db, id))?.state !== 'running' || undefined);
  await worker.close();
}

test('without created_at a page of rows that came while the last full sync ran is no page that it certified', async () => {
  const simulator = await openSimulator({ sizes: { restocking_shipments: 30 }, itemsPerPage: 5, rate: 'unlimited' });
  const testApp = await openTestApp(simulator, await createDatabase());
  await fullSync(testApp, ['restocking_shipments']);
  for (let i = 0; i < 8; i += 1) simulator.apply({ kind: 'insert', collection: 'restocking_shipments' });
  const onPage1 = truth(simulator, 'restocking_shipments').slice(0, 5);
  await lookUp(
    testApp,
    'restocking_shipments',
    onPage1.map(({ id }) => id),
  );
  await testApp.app.store.db.execute(
    sql`update sync.windows set finished_at = now() + interval '1 minute' where state = 'certified'`,
  );
  const { run } = await syncOnce(testApp, ['restocking_shipments'], incremental);
  expect(run.state).toBe('complete');
  expect(await missing(testApp, simulator, 'restocking_shipments')).toEqual([]);
  await testApp.close();
  await simulator.close();
});

test('an open record just below the head is asked for when no page is left to read', async () => {
  const simulator = await openSimulator({ seed: 5, sizes: { shipments: 60 }, itemsPerPage: 5, rate: 'unlimited' });
  const testApp = await openTestApp(simulator, await createDatabase());
  closeAll(simulator);
  // A record that cannot be taken in has a place in the list and no row: those below it rank one page too high.
  const [, broken] = truth(simulator, 'shipments');
  const open = truth(simulator, 'shipments')[5];
  if (broken === undefined || open === undefined) throw new Error('there are 60');
  const spoil = { items: 'none' };
  simulator.apply({ kind: 'update', collection: 'shipments', id: broken.id, patch: spoil });
  simulator.apply({ kind: 'update', collection: 'shipments', id: open.id, patch: { delivery_status: 'In transit' } });
  await fullSync(testApp, ['shipments']);
  expect(await missing(testApp, simulator, 'shipments')).toEqual([broken.id]);
  simulator.apply({ kind: 'update', collection: 'shipments', id: open.id, patch: { delivery_status: 'Delivered' } });
  const { windows } = await syncOnce(testApp, ['shipments'], incremental);
  expect(windows.map(({ kind }) => kind)).toEqual(['head']);
  const [row] = await testApp.app.store.db.execute(
    sql`select delivery_status from hive.shipments where id = ${open.id}`,
  );
  expect(row).toEqual({ delivery_status: 'Delivered' });
  await testApp.close();
  await simulator.close();
});
