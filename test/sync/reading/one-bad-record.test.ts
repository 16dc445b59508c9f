// Promise: anything wrong with one record costs that record only. Its page lands, wherever on the page it stands.
import { Writable } from 'node:stream';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { orders } from '../../../src/collections/orders.js';
import { type DeadLetter, listDeadLetters } from '../../../src/db/dead-letters.js';
import { storeDelivery } from '../../../src/db/webhook-deliveries.js';
import { openLog } from '../../../src/log.js';
import { openSimulator, type Simulator } from '../../../src/simulator/index.js';
import { planLetters } from '../../../src/sync/letters/retry-letters.js';
import { retryStored } from '../../../src/sync/letters/start-retry.js';
import { rederive } from '../../../src/sync/records/rederive.js';
import { startLookups } from '../../../src/sync/runs/start-run.js';
import { takeInWebhooks } from '../../../src/sync/webhooks/take-in-webhook.js';
import { fullSync, openTestApp, syncOnce, type TestApp, workOff } from '../../support/app.js';
import { createDatabase } from '../../support/database.js';
import fc from '../../support/property.js';

const PER_PAGE = 20;
const PAGES = 20;
const SECRET = 'jane@example.com';

let simulator: Simulator;
let app: TestApp;
let db: TestApp['app']['store']['db'];

beforeAll(async () => {
  simulator = await openSimulator({ sizes: { orders: PAGES * PER_PAGE }, rate: 'unlimited' });
  app = await openTestApp(simulator, await createDatabase());
  db = app.app.store.db;
});
afterAll(async () => {
  await app.close();
  await simulator.close();
});
beforeEach(async () => {
  simulator.clearFaults();
  await db.execute(sql`drop trigger if exists refuses on hive.orders`);
  await db.execute(sql`truncate hive.orders, hive.order_items, sync.dead_letters, sync.webhook_deliveries`);
});

/** PostgreSQL's own refusal, for reasons that nobody here knows: the shop's database may have triggers. */
async function refuse(ids: readonly number[], code = '23514'): Promise<void> {
  await db.execute(
    sql.raw(`create or replace function hive.refuse_order() returns trigger language plpgsql as $$
      begin
        if new.id = any('{${ids.join(',')}}'::bigint[]) then
          raise exception 'no order of ${SECRET}' using errcode = '${code}';
        end if;
        return new;
      end $$`),
  );
  await db.execute(
    sql`create trigger refuses before insert or update on hive.orders for each row execute function hive.refuse_order()`,
  );
}

const idsInTable = async (): Promise<number[]> =>
  (await db.execute<{ id: number }>(sql`select id from hive.orders order by id`)).map(({ id }) => id);
const idsInTruth = (): number[] =>
  simulator
    .truth('orders')
    .map(({ id }) => Number(id))
    .sort((a, b) => a - b);
/** Orders as pages show them: newest first. */
const listed = (): number[] => simulator.truth('orders').map(({ id }) => Number(id));

test('refused by PostgreSQL, nested 4,000 deep or of 5 MiB: on each place of a page, and all three on one page', async () => {
  const inOrder = listed();
  const at = (page: number, index: number) => inOrder[page * PER_PAGE + index] ?? 0;
  const refused = Array.from({ length: PAGES }, (_, page) => at(page, page));
  const deep = Array.from({ length: PAGES }, (_, page) => at(page, (page + 7) % PER_PAGE));
  const huge = [0, 9, 19].map((page) => at(page, (page + 13) % PER_PAGE));
  await refuse(refused);
  for (let page = 0; page < PAGES; page += 1) {
    simulator.addFault({
      match: { path: '/orders', page: page + 1 },
      times: null,
      respond: {
        patchRecords: [
          { index: (page + 7) % PER_PAGE, field: 'tags', levels: 4_000 },
          ...([0, 9, 19].includes(page) ? [{ index: (page + 13) % PER_PAGE, field: 'note', length: 5 * 2 ** 20 }] : []),
        ],
      },
    });
  }
  const { run, windows } = await fullSync(app, ['orders']);
  expect(run.state).toBe('incomplete');
  expect(windows[0]).toMatchObject({ pages_read: PAGES, pages_failed: 0, dead_letters: 2 * PAGES + 3 });
  const bad = new Set([...refused, ...deep, ...huge]);
  expect(await idsInTable()).toEqual(idsInTruth().filter((id) => !bad.has(id)));

  const letters = await listDeadLetters(db, { limit: null });
  const about = (ids: readonly number[]) => letters.filter(({ record_id: id }) => id !== null && ids.includes(id));
  expect(letters).toHaveLength(bad.size);
  for (const letter of about(refused)) {
    const errors = [`PostgreSQL refuses it (23514): no order of ${SECRET}`];
    expect(letter).toMatchObject({ error_code: 'refused_by_postgresql', errors, payload: { id: letter.record_id } });
  }
  expect(about(deep).map(({ errors }) => errors)).toEqual(deep.map(() => ['it is nested more than 100 times']));
  for (const { payload } of about(huge)) expect(payload).toMatchObject({ cut: true });

  simulator.clearFaults();
  await db.execute(sql`drop trigger refuses on hive.orders`);
  expect((await fullSync(app, ['orders'])).run.state).toBe('complete');
  expect(await idsInTable()).toEqual(idsInTruth());
  expect(await listDeadLetters(db, {})).toEqual([]);
});

test('whatever JSON a record is, and wherever it stands, its neighbours land', async () => {
  const inOrder = listed();
  const anything = fc.oneof(
    fc.jsonValue().map((value) => ({ value })),
    fc.jsonValue().map((tags) => ({ merge: { tags, items: tags } })),
    fc.integer({ min: 90, max: 20_000 }).map((levels) => ({ field: 'tags', levels })),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(anything, { minLength: PER_PAGE, maxLength: PER_PAGE }), async (odd) => {
      await db.execute(sql`truncate hive.orders, hive.order_items, sync.dead_letters`);
      simulator.clearFaults();
      odd.forEach((patch, n) => {
        const patchRecords = [{ index: n, ...patch }];
        simulator.addFault({ match: { path: '/orders', page: n + 1 }, times: null, respond: { patchRecords } });
      });
      const { windows } = await fullSync(app, ['orders']);
      expect(windows[0]).toMatchObject({ pages_failed: 0 });
      const there = new Set(await idsInTable());
      const neighbours = inOrder.filter((_, place) => place % PER_PAGE !== Math.floor(place / PER_PAGE));
      expect(neighbours.filter((id) => !there.has(id))).toEqual([]);
    }),
    { numRuns: 8 },
  );
}, 180_000);

test('a record that is asked for by itself becomes a dead letter, and those beside it land', async () => {
  const [one = 0, other = 0, deep = 0] = listed();
  await refuse([one], '22003');
  simulator.addFault({
    match: { path: `/orders/${deep}` },
    times: null,
    respond: { patchRecords: [{ index: 0, field: 'tags', levels: 4_000 }] },
  });
  const wanted = [{ collection: 'orders', ids: [one, other, deep] }];
  const { id } = await startLookups(app.account.context, 'refresh', wanted);
  expect((await workOff(app, id)).run.state).toBe('incomplete');
  expect(await idsInTable()).toEqual([other]);
  const letters = await listDeadLetters(db, {});
  const codes = new Map(letters.map(({ record_id: record, error_code: code }) => [record, code]));
  expect(codes).toEqual(
    new Map([
      [one, 'refused_by_postgresql'],
      [deep, 'invalid_record'],
    ]),
  );
});

test('a webhook that PostgreSQL refuses is set aside and its record asked for; those behind it are taken in', async () => {
  const truth = simulator.truth('orders').slice(0, 5);
  const [first] = truth;
  await refuse([Number(first?.id)]);
  for (const payload of truth) {
    const [bodyHash, recordId] = [`hash ${payload.id}`, Number(payload.id)];
    await storeDelivery(db, {
      ...{ account: 'default', bodyHash, event: undefined, collection: 'orders', recordId, payload },
    });
  }
  await takeInWebhooks({ ...app.account.context, enqueue: async () => {} });
  expect(await idsInTable()).toEqual(
    truth
      .slice(1)
      .map(({ id }) => Number(id))
      .sort((a, b) => a - b),
  );
  const outcomes = await db.execute(sql`select record_id, outcome from sync.webhook_deliveries order by id limit 2`);
  expect(outcomes).toMatchObject([{ record_id: first?.id, outcome: 'in_doubt' }, { outcome: 'applied' }]);
  expect(await listDeadLetters(db, {})).toMatchObject([
    { kind: 'webhook', error_code: 'refused_by_postgresql', record_id: first?.id },
  ]);
  await db.execute(sql`update sync.runs set state = 'interrupted' where state = 'running'`);
});

test('a row that PostgreSQL refuses does not keep the others from being derived again', async () => {
  expect((await syncOnce(app, ['orders'], { mode: 'full', trigger: 'cli' })).run.state).toBe('complete');
  const [one = 0, , , other = 0] = listed();
  await db.execute(sql`update hive.orders set status = 'lost'`);
  await refuse([one, other]);
  const sums = { read: 0, changed: 0, refused: 0 };
  for await (const soFar of rederive(db, orders)) Object.assign(sums, soFar);
  const all = PAGES * PER_PAGE;
  expect(sums).toEqual({ read: all, changed: all - 2, refused: 2 });
  const lost = await db.execute<{ id: number }>(sql`select id from hive.orders where status = 'lost' order by id desc`);
  expect(lost.map(({ id }) => id)).toEqual([one, other].sort((a, b) => b - a));
});

test('a payload that is tried again and refused again stays, with the reason; one that was cut says so', async () => {
  await db.execute(sql`
    insert into sync.dead_letters (account, collection, kind, payload, errors, fingerprint) values
      ('default', 'orders', 'record', '{"id":5}', '{}', 'record a'),
      ('default', 'orders', 'record', '{"json":"[[","cut":true}', '{}', 'record b'),
      ('default', 'orders', 'record', '{"id":6}', '{}', 'record c')`);
  await refuse([5]);
  const letters = (await listDeadLetters(db, {})).sort((a, b) => a.id - b.id) as [DeadLetter, DeadLetter, DeadLetter];
  const planned = await planLetters(db, [orders], ['default'], letters);
  expect(await retryStored(db, [orders], planned)).toEqual(
    new Map([
      [letters[0].id, `PostgreSQL refuses it (23514): no order of ${SECRET}`],
      [letters[1].id, 'its payload was too large or too deep to be kept as it was'],
    ]),
  );
  expect(await idsInTable()).toEqual([6]);
});

test('what PostgreSQL says about a record is in its letter and in no log', async () => {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  const [one = 0] = listed();
  await refuse([one]);
  const { context } = app.account;
  Object.assign(context, { log: openLog('trace', sink) });
  await fullSync(app, ['orders']);
  expect(lines.join('')).toContain('PostgreSQL refuses a record');
  expect(lines.join('')).not.toContain(SECRET);
});
