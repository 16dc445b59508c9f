// Promise: an answer that comes late changes nothing that was read after it was asked for, though what is read again
// unchanged is not written.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { collections } from '../../../src/collections/index.js';
import { openSimulator } from '../../../src/simulator/index.js';
import { startLookups, startRun } from '../../../src/sync/runs/start-run.js';
import { fullSync, openTestApp, untilEnded } from '../../support/app.js';
import { createDatabase } from '../../support/database.js';
import { until } from '../../support/until.js';

const LATE = { delayMs: 3_000 };
const orders = collections.filter(({ name }) => name === 'orders');

async function openStage() {
  const simulator = await openSimulator({ sizes: { orders: 30 }, rate: 'unlimited' });
  const app = await openTestApp(simulator, await createDatabase());
  await fullSync(app, ['orders']);
  const { db } = app.app.store;
  const [order] = simulator.truth('orders');
  const id = order?.id ?? 0;
  const worker = app.account.work();
  const patch = (payment_method: string | null) =>
    simulator.apply({ kind: 'update', collection: 'orders', id, patch: { payment_method } });
  patch('before');
  await untilEnded(app, (await startRun(app.account.context, orders, { mode: 'full', trigger: 'schedule' })).id);
  return {
    ...{ simulator, app, db, id, patch },
    /** Waits until what `start` does has brought the API one more request. */
    async asked(start: () => Promise<{ id: number }>): Promise<number> {
      const before = simulator.requests.length;
      const run = await start();
      await until('the API was asked', () => simulator.requests.length > before);
      return run.id;
    },
    full: () => startRun(app.account.context, orders, { mode: 'full', trigger: 'schedule' }),
    refresh: () => startLookups(app.account.context, 'refresh', [{ collection: 'orders', ids: [id] }]),
    row: async () =>
      (
        await db.execute<{ is: string; deleted: boolean }>(
          sql`select payment_method as is, _deleted_at is not null as deleted from hive.orders where id = ${id}`,
        )
      )[0],
    async close() {
      await worker.close();
      await app.close();
      await simulator.close();
    },
  };
}

test.each([
  ['a page', 'a page', '/orders', 'full', 'full'],
  ['a page', 'a record', '/orders', 'full', 'refresh'],
  ['a record', 'a page', '/orders/*', 'refresh', 'full'],
] as const)(
  '%s that was held up, with a state that came and went before %s was read',
  async (_late, _read, path, late, read) => {
    const stage = await openStage();
    const { simulator, app, patch } = stage;
    patch('in between');
    simulator.addFault({ match: { path }, respond: LATE });
    const held = await stage.asked(stage[late]);
    patch('before');
    await untilEnded(app, (await stage[read]()).id);
    expect(await stage.row()).toEqual({ is: 'before', deleted: false });
    await untilEnded(app, held);
    expect(await stage.row()).toEqual({ is: 'before', deleted: false });
    patch('after');
    await untilEnded(app, (await stage.full()).id);
    expect(await stage.row()).toEqual({ is: 'after', deleted: false });
    await stage.close();
  },
);

test('a 404 whose witness was held up buries no record that a page has shown meanwhile', async () => {
  const stage = await openStage();
  const { simulator, app, id } = stage;
  simulator.addFault({ match: { path: `/orders/${id}` }, respond: { status: 404 } });
  simulator.addFault({ match: { path: '/orders/*' }, respond: LATE });
  const before = simulator.requests.length;
  const refreshed = await stage.refresh();
  await until('its witness was asked for', () => simulator.requests.length > before + 1);
  await untilEnded(app, (await stage.full()).id);
  await untilEnded(app, refreshed.id);
  expect(await stage.row()).toEqual({ is: 'before', deleted: false });
  await stage.close();
});
