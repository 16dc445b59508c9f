// The HTTP API: what it tells is true, what it is asked is checked, and its description fits.
import fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readRun } from '../../src/db/ledger.js';
import { apiRoutes } from '../../src/server/api/api.js';
import { openSimulator, type Simulator } from '../../src/simulator/index.js';
import { fullSync } from '../support/app.js';
import { openTestServer, type TestServer } from '../support/server.js';
import { until } from '../support/until.js';

type Json = Record<string, unknown>;
interface Document {
  readonly paths: Record<
    string,
    Record<string, { responses: Record<string, { content: Record<string, { schema: Json }> }> }>
  >;
  readonly components: { readonly schemas: Record<string, Json> };
}

let simulator: Simulator;
let server: TestServer;
let api: Document;
beforeAll(async () => {
  simulator = await openSimulator({
    rate: 'unlimited',
    sizes: { orders: 60, shipments: 40, returns: 20 },
  });
  server = await openTestServer(simulator);
  api = (await (await server.ask('/api/openapi.json')).json()) as Document;
});
afterAll(async () => {
  await server.close();
  await simulator.close();
});

/** Asks, and fails unless the answer is one that the document describes for this path and status. */
async function ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<{ status: number; body: never }> {
  const answer = await server.ask(path, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const json = (await answer.json()) as never;
  const template = Object.keys(api.paths).find((known) =>
    new RegExp(`^${known.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path.split('?')[0] ?? ''),
  );
  const described = api.paths[template ?? '']?.[method.toLowerCase()]?.responses[answer.status];
  expect(described, `${method} ${path} may answer ${answer.status}`).toBeDefined();
  const schema = described?.content['application/json']?.schema ?? {};
  const fits = z.fromJSONSchema((schema.$ref === undefined ? schema : api.components.schemas.Errors) as never);
  expect(fits.safeParse(json).error?.issues ?? [], `${method} ${path} ${answer.status}`).toEqual([]);
  return { status: answer.status, body: json };
}

test('every route below /api is in the document, and nothing else', async () => {
  const routes: string[] = [];
  const bare = fastify();
  bare.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) if (one !== 'HEAD') routes.push(`${one} ${url.replaceAll(/:(\w+)/g, '{$1}')}`);
  });
  await bare.register(apiRoutes({ ...server.app, config: { http: { basePath: '' } }, version: 'test' } as never));
  const described = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(routes.filter((route) => route !== 'GET /api/openapi.json').sort()).toEqual(described.sort());
  expect(described.length).toBeGreaterThanOrEqual(8);
});

describe('runs', () => {
  test('a run is filed, read by a worker, and told as it ended', async () => {
    const filed = await ask('POST', '/api/runs', { mode: 'incremental', collections: ['orders', 'warehouses'] });
    expect(filed).toMatchObject({ status: 202, body: { mode: 'full', account: 'default' } });
    expect((filed.body as { notes: string[] }).notes).toEqual([expect.stringContaining('full one')]);
    const { run } = filed.body as { run: number };
    expect(await ask('GET', `/api/runs/${run}`)).toMatchObject({
      status: 200,
      body: { state: 'running', trigger: 'api' },
    });

    const again = await ask('POST', '/api/runs', { mode: 'full' });
    expect(again).toMatchObject({ status: 409, body: { errors: [expect.stringContaining(`run ${run}`)] } });

    const worker = server.account.work();
    try {
      await until('the run ends', async () => (await readRun(server.app.store.db, run))?.state !== 'running');
    } finally {
      await worker.close();
    }
    const ended = await ask('GET', `/api/runs/${run}`);
    expect(ended.body).toMatchObject({ state: 'complete', collections: ['warehouses', 'orders'], eta_ms: null });
    const { windows, inserted } = ended.body as { windows: Json[]; inserted: number };
    expect(windows.map(({ collection, state }) => [collection, state])).toEqual([
      ['warehouses', 'certified'],
      ['orders', 'certified'],
      ['orders', 'certified'],
    ]);
    expect(inserted).toBe(60 + simulator.truth('warehouses').length);

    const { body: status } = await ask('GET', '/api/status');
    const rows = (status as { accounts: { collections: Json[] }[] }).accounts[0]?.collections;
    expect(rows?.find(({ collection }) => collection === 'orders')).toMatchObject({ rows: 60, api_count: 60 });
  });

  test('two who ask in the same moment start one run', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, () =>
        ask('POST', '/api/runs', { mode: 'backfill', collections: ['orders'], from: '2020-01-01' }),
      ),
    );
    const filed = answers.filter(({ status }) => status === 202);
    expect(filed).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(11);
    const { body } = await ask('GET', '/api/runs?mode=backfill&state=running');
    expect((body as { runs: Json[] }).runs).toHaveLength(1);
    expect((body as { runs: Json[] }).runs[0]).toMatchObject({ from: expect.any(String), to: expect.any(String) });
  });

  test('the list is filtered and cut', async () => {
    const { body } = await ask('GET', '/api/runs?limit=1');
    const [newest] = (body as { runs: { run: number }[] }).runs;
    const next = await ask('GET', `/api/runs?limit=1&before=${newest?.run}`);
    expect((next.body as { runs: { run: number }[] }).runs[0]?.run).toBeLessThan(newest?.run ?? 0);
    expect((await ask('GET', '/api/runs?mode=refresh')).body).toEqual({ runs: [] });
  });

  test.each<[string, unknown, RegExp]>([
    ['no mode', {}, /^mode: expected incremental, full or backfill/],
    ['an unknown mode', { mode: 'refresh' }, /^mode: expected/],
    [
      'an unknown collection',
      { mode: 'full', collections: ['odrers'] },
      /^collections\.0: expected one of: warehouses/,
    ],
    ['no collection', { mode: 'full', collections: [] }, /^collections/],
    ['an unknown account', { mode: 'full', account: 'fr' }, /^account: expected one of: default/],
    ['an unknown field', { mode: 'full', form: 1 }, /form/],
    ['a range for a full run', { mode: 'full', from: '2026-01-01' }, /only a backfill/],
    ['a date that is none', { mode: 'backfill', from: 'yesterday' }, /from is "yesterday"/],
    ['a range that ends before it begins', { mode: 'backfill', from: '2026-02-01', to: '2026-01-01' }, /lies after/],
    ['a range in the future', { mode: 'backfill', collections: ['returns'], from: '2126-02-01' }, /future|still going/],
  ])('%s is refused with a sentence', async (_, body, sentence) => {
    const answer = await ask('POST', '/api/runs', body);
    expect([409, 422]).toContain(answer.status);
    expect((answer.body as { errors: string[] }).errors[0]).toMatch(sentence);
  });

  test('a body that is not JSON, and a run that does not exist', async () => {
    const answer = await server.ask('/api/runs', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{',
    });
    expect([answer.status, Object.keys((await answer.json()) as Json)]).toEqual([400, ['errors']]);
    expect((await ask('GET', '/api/runs/999999')).status).toBe(404);
    expect((await ask('GET', '/api/runs/first')).status).toBe(422);
  });
});

describe('dead letters', () => {
  test('one is listed without its payload, shown with it, tried again and gone', async () => {
    simulator.addFault({ match: { path: '/warehouses' }, respond: { status: 422, body: { errors: ['not today'] } } });
    await fullSync(server, ['warehouses']);
    simulator.clearFaults();
    const { body } = await ask('GET', '/api/dead-letters?collection=warehouses&kind=request');
    const [letter] = (body as { dead_letters: { id: number }[] }).dead_letters;
    expect(letter).toMatchObject({ errors: ['not today'], http_status: 422 });
    expect(letter).not.toHaveProperty('payload');
    expect((await ask('GET', `/api/dead-letters/${letter?.id}`)).body).toHaveProperty('payload');

    const filed = await ask('POST', `/api/dead-letters/${letter?.id}/retry`);
    expect(filed.status).toBe(202);
    const worker = server.account.work();
    try {
      await until('the letter is resolved', async () => {
        const now = await ask('GET', `/api/dead-letters/${letter?.id}`);
        return (now.body as { resolution: string | null }).resolution === 'retried';
      });
    } finally {
      await worker.close();
    }
    expect((await ask('POST', `/api/dead-letters/${letter?.id}/retry`)).status).toBe(409);
    expect((await ask('GET', '/api/dead-letters?collection=warehouses')).body).toEqual({ dead_letters: [] });
  });

  test('one is discarded with a reason, once', async () => {
    simulator.addFault({ match: { path: '/skus' }, respond: { status: 400, body: { errors: ['odd'] } } });
    await fullSync(server, ['skus']);
    simulator.clearFaults();
    const { body } = await ask('GET', '/api/dead-letters?collection=skus');
    const id = (body as { dead_letters: { id: number }[] }).dead_letters[0]?.id;
    expect((await ask('POST', `/api/dead-letters/${id}/discard`, { reason: ' ' })).status).toBe(422);
    expect((await ask('POST', `/api/dead-letters/${id}/discard`)).status).toBe(422);
    const discarded = await ask('POST', `/api/dead-letters/${id}/discard`, { reason: 'a test' });
    expect(discarded.body).toMatchObject({ resolution: 'discarded', resolution_reason: 'a test' });
    expect((await ask('POST', `/api/dead-letters/${id}/discard`, { reason: 'again' })).status).toBe(409);
    expect((await ask('POST', '/api/dead-letters/999999/retry')).status).toBe(404);
  });
});
