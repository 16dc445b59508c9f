// Promise: a status that changes between syncs and webhooks is in hive.status_changes as it was observed, in order, once;
// a sync, a replay of the webhooks, and columns that are filled again add nothing.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { collectionNamed } from '../../src/collections/index.js';
import { replayDeliveries } from '../../src/db/webhook-deliveries.js';
import { openSimulator } from '../../src/simulator/index.js';
import { rederive } from '../../src/sync/records/rederive.js';
import { takeInWebhooks } from '../../src/sync/webhooks/take-in-webhook.js';
import { fullSync } from '../support/app.js';
import { openTestServer } from '../support/server.js';
import { until } from '../support/until.js';
import { postWebhook, readWebhookState } from '../support/webhooks.js';

test('three changes between two syncs, told by webhooks and a sync, are there as they were seen, in order, once', async () => {
  const simulator = await openSimulator({ rate: 'unlimited', sizes: { shipments: 30, orders: 30 } });
  const server = await openTestServer(simulator, {});
  const { db } = server.app.store;
  await fullSync(server, ['shipments']);
  const id = Number(simulator.truth('shipments')[4]?.id);
  const first = String(simulator.truth('shipments')[4]?.status);
  const becomes = (status: string) =>
    simulator.apply({ kind: 'update', collection: 'shipments', id, patch: { status } });
  const changes = async () => [
    ...(await db.execute(
      sql`select record_id as id, field, old, new, source from hive.status_changes c order by c.id`,
    )),
  ];
  const dealtWith = () =>
    until('webhooks are dealt with', async () => {
      const state = await readWebhookState(server.databaseUrl);
      return state?.open === 0 && state.runsGoing === 0;
    });

  const worker = server.account.work();
  for (const status of ['in_picking', 'packed']) {
    const body = JSON.stringify(becomes(status));
    expect((await postWebhook(`${server.url}/webhooks/hive`, body, simulator.apiKey)).status).toBe(202);
    await dealtWith();
  }
  await worker.close();
  becomes('cancelled');
  await fullSync(server, ['shipments']);
  const expected = [
    { id, field: 'status', old: first, new: 'in_picking', source: 'webhook' },
    { id, field: 'status', old: 'in_picking', new: 'packed', source: 'webhook' },
    { id, field: 'status', old: 'packed', new: 'cancelled', source: 'page' },
  ];
  expect(await changes()).toEqual(expected);

  await fullSync(server, ['shipments']);
  expect(await replayDeliveries(db, {})).toHaveLength(2);
  await takeInWebhooks(server.account.context);
  const shipments = collectionNamed('shipments');
  if (shipments === undefined) throw new Error('there are shipments');
  await db.execute(sql`update hive.shipments set status = null where id <> ${id}`);
  for await (const sums of rederive(db, shipments)) expect(sums.changed).toBe(29);
  await fullSync(server, ['shipments']);
  expect(await changes()).toEqual(expected);
  await server.close();
  await simulator.close();
});
