// Promise: an answer about a single record is believed only as far as it goes. A 404 that passes buries nothing, and
// another record than was asked for is no answer.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { fileDeadLetters, listDeadLetters } from '../../../src/db/dead-letters.js';
import { readLookups } from '../../../src/db/lookups.js';
import { openSimulator } from '../../../src/simulator/index.js';
import { startLookups } from '../../../src/sync/runs/start-run.js';
import { fullSync, openTestApp, type TestApp, workOff } from '../../support/app.js';
import { createDatabase } from '../../support/database.js';

async function stageWith(orders: number, env: Record<string, string> = {}) {
  const simulator = await openSimulator({ sizes: { orders }, rate: 'unlimited' });
  const app = await openTestApp(simulator, await createDatabase(), env);
  await fullSync(app, ['orders']);
  const close = async () => {
    await app.close();
    await simulator.close();
  };
  return { simulator, app, db: app.app.store.db, ids: simulator.truth('orders').map(({ id }) => id), close };
}

async function refresh(app: TestApp, ids: readonly number[]) {
  const { id } = await startLookups(app.account.context, 'refresh', [{ collection: 'orders', ids }]);
  const { run } = await workOff(app, id);
  return { run, outcomes: (await readLookups(app.app.store.db, id)).map(({ outcome }) => outcome) };
}

const buried = async ({ app }: TestApp): Promise<number[]> =>
  (await app.store.db.execute<{ id: number }>(sql`select id from hive.orders where _deleted_at is not null`)).map(
    ({ id }) => id,
  );

test.each(['open', 'refresh', 'retry'])(
  'while the API answers 404 to everything, no lookup with reason %s buries, though single records were once read',
  async (reason) => {
    const { simulator, app, db, ids, close } = await stageWith(60);
    expect((await refresh(app, ids.slice(0, 1))).outcomes).toEqual(['unchanged']);
    simulator.addFault({ match: { path: '/orders/*' }, respond: { status: 404 }, times: null });
    const { id } = await startLookups(app.account.context, 'refresh', [
      { collection: 'orders', ids: ids.slice(1, 11) },
    ]);
    await db.execute(sql`update sync.lookups set reason = ${reason} where run_id = ${id}`);
    const { run } = await workOff(app, id);
    expect((await readLookups(db, id)).map(({ outcome }) => outcome)).toEqual(Array(10).fill('unconfirmed'));
    expect(run).toMatchObject({ state: 'incomplete', reason: expect.stringContaining('10 records answered with 404') });
    expect(await buried(app)).toEqual([]);
    simulator.clearFaults();
    expect((await refresh(app, ids.slice(1, 11))).run.state).toBe('complete');
    await close();
  },
);

test('one that is gone costs one more request, and so does each', async () => {
  const { simulator, app, ids, close } = await stageWith(30);
  for (const id of ids.slice(0, 2)) simulator.apply({ kind: 'delete', collection: 'orders', id });
  const before = simulator.stats().requests;
  expect((await refresh(app, ids.slice(0, 3))).outcomes).toEqual(['gone', 'gone', 'unchanged']);
  expect(simulator.stats().requests - before).toBe(3 + 2);
  await close();
});

test('where every record is asked for, one of them that was found is the witness', async () => {
  const { simulator, app, ids, close } = await stageWith(3, { SYNC_CONCURRENCY: '1' });
  simulator.apply({ kind: 'delete', collection: 'orders', id: Math.max(...ids) });
  const { outcomes } = await refresh(
    app,
    [...ids].sort((a, b) => a - b),
  );
  expect(outcomes).toEqual(['unchanged', 'unchanged', 'gone']);
  await close();
});

test('so many gone at once are not believed, over one run and the next, unless a list confirms them', async () => {
  const { simulator, app, ids, close } = await stageWith(100, { SYNC_CONCURRENCY: '1' });
  for (const id of ids.slice(40, 70)) simulator.apply({ kind: 'delete', collection: 'orders', id });
  const { run, outcomes } = await refresh(app, ids.slice(40, 65));
  expect(outcomes).toEqual([...Array(20).fill('gone'), ...Array(5).fill('unconfirmed')]);
  expect(run).toMatchObject({ state: 'incomplete', reason: expect.stringContaining('5 records answered with 404') });
  expect((await refresh(app, ids.slice(65, 70))).outcomes).toEqual(Array(5).fill('unconfirmed'));
  expect(await buried(app)).toHaveLength(20);
  expect((await fullSync(app, ['orders'])).run.state).toBe('complete');
  expect(await buried(app)).toHaveLength(30);
  await close();
});

test('another record than was asked for is a bad answer: it closes no letter and changes no row', async () => {
  const { simulator, app, db, ids, close } = await stageWith(20, { SYNC_PAGE_ATTEMPTS: '2' });
  const [asked = 0, other = 0] = ids;
  const shown = { ...simulator.truth('orders').find(({ id }) => id === other), status: 'of another record' };
  await fileDeadLetters(db, [
    {
      ...{ account: 'default', collection: 'orders', kind: 'record', runId: null, page: null, url: null },
      ...{
        recordId: asked,
        httpStatus: null,
        errorCode: 'invalid_record',
        errors: ['odd'],
        payload: null,
        attempts: 1,
      },
      fingerprint: `record ${asked}`,
    },
  ]);
  simulator.addFault({ match: { path: `/orders/${asked}` }, respond: { status: 200, body: shown }, times: 2 });
  const { run } = await refresh(app, [asked]);
  expect(run.state).toBe('incomplete');
  expect(await listDeadLetters(db, {})).toMatchObject([
    { record_id: asked, error_code: 'body', errors: [expect.stringContaining(`order ${other} and not ${asked}`)] },
  ]);
  expect([...(await db.execute(sql`select id from hive.orders where status = 'of another record'`))]).toEqual([]);
  expect((await refresh(app, [asked])).run.state).toBe('complete');
  expect(await listDeadLetters(db, {})).toEqual([]);
  await close();
});
