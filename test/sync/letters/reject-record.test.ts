// Whatever stands in the answer to a record that cannot be had: its dead letter is filed, and the run ends.
import { expect, test } from 'vitest';
import { listDeadLetters } from '../../../src/db/dead-letters.js';
import { openSimulator } from '../../../src/simulator/index.js';
import { startLookups } from '../../../src/sync/runs/start-run.js';
import { openTestApp, workOff } from '../../support/app.js';
import { createDatabase } from '../../support/database.js';

test('errors with NUL and half a character', async () => {
  const simulator = await openSimulator({
    rate: 'unlimited',
    faults: [
      { match: { path: '/orders/*' }, times: null, respond: { status: 422, body: { errors: ['a\u0000b', '\ud83d'] } } },
    ],
  });
  const app = await openTestApp(simulator, await createDatabase());
  try {
    const { id } = await startLookups(app.account.context, 'refresh', [{ collection: 'orders', ids: [17] }]);
    expect((await workOff(app, id)).run).toMatchObject({ state: 'incomplete' });
    expect(await listDeadLetters(app.app.store.db, {})).toMatchObject([
      { kind: 'record', record_id: 17, http_status: 422, errors: ['a\\u0000b', '\\ud83d'] },
    ]);
    expect(simulator.stats().requests).toBe(1);
  } finally {
    await app.close();
    await simulator.close();
  }
});
