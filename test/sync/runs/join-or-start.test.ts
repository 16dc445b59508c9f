// A run that was left behind and is asked for again.
import { expect, test } from 'vitest';
import { collections } from '../../../src/collections/index.js';
import { readRun } from '../../../src/db/ledger.js';
import { openSimulator } from '../../../src/simulator/index.js';
import { joinOrStart } from '../../../src/sync/runs/join-or-start.js';
import { startRun } from '../../../src/sync/runs/start-run.js';
import { openTestApp } from '../../support/app.js';
import { createDatabase } from '../../support/database.js';

test('whoever goes on with a run and allows deletions is heard', async () => {
  const simulator = await openSimulator({ rate: 'unlimited' });
  const app = await openTestApp(simulator, await createDatabase());
  const { context } = app.account;
  const orders = collections.filter(({ name }) => name === 'orders');
  const wish = { mode: 'full', trigger: 'cli' } as const;
  try {
    const left = await startRun({ ...context, enqueue: async () => {} }, orders, wish);
    expect(await joinOrStart(context, orders, wish)).toMatchObject({
      joined: [{ run: { id: left.id }, was: 'left behind' }],
      rest: [],
    });
    expect(await readRun(context.db, left.id)).toMatchObject({ allow_deletes: false });
    await joinOrStart(context, orders, { ...wish, allowDeletes: true });
    expect(await readRun(context.db, left.id)).toMatchObject({ allow_deletes: true });
  } finally {
    await app.close();
    await simulator.close();
  }
});
