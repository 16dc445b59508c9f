// Promise: a run that cannot go on keeps no other run from going on.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { collections } from '../../src/collections/index.js';
import { openSimulator } from '../../src/simulator/index.js';
import { heal } from '../../src/sync/heal.js';
import { startRun } from '../../src/sync/runs/start-run.js';
import { openTestApp, workOff } from '../support/app.js';
import { createDatabase } from '../support/database.js';

test('a run of a later release is left alone, and the one behind it is healed', async () => {
  const simulator = await openSimulator({ sizes: { warehouses: 3 }, rate: 'unlimited' });
  const app = await openTestApp(simulator, await createDatabase());
  const { context } = app.account;
  const { db } = context;
  const warehouses = collections.filter(({ name }) => name === 'warehouses');
  try {
    const lost = { ...context, enqueue: async () => {} };
    const strange = await startRun(lost, warehouses, { mode: 'backfill', trigger: 'schedule', from: AT, to: AT });
    await db.execute(sql`update sync.windows set collection = 'of a later release', state = 'reading'
      where run_id = ${strange.id}`);
    const { id } = await startRun(lost, warehouses, { mode: 'full', trigger: 'schedule' });
    await heal(context);
    expect((await workOff(app, id)).run.state).toBe('complete');
  } finally {
    await app.close();
    await simulator.close();
  }
}, 60_000);

const AT = new Date('2026-11-01T00:00:00Z');
