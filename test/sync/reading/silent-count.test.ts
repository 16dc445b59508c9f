// Promise: an answer that says no count is no proof of anything, wherever in a window it stands.
import { expect, test } from 'vitest';
import { openSimulator } from '../../../src/simulator/index.js';
import { fullSync, openTestApp } from '../../support/app.js';
import { createDatabase } from '../../support/database.js';
import { readRows } from '../../support/truth.js';

test('a deletion after a first page without a count hides no record from the certificate', async () => {
  // Page 1, then page 3 and page 2: order 21 has moved up to page 1 by then, and the 44 that are left were seen.
  const simulator = await openSimulator({ sizes: { orders: 45 }, itemsPerPage: 20, rate: 'unlimited' });
  const data = simulator.truth('orders').slice(0, 20);
  simulator.addFault({
    match: { requestNumber: 1 },
    respond: { status: 200, body: { data, pagination: { current_page: 1, page_count: 3, items_per_page: 20 } } },
  });
  simulator.addDrift({
    before: { requestNumber: 2 },
    do: [{ kind: 'delete', collection: 'orders', position: 0 }],
  });
  const app = await openTestApp(simulator, await createDatabase(), { SYNC_CONCURRENCY: '1' });
  try {
    const { windows } = await fullSync(app, ['orders']);
    expect(windows).toMatchObject([
      { kind: 'whole', state: 'certified', moved: true },
      { kind: 'head', state: 'certified' },
    ]);
    const stored = new Set((await readRows(app.app.store, 'orders')).map(({ id }) => id));
    expect(simulator.truth('orders').filter(({ id }) => !stored.has(id))).toEqual([]);
  } finally {
    await app.close();
    await simulator.close();
  }
});
