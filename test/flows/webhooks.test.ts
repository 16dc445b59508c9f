// Promise: a webhook is in the table at once, an older page does not undo it, and what goes wrong with one is mended.
import { sql } from 'drizzle-orm';
import { afterAll, describe, expect, test } from 'vitest';
import { collections } from '../../src/collections/index.js';
import { storeDelivery } from '../../src/db/webhook-deliveries.js';
import { openSimulator, type Simulator } from '../../src/simulator/index.js';
import { startRun } from '../../src/sync/runs/start-run.js';
import { fullSync } from '../support/app.js';
import { oneBackend } from '../support/cli.js';
import { openTestServer, type TestServer } from '../support/server.js';
import { expectTablesToEqualTruth } from '../support/truth.js';
import { until } from '../support/until.js';
import { postWebhook, readWebhookState } from '../support/webhooks.js';

const sizes = { warehouses: 1, skus: 5, orders: 20, shipments: 20, returns: 20, restocking_shipments: 15 };
const told = ['shipments', 'returns', 'restocking_shipments'] as const;
const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

/** Everything is in the tables; webhooks go to the server. */
async function open(env: Record<string, string>): Promise<{ simulator: Simulator; server: TestServer; url: string }> {
  const simulator = await openSimulator({ rate: 'unlimited', sizes });
  const server = await openTestServer(simulator, env);
  closing.push(simulator.close, server.close);
  await fullSync(server, [...told]);
  simulator.resetRequests();
  return { simulator, server, url: `${server.url}/webhooks/hive` };
}

const untilDealtWith = (server: TestServer) =>
  until('webhooks are dealt with', async () => {
    const state = await readWebhookState(server.databaseUrl);
    return state !== undefined && state.open === 0 && state.runsGoing === 0 ? state : undefined;
  });

const rowOf = async (server: TestServer, table: string, id: number) => {
  const [row] = await server.app.store.db.execute<{ status: string; source: string; history: string[] }>(sql`
    select status, _source as source, array(select new from hive.status_changes
      where collection = ${table} and record_id = t.id and field = 'status' order by id) as history
    from hive.${sql.identifier(table)} t where id = ${id}`);
  return row;
};

describe.each(oneBackend())('queue on $name', async ({ env }) => {
  const { simulator, server, url } = await open(env);

  test.each([
    { collection: 'shipments' as const, requests: 0 },
    // Nothing in such a record tells its age: whether the page or the webhook is newer, only the API knows.
    { collection: 'restocking_shipments' as const, requests: 1 },
  ])(
    'a webhook for one of the $collection, then a slower page with the older state: the newer stays',
    async ({ collection, requests }) => {
      const [record] = simulator.truth(collection);
      if (record === undefined) throw new Error('no record');
      const worker = server.account.work();
      simulator.resetRequests();
      // The page is served before the change, and arrives after it.
      simulator.addFault({ match: { path: `/${collection}`, page: 1 }, respond: { delayMs: 1_500 } });
      const chosen = collections.filter(({ name }) => name === collection);
      await startRun(server.account.context, chosen, { mode: 'full', trigger: 'cli' });
      await until('the page is on its way', () => simulator.requests.length === 1);
      const changed = simulator.apply({ kind: 'update', collection, id: record.id, patch: { status: 'delivered' } });
      expect((await postWebhook(url, JSON.stringify(changed), simulator.apiKey)).status).toBe(202);
      await untilDealtWith(server);
      await worker.close();
      expect(await rowOf(server, collection, record.id)).toMatchObject({ status: 'delivered', history: ['delivered'] });
      expect(
        simulator.requests.filter(({ path }) => path === `/${collection}/${record.id}`).length,
      ).toBeGreaterThanOrEqual(requests);
      if (requests === 0) expect(simulator.requests).toHaveLength(1);
      await expectTablesToEqualTruth(server.databaseUrl, simulator, [collection]);
    },
  );

  test('a webhook is in the table within a second, without a request where it tells its age', async () => {
    const worker = server.account.work();
    simulator.resetRequests();
    const record = simulator.apply({
      kind: 'update',
      collection: 'shipments',
      position: 3,
      patch: { status: 'cancelled' },
    });
    const at = performance.now();
    await postWebhook(url, JSON.stringify(record), simulator.apiKey);
    await until(
      'the row is there',
      async () => (await rowOf(server, 'shipments', record?.id ?? 0))?.status === 'cancelled',
    );
    console.log(`from the post to the row: ${Math.round(performance.now() - at)} ms`);
    expect(performance.now() - at).toBeLessThan(3_000);
    expect(await rowOf(server, 'shipments', record?.id ?? 0)).toMatchObject({ source: 'webhook' });
    expect(simulator.requests).toHaveLength(0);
    await worker.close();
  });

  test('a status that goes there and back sends the same body twice, and both count', async () => {
    const collection = 'restocking_shipments';
    const [, record] = simulator.truth(collection);
    const worker = server.account.work();
    for (const status of ['processing', String(record?.status), 'processing', String(record?.status)]) {
      const changed = simulator.apply({ kind: 'update', collection, id: record?.id ?? 0, patch: { status } });
      await postWebhook(url, JSON.stringify(changed), simulator.apiKey);
      await untilDealtWith(server);
      expect(await rowOf(server, collection, record?.id ?? 0)).toMatchObject({ status });
    }
    await worker.close();
  });

  test('200 deliveries about one record in doubt cost a handful of requests', async () => {
    const collection = 'restocking_shipments';
    const [, , record] = simulator.truth(collection);
    simulator.resetRequests();
    const bodies = Array.from({ length: 200 }, (_, n) =>
      JSON.stringify(
        simulator.apply({ kind: 'update', collection, id: record?.id ?? 0, patch: { po_number: `n ${n}` } }),
      ),
    );
    const posts = bodies.toReversed().map((body) => postWebhook(url, body, simulator.apiKey));
    expect(new Set((await Promise.all(posts)).map(({ status }) => status))).toEqual(new Set([202]));
    const worker = server.account.work();
    await untilDealtWith(server);
    await worker.close();
    expect(simulator.requests.length).toBeLessThanOrEqual(3);
    await expectTablesToEqualTruth(server.databaseUrl, simulator, [collection]);
  });

  test('what was stored by a process that died before it could announce it is found by a worker', async () => {
    const collection = 'shipments';
    const record = simulator.apply({ kind: 'update', collection, position: 4, patch: { status: 'cancelled' } });
    const delivery = { bodyHash: 'any', event: undefined, collection, recordId: record?.id, payload: record };
    await storeDelivery(server.app.store.db, { account: 'default', ...delivery });
    const worker = server.account.work();
    await untilDealtWith(server);
    await worker.close();
    expect(await rowOf(server, collection, record?.id ?? 0)).toMatchObject({ status: 'cancelled' });
  });

  test('one that cannot be read is a dead letter, until a good version of its record comes', async () => {
    const record = simulator.truth('shipments')[5];
    const broken = { ...record, items: 'none' };
    // The API is away for it too: then the letter stays.
    simulator.addFault({ match: { path: `/shipments/${record?.id}` }, times: null, respond: { status: 422 } });
    await postWebhook(url, JSON.stringify(broken), simulator.apiKey);
    const worker = server.account.work();
    await untilDealtWith(server);
    const letters = () =>
      server.app.store.db.execute<{ kind: string; resolution: string | null }>(
        sql`select kind, resolution from sync.dead_letters where record_id = ${record?.id ?? 0} order by kind`,
      );
    expect(await letters()).toEqual([
      { kind: 'record', resolution: null },
      { kind: 'webhook', resolution: null },
    ]);
    simulator.clearFaults();
    const changed = simulator.apply({
      kind: 'update',
      collection: 'shipments',
      id: record?.id ?? 0,
      patch: { status: 'on_hold' },
    });
    await postWebhook(url, JSON.stringify(changed), simulator.apiKey);
    await untilDealtWith(server);
    await worker.close();
    expect(new Set((await letters()).map(({ resolution }) => resolution))).toEqual(new Set(['superseded']));
  });
});
