// Promise: whoever repeats webhooks that he has heard makes us ask for their records, but takes no sync its budget by that.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { collections } from '../../src/collections/index.js';
import { readRun } from '../../src/db/ledger.js';
import { storeDelivery } from '../../src/db/webhook-deliveries.js';
import { openSimulator } from '../../src/simulator/index.js';
import { startRun } from '../../src/sync/runs/start-run.js';
import { takeInWebhooks } from '../../src/sync/webhooks/take-in-webhook.js';
import { fullSync, openTestApp } from '../support/app.js';
import { createDatabase } from '../support/database.js';
import { until } from '../support/until.js';

const LIMIT = 40;

test('deliveries in doubt, again and again, take 15 % of the requests while a run is under way, and each is settled in the end', async () => {
  const rate = { limit: LIMIT, windowMs: 2_000 };
  const simulator = await openSimulator({ rate, sizes: { orders: 2_000, shipments: 60 } });
  const app = await openTestApp(simulator, await createDatabase(), { HIVE_RATE_WINDOW_MS: '2000' });
  const { context } = app.account;
  const { db } = app.app.store;
  await fullSync(app, ['shipments']);
  // Nothing orders these two states: what came first cannot be told.
  const bodies = simulator.truth('shipments').map((record) => JSON.stringify({ ...record, tracking_url: 'https://x' }));
  const deliver = async () => {
    for (const body of bodies) {
      const payload: unknown = JSON.parse(body);
      await storeDelivery(db, {
        account: context.account,
        bodyHash: createHash('sha256').update(body).digest('hex'),
        event: undefined,
        collection: 'shipments',
        recordId: (payload as { id: number }).id,
        payload,
      });
    }
    await takeInWebhooks(context);
  };
  const before = simulator.stats().requests;
  const isSingle = (path: string) => /\/shipments\/\d+/.test(path);
  const orders = collections.filter(({ name }) => name === 'orders');
  const { id } = await startRun(context, orders, { mode: 'full', trigger: 'cli' });
  const worker = app.account.work();
  let singles = 0;
  let all = 0;
  await until('the run ends', async () => {
    await deliver();
    return (await readRun(db, id))?.state !== 'running';
  });
  for (const { path } of simulator.requests.slice(before)) {
    all += 1;
    if (isSingle(path)) singles += 1;
  }
  console.log(`${singles} of ${all} requests were for single records`);
  expect(singles).toBeGreaterThan(0);
  // What was asked for just before the run began to be read, and a share of each window.
  expect(singles).toBeLessThanOrEqual(0.15 * all + 0.15 * LIMIT + 2);
  // A body that has come so often is asked about again after ten minutes: as if they had passed.
  await db.execute(`update sync.lookups set finished_at = finished_at - interval '11 minutes'`);
  await until('all are settled', async () => {
    const open = await db.execute(`select 1 from sync.webhook_deliveries where processed_at is null`);
    return open.length === 0;
  });
  await worker.close();
  await app.close();
  await simulator.close();
});
