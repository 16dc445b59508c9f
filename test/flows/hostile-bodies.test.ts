// Promise: whatever one answer holds, it costs itself only: the run ends, what was cut says so, and the next page is read.
import { expect, test } from 'vitest';
import { listDeadLetters } from '../../src/db/dead-letters.js';
import { openSimulator } from '../../src/simulator/index.js';
import { fullSync, openTestApp } from '../support/app.js';
import { createDatabase } from '../support/database.js';

const pagination = { current_page: 1, item_count: 1, page_count: 1, items_per_page: 20 };
const listOf = (records: string) => `{"data":[${records}],"pagination":${JSON.stringify(pagination)}}`;
const many = (n: number, part: (i: number) => string) => Array.from({ length: n }, (_, i) => part(i)).join();

/** `letter`: the whole of the page is one; `record`: its only record is; `row`: it lands. */
test.each<[what: string, status: number, body: () => string, becomes: 'letter' | 'record' | 'row', says: RegExp]>([
  [
    'a key that repeats the mark of cents',
    200,
    () => listOf(`{"id":1,"${'_in_cents'.repeat(300_000)}":1}`),
    'row',
    /./,
  ],
  ['two million empty records', 200, () => listOf(many(2_000_000, () => '{}')), 'letter', /more than 500000 values/],
  ['two thousand records', 200, () => listOf(many(2_000, (i) => `{"id":${i}}`)), 'letter', /lists 2000 records/],
  ['lists in one another', 200, () => listOf('['.repeat(200_000) + ']'.repeat(200_000)), 'record', /nested more than/],
  ['100,000 keys', 200, () => listOf(`{"id":1,${many(100_000, (i) => `"key_${i}":${i}`)}}`), 'row', /./],
  ['an id of a million digits', 200, () => listOf(`{"id":${'9'.repeat(1_000_000)}}`), 'record', /2\^53/],
  ['a million lone surrogates', 200, () => listOf(`{"id":1,"note":"${'\\ud800'.repeat(500_000)}"}`), 'row', /./],
  [
    'errors without end',
    422,
    () => JSON.stringify({ errors: Array(400_000).fill('wrong') }),
    'letter',
    /and 399980 more/,
  ],
  ['an error of megabytes', 422, () => JSON.stringify({ errors: ['w'.repeat(8_000_000)] }), 'letter', /8,000,000 char/],
])('%s', async (_what, status, body, becomes, says) => {
  const simulator = await openSimulator({ seed: 1, sizes: { orders: 3 }, rate: 'unlimited' });
  const testApp = await openTestApp(simulator, await createDatabase(), { SYNC_PAGE_ATTEMPTS: '1' });
  try {
    simulator.addFault({ match: { path: '/orders' }, times: null, respond: { status, body: body() } });
    const { run, windows } = await fullSync(testApp, ['orders']);
    const letters = await listDeadLetters(testApp.app.store.db, {
      account: testApp.account.account.label,
      limit: null,
    });
    expect(windows[0]?.inserted).toBe(becomes === 'row' ? 1 : 0);
    expect(letters.map(({ kind }) => kind)).toEqual({ letter: ['request'], record: ['record'], row: [] }[becomes]);
    if (becomes === 'letter') expect(run.state).toBe('incomplete');
    const said = letters.flatMap(({ errors }) => errors).join('\n');
    if (becomes !== 'row') expect(said).toMatch(says);
    expect(said.length).toBeLessThan(50_000);
    simulator.clearFaults();
    expect((await fullSync(testApp, ['orders'])).run).toMatchObject({ mode: 'full' });
  } finally {
    await testApp.close();
    await simulator.close();
  }
});
