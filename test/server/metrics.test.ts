// What Prometheus reads is what happened.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSimulator, type Simulator } from '../../src/simulator/index.js';
import { fullSync } from '../support/app.js';
import { openTestServer, type TestServer } from '../support/server.js';

let simulator: Simulator;
let server: TestServer;
let metrics: Map<string, number>;
beforeAll(async () => {
  simulator = await openSimulator({
    rate: { limit: 50, windowMs: 2_000 },
    sizes: { orders: 60, shipments: 40 },
    faults: [
      { match: { path: '/orders', page: 2 }, respond: { status: 429, headers: { 'retry-after': '0.2' } } },
      { match: { path: '/orders', page: 1 }, respond: { cut: 'mid-body' } },
      {
        match: { path: '/orders', page: 3 },
        times: null,
        respond: { patchRecords: [{ index: 0, merge: { total_price_in_cents: '9.99' } }] },
      },
      { match: { path: '/skus' }, times: null, respond: { status: 422, body: { errors: ['no'] } } },
    ],
  });
  server = await openTestServer(simulator, { HIVE_RATE_WINDOW_MS: '2000' });
  await fullSync(server, ['warehouses', 'orders', 'skus']);
  metrics = await scrape(server);
});
afterAll(async () => {
  await server.close();
  await simulator.close();
});

async function scrape({ ask }: TestServer): Promise<Map<string, number>> {
  const answer = await ask('/metrics');
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = (await answer.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ')).replace('+Inf', 'Infinity')),
    ]),
  );
}

const value = (name: string, labels: Record<string, string> = {}): number | undefined =>
  metrics.get(
    Object.keys(labels).length === 0
      ? name
      : `${name}{${Object.entries(labels)
          .map(([key, text]) => `${key}="${text}"`)
          .join(',')}}`,
  );
const account = 'default';

test('requests are counted by how they ended, as many as the API saw', () => {
  const { requests } = simulator;
  const withStatus = (status: number) => requests.filter((request) => request.status === status).length;
  expect(value('hive_sync_requests_total', { account, status: '429' })).toBe(1);
  expect(value('hive_sync_requests_total', { account, status: '422' })).toBe(withStatus(422));
  expect(value('hive_sync_requests_total', { account, status: 'network' })).toBe(1);
  expect(value('hive_sync_requests_total', { account, status: '401' })).toBe(0);
  expect(value('hive_sync_request_duration_seconds_count', { account })).toBe(requests.length);
  expect(value('hive_sync_slot_wait_seconds_count', { account })).toBe(requests.length);
});

test('rows, pages and runs are counted by collection and outcome', () => {
  expect(value('hive_sync_rows_total', { account, collection: 'orders', outcome: 'inserted' })).toBe(60);
  const seen = ['inserted', 'updated', 'unchanged'].map(
    (outcome) => value('hive_sync_rows_total', { account, collection: 'orders', outcome }) ?? 0,
  );
  expect(seen.reduce((sum, n) => sum + n, 0)).toBeGreaterThanOrEqual(60);
  expect(value('hive_sync_page_duration_seconds_count', { account, collection: 'orders' })).toBeGreaterThanOrEqual(3);
  expect(value('hive_sync_runs_total', { account, mode: 'full', state: 'incomplete' })).toBe(1);
  expect(value('hive_sync_runs_total', { account, mode: 'full', state: 'complete' })).toBe(0);
  expect(value('hive_sync_run_duration_seconds_sum', { account, mode: 'full' })).toBeGreaterThan(0);
});

test('gauges tell what the database knows', () => {
  expect(value('hive_sync_database_up')).toBe(1);
  expect(value('hive_sync_budget_limit', { account })).toBe(50);
  expect(value('hive_sync_budget_used', { account })).toBeGreaterThan(0);
  expect(value('hive_sync_account_halted', { account })).toBe(0);
  expect(value('hive_sync_dead_letters_open', { account, collection: 'skus', kind: 'request' })).toBe(1);
  expect(value('hive_sync_dead_letters_open', { account, collection: 'orders', kind: 'record' })).toBe(0);
  expect(value('hive_sync_rows_with_lost_values', { account, collection: 'orders' })).toBe(1);
  expect(value('hive_sync_rows_with_lost_values', { account, collection: 'returns' })).toBe(0);
  expect(value('hive_sync_certified_age_seconds', { account, collection: 'orders' })).toBeLessThan(60);
  expect(value('hive_sync_certified_age_seconds', { account, collection: 'skus' })).toBe(Number.POSITIVE_INFINITY);
  expect(value('hive_sync_new_records_age_seconds', { account, collection: 'orders' })).toBeLessThan(60);
  expect(value('hive_sync_open_records_age_seconds', { account, collection: 'orders' })).toBeLessThan(60);
  expect(value('hive_sync_new_records_age_seconds', { account, collection: 'skus' })).toBe(Number.POSITIVE_INFINITY);
  expect(value('hive_sync_api_records', { account, collection: 'orders' })).toBe(60);
  expect(value('hive_sync_api_records_age_seconds', { account, collection: 'orders' })).toBeGreaterThanOrEqual(0);
  expect(value('hive_sync_last_complete_run_timestamp_seconds', { account, mode: 'full' })).toBe(0);
  expect(value('hive_sync_runs_running', { account, mode: 'full' })).toBe(0);
  expect(value('hive_sync_queue_jobs', { account, state: 'active' })).toBe(0);
  expect(value('hive_sync_build_info', { version: 'test' })).toBe(1);
});

test('answers of the server are counted by route, without the ids in their paths', async () => {
  await server.ask('/api/runs/1');
  await server.ask('/api/runs/77777');
  metrics = await scrape(server);
  const count = (status: string) =>
    value('hive_sync_http_request_duration_seconds_count', { method: 'GET', route: '/api/runs/:id', status });
  expect([count('200'), count('404')]).toEqual([1, 1]);
  expect([...metrics.keys()].filter((key) => key.includes('77777'))).toEqual([]);
});

test('names follow the conventions of Prometheus', () => {
  const own = [...metrics.keys()].map((key) => key.split('{')[0] ?? '').filter((name) => name.startsWith('hive_sync_'));
  expect(new Set(own).size).toBeGreaterThan(20);
  for (const name of own) expect(name).toMatch(/^hive_sync_[a-z]+(_[a-z]+)*$/);
});
