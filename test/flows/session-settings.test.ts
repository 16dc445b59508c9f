// Promise: it does not matter what the owner of a database or a role has set for its sessions. One setting at a time, on
// both drivers: the queue is in PostgreSQL.
import { sql } from 'drizzle-orm';
import { afterEach, describe, expect, test } from 'vitest';
import { collections } from '../../src/collections/index.js';
import { openSimulator } from '../../src/simulator/index.js';
import { rederive } from '../../src/sync/records/rederive.js';
import { takeInWebhooks } from '../../src/sync/webhooks/take-in-webhook.js';
import { fullSync, syncOnce } from '../support/app.js';
import { createDatabase } from '../support/database.js';
import { HOSTILE, type Place, setHostile } from '../support/hostile-settings.js';
import { openTestServer } from '../support/server.js';
import { expectTablesToEqualTruth } from '../support/truth.js';
import { postWebhook } from '../support/webhooks.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const [orders] = collections.filter(({ name }) => name === 'orders');

describe.each<Place>(['database', 'role'])('set for the %s', (place) => {
  test.each(HOSTILE)("%s = '%s'", async (name, value) => {
    const simulator = await openSimulator({
      seed: 7,
      rate: 'unlimited',
      sizes: { orders: 45, skus: 0, shipments: 5, returns: 0, restocking_shipments: 0, warehouses: 0 },
    });
    const url = await setHostile(await createDatabase(), place, [[name, value]]);
    const server = await openTestServer(simulator, { DATABASE_URL: url });
    closing.push(() => simulator.close(), server.close);
    const { db } = server.app.store;

    // It moves under both runs.
    const insert = () =>
      simulator.addDrift({ before: { path: '/orders', page: 2 }, do: [{ kind: 'insert', collection: 'orders' }] });
    insert();
    expect((await fullSync(server, ['orders', 'shipments'])).run).toMatchObject({ state: 'complete', reason: null });
    simulator.apply({ kind: 'insert', collection: 'orders' });
    const { run } = await syncOnce(server, ['orders'], { mode: 'incremental', trigger: 'cli' });
    expect(run).toMatchObject({ state: 'complete', reason: null });
    await expectTablesToEqualTruth(url, simulator, ['orders', 'shipments']);

    const [shipment] = simulator.truth('shipments');
    const body = JSON.stringify({ ...shipment, updated_at: '2036-01-01T00:00:00Z' });
    expect((await postWebhook(`${server.url}/webhooks/hive`, body, simulator.apiKey)).status).toBe(202);
    expect(await takeInWebhooks(server.account.context)).toBe(true);
    const [delivery] = await db.execute(sql`select outcome from sync.webhook_deliveries`);
    expect(delivery).toEqual({ outcome: expect.stringMatching(/^(applied|unchanged|in_doubt)$/) });

    for (const path of ['/', '/runs', '/api/status', '/metrics', '/readyz']) {
      expect((await server.ask(path)).status, path).toBe(200);
    }
    if (orders === undefined) throw new Error('there is a collection of orders');
    await db.execute(sql`update hive.orders set status = null`);
    for await (const { refused } of rederive(db, orders)) expect(refused).toBe(0);
    await expectTablesToEqualTruth(url, simulator, ['orders']);
  });
});
