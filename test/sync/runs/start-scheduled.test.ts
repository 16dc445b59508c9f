// A run whose time has come starts once, however many ask for it in the same moment.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { RunGoingError } from '../../../src/errors.js';
import { startAsked } from '../../../src/sync/runs/start-asked.js';
import { startScheduled } from '../../../src/sync/runs/start-scheduled.js';
import { openTestApp } from '../../support/app.js';
import { createDatabase } from '../../support/database.js';

const nobody = { url: 'http://127.0.0.1:9', apiKey: 'a-key' };

test('schedules that fire together, and a button that is clicked meanwhile, start one run of a mode', async () => {
  const testApp = await openTestApp(nobody, await createDatabase());
  const { context } = testApp.account;
  const clicked = startAsked(context, { mode: 'full', collections: context.collections }).catch((error) => {
    expect(error).toBeInstanceOf(RunGoingError);
  });
  // Nothing is certified yet, so the incremental ones are full ones too.
  const due = (['full', 'incremental', 'full', 'incremental'] as const).map((mode) => startScheduled(context, mode));
  await Promise.all([clicked, ...due]);
  expect(await testApp.app.store.db.execute(sql`select mode, state from sync.runs`)).toEqual([
    { mode: 'full', state: 'running' },
  ]);
  await testApp.close();
});
