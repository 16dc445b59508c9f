// Promise: a dead letter is closed by what proves that its trouble is over, and by nothing that is older or that ends
// before it.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { collections } from '../../../src/collections/index.js';
import { listDeadLetters } from '../../../src/db/dead-letters.js';
import { readClock, readWindows } from '../../../src/db/ledger.js';
import { openSimulator } from '../../../src/simulator/index.js';
import { startLookups, startRun } from '../../../src/sync/runs/start-run.js';
import { fullSync, openTestApp, syncOnce, untilEnded, workOff } from '../../support/app.js';
import { createDatabase } from '../../support/database.js';
import { until } from '../../support/until.js';

const orders = collections.filter(({ name }) => name === 'orders');
const UNREADABLE = { patchRecords: [{ index: 0, merge: { items: 'none' } }] };

async function openStage() {
  const simulator = await openSimulator({ sizes: { orders: 40 }, rate: 'unlimited' });
  const app = await openTestApp(simulator, await createDatabase());
  await fullSync(app, ['orders']);
  const close = async () => {
    await app.close();
    await simulator.close();
  };
  return { simulator, app, db: app.app.store.db, close };
}

test('a certificate leaves the letter of a record that came after its pin, however late it was read', async () => {
  const { simulator, app, db, close } = await openStage();
  // Filed, and left behind before its first page.
  const full = await startRun({ ...app.account.context, enqueue: async () => {} }, orders, {
    mode: 'full',
    trigger: 'schedule',
  });
  await db.execute(sql`update sync.runs set state = 'interrupted' where id = ${full.id}`);
  const [window] = await readWindows(db, full.id);
  const after = new Date((window?.to_at?.getTime() ?? Number.NaN) + 1);
  const bad = { created_at: after.toISOString(), items: 'none' };
  simulator.apply({ kind: 'insert', collection: 'orders', value: bad });
  const [late] = simulator.truth('orders');
  await until('the order lies in the past', async () => (await readClock(db)) > after);
  expect((await syncOnce(app, ['orders'], { mode: 'incremental', trigger: 'cli' })).run.state).toBe('incomplete');

  await db.execute(sql`update sync.runs set state = 'running' where id = ${full.id}`);
  const { run, windows } = await workOff(app, full.id);
  // The head above it has met the record again.
  expect({ run: run.state, window: windows[0]?.state }).toEqual({ run: 'incomplete', window: 'certified' });
  expect(await listDeadLetters(db, {})).toMatchObject([{ record_id: late?.id, resolution: null }]);

  simulator.apply({ kind: 'update', collection: 'orders', position: 0, patch: { items: [] } });
  await fullSync(app, ['orders']);
  expect(await listDeadLetters(db, { all: true })).toMatchObject([{ resolution: 'superseded' }]);
  await close();
});

test('a page that was asked for before leaves the letter of a later version of its record', async () => {
  const { simulator, app, db, close } = await openStage();
  const id = simulator.truth('orders')[3]?.id ?? 0;
  simulator.addFault({ match: { path: '/orders', page: 1 }, respond: { delayMs: 6_000 } });
  // The head above the list meets the record as unreadable as the single one.
  simulator.addFault({
    match: { path: '/orders', page: 1, nth: 2 },
    respond: { patchRecords: [{ index: 3, merge: { items: 'none' } }] },
  });
  const before = simulator.stats().requests;
  const page = await startRun(app.account.context, orders, { mode: 'full', trigger: 'schedule' });
  const worker = app.account.work();
  await until('the page was asked for', () => simulator.stats().requests > before);
  simulator.addFault({ match: { path: `/orders/${id}` }, respond: UNREADABLE });
  const single = await startLookups(app.account.context, 'refresh', [{ collection: 'orders', ids: [id] }]);
  await untilEnded(app, single.id);
  expect(
    (
      await db.execute(sql`select from sync.pages p join sync.windows w on w.id = p.window_id
    where w.run_id = ${page.id}`)
    ).length,
  ).toBe(0);
  await untilEnded(app, page.id);
  await worker.close();
  expect(await listDeadLetters(db, {})).toMatchObject([{ record_id: id, resolution: null }]);
  await close();
});
