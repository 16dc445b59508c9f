// Whatever stands in the answer to a page that cannot be had: its dead letter is filed, and the run ends.
import { expect, test } from 'vitest';
import { listDeadLetters } from '../../../src/db/dead-letters.js';
import { openSimulator } from '../../../src/simulator/index.js';
import { fullSync, openTestApp } from '../../support/app.js';
import { createDatabase } from '../../support/database.js';

test.each<[what: string, body: unknown, errors: string[], payload: unknown]>([
  ['errors with NUL and half a character', { errors: ['a\u0000b', '\ud83d'] }, ['a\\u0000b', '\\ud83d'], null],
  ['a body with NUL', 'a\u0000b', ['The API answered 422'], { body: 'a\\u0000b' }],
  [
    'a body whose excerpt ends in half a character',
    `${'x'.repeat(499)}😀`,
    ['The API answered 422'],
    { body: `${'x'.repeat(499)}\\ud83d` },
  ],
  ['errors in quotes and braces', { errors: ['{"a": \'b\', \\}', ''] }, ['{"a": \'b\', \\}', ''], null],
])('%s', async (_what, body, errors, payload) => {
  const simulator = await openSimulator({
    rate: 'unlimited',
    faults: [{ match: { path: '/warehouses' }, times: null, respond: { status: 422, body } }],
  });
  const app = await openTestApp(simulator, await createDatabase());
  try {
    const { run } = await fullSync(app, ['warehouses']);
    expect(run).toMatchObject({ state: 'incomplete' });
    expect(await listDeadLetters(app.app.store.db, {})).toMatchObject([
      { kind: 'request', collection: 'warehouses', http_status: 422, error_code: 'http_422', errors, payload },
    ]);
  } finally {
    await app.close();
    await simulator.close();
  }
});
