// Promise: explain says where a record was seen, why it is missing, and the command that brings it back does.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { openStage } from '../support/command.js';

const explained = (stdout: string) => JSON.parse(stdout) as Record<string, unknown>[];

test('a record is explained from first sight over change and dead letter to deletion, by either id', async () => {
  const stage = await openStage({ sizes: { orders: 60 } });
  const { simulator } = stage;
  const [order, other] = simulator.truth('orders');
  const id = Number(order?.id);
  const explain = async (...args: string[]) => {
    const ended = await stage.run('explain', 'orders', ...args, '--json');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    return explained(ended.stdout);
  };

  expect((await stage.run('migrate')).code).toBe(0);
  expect(await explain(String(id))).toMatchObject([
    { state: 'not_read_yet', row: null, pages: [], command: 'hive-sync sync orders --full' },
  ]);
  expect(await stage.run('sync', 'orders')).toMatchObject({ code: 0 });
  expect(await explain(String(id))).toMatchObject([
    {
      id,
      state: 'there',
      pages: [
        { run: 1, mode: 'full' },
        { run: 1, mode: 'full' },
      ],
      changes: [],
      command: `hive-sync refresh orders ${id}`,
    },
  ]);
  expect(await explain(String(order?.merchant_order_id))).toMatchObject([{ id, state: 'there' }]);
  expect(await explain('99999999')).toMatchObject([
    {
      state: 'not_listed',
      row: null,
      because: expect.stringMatching(
        /^Hive had no such order as of 20\S+ \S+ UTC: the whole list is proved as of then \(run 1\)/,
      ),
    },
  ]);
  expect(await explain('no-such-number')).toEqual([]);

  await stage.inDatabase(async ({ db }) => {
    await db.execute(sql`update hive.orders set _deleted_at = now() where id = ${Number(other?.id)}`);
    await db.execute(sql`
      insert into sync.dead_letters (account, collection, kind, record_id, errors, fingerprint, payload)
      values ('default', 'orders', 'record', 77, '{"status: expected string"}', 'f', '{"merchant_order_id": "M-77"}')`);
    await db.execute(sql`
      insert into hive.status_changes (account, collection, record_id, field, old, new, observed_at, source)
      values ('default', 'orders', ${id}, 'status', 'fulfillable', 'fulfilled', now(), 'webhook')`);
  });
  expect(await explain(String(other?.id))).toMatchObject([{ state: 'deleted' }]);
  expect(await explain('M-77')).toMatchObject([{ id: 77, state: 'dead_letter', row: null }]);
  expect(await explain(String(id))).toMatchObject([{ changes: [{ old: 'fulfillable', new: 'fulfilled' }] }]);

  const text = await stage.run('explain', 'orders', String(id));
  expect(text.stdout).toMatch(
    /It is in hive\.orders\.[\s\S]*page \d+, run 1 \(full\)[\s\S]*fulfillable\s+fulfilled\s+webhook/,
  );
  for (const line of text.stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);

  // The command that it names brings the row back.
  const [deleted] = await explain(String(other?.id));
  expect(await stage.run(...String(deleted?.command).split(' ').slice(1))).toMatchObject({ code: 0 });
  expect(await explain(String(other?.id))).toMatchObject([{ state: 'there', lookups: [{ outcome: 'written' }] }]);
  await simulator.close();
});

test('only a proof over the whole list that lies after all that is known says that Hive has none', async () => {
  const stage = await openStage({ sizes: { orders: 60 }, spanDays: 50 }, { SYNC_LOOKBACK_DAYS: '0' });
  // None is open, so that no run looks below the head.
  for (let position = 0; position < 60; position += 1) {
    stage.simulator.apply({ kind: 'update', collection: 'orders', position, patch: { status: 'fulfilled' } });
  }
  expect(await stage.run('sync', 'orders')).toMatchObject({ code: 0 });
  await stage.inDatabase(({ db }) => db.execute(sql`update sync.windows set as_of = as_of - interval '1 day'`));
  const createdAt = Date.now() - 100 * 86_400_000;
  const backDated = stage.simulator.apply({ kind: 'insertBackdated', collection: 'orders', createdAt });
  // Another one goes: so the API counts as many as before, and nobody looks for the one that came.
  stage.simulator.apply({ kind: 'delete', collection: 'orders', position: 50 });
  expect(await stage.run('sync', 'orders')).toMatchObject({ code: 0 });

  // An incremental run has come since, and it proves nothing of an order that is dated back.
  const missing = async () => explained((await stage.run('explain', 'orders', `${backDated?.id}`, '--json')).stdout)[0];
  expect(await missing()).toMatchObject({
    state: 'not_listed',
    because: expect.stringMatching(/as of .* \(run 1\) .* One that came since is back-dated, or newer than 20.* UTC/),
    proved: { whole_run: 1 },
  });
  // A page or a webhook showed it after that: then the proof of before says nothing of it.
  await stage.inDatabase(({ db }) =>
    db.execute(sql`
      insert into sync.webhook_deliveries (account, body_hash, collection, record_id, payload, outcome, processed_at)
      values ('default', 'h', 'orders', ${Number(backDated?.id)}, '{}', 'stale', now())`),
  );
  expect(await missing()).toMatchObject({ state: 'maybe_missed', command: 'hive-sync sync orders --full' });
  expect(await stage.run('sync', 'orders', '--full')).toMatchObject({ code: 0 });
  expect(await missing()).toMatchObject({ state: 'there' });
  await stage.simulator.close();
});

test('a page that could not be read, and a list that is not certified, are named as what may have hidden it', async () => {
  const stage = await openStage({ sizes: { orders: 60 } });
  expect(await stage.run('sync', 'orders')).toMatchObject({ code: 0 });
  await stage.inDatabase(({ db }) =>
    db.execute(sql`update sync.windows set state = 'uncertified', reason = 'the list moved'`),
  );
  const missing = async () => explained((await stage.run('explain', 'orders', '99999999', '--json')).stdout)[0];
  expect(await missing()).toMatchObject({ state: 'maybe_missed', command: 'hive-sync sync orders --full' });
  await stage.inDatabase(({ db }) =>
    db.execute(sql`
      insert into sync.dead_letters (account, collection, kind, page, fingerprint) values ('default', 'orders', 'request', 2, 'p')`),
  );
  expect(await missing()).toMatchObject({
    state: 'maybe_missed',
    because: 'It may have been missed: 1 page of orders could not be read.',
    command: 'hive-sync dead-letters retry --collection orders',
  });
  await stage.simulator.close();
});

test.each([
  ['several collections', ['all', '1'], /An id belongs to one collection/],
  ['an id that cannot be one', ['warehouses', 'x'], /"x" cannot be the id of a warehouse/],
  ['an unknown account', ['orders', '1', '--account', 'x'], /no account "x".*default/],
])('%s is refused in one sentence', async (_, args, sentence) => {
  const stage = await openStage({ sizes: {} });
  const ended = await stage.run('explain', ...args);
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).toMatch(sentence);
  await stage.simulator.close();
});
