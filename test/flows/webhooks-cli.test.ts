// Promise: stored webhooks can be listed, taken in again and removed, and their dead letters can be tried again.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { storeDelivery } from '../../src/db/webhook-deliveries.js';
import { openStage } from '../support/command.js';

test('webhooks list, replay and prune do what they say, and a replay never goes back', async () => {
  const stage = await openStage({
    sizes: { warehouses: 1, skus: 3, orders: 5, shipments: 5, returns: 5, restocking_shipments: 3 },
  });
  expect((await stage.run('sync')).code).toBe(0);
  const { simulator } = stage;
  expect((await stage.run('webhooks', 'list')).stdout).toBe('No deliveries of webhooks.\n');

  const old = simulator.truth('shipments')[0];
  const id = old?.id ?? 0;
  const changed = simulator.apply({ kind: 'update', collection: 'shipments', id, patch: { status: 'on_hold' } });
  const store = (bodyHash: string, payload: unknown, collection?: string) =>
    stage.inDatabase(({ db }) =>
      storeDelivery(db, { account: 'default', bodyHash, event: undefined, collection, recordId: undefined, payload }),
    );
  await store('new', changed, 'shipments');
  await store('old', old, 'shipments');
  await store('odd', { hello: 1 });
  const dry = await stage.run('webhooks', 'replay', '--dry-run');
  expect(dry).toMatchObject({ code: 0, stdout: '3 deliveries would be taken in again. Nothing was changed.\n' });

  const requests = simulator.requests.length;
  const replayed = await stage.run('webhooks', 'replay', '--since', '2020-01-01');
  expect(replayed, replayed.stderr).toMatchObject({ code: 0 });
  expect(replayed.stdout).toContain('3 deliveries taken in again.');
  expect(replayed.stdout).toMatch(/applied +1\ndead_letter +1\nstale +1\n/);
  const status = () =>
    stage.inDatabase(({ db }) => db.execute(sql`select status from hive.shipments where id = ${id}`));
  expect(await status()).toEqual([{ status: 'on_hold' }]);
  const again = await stage.run('webhooks', 'replay');
  expect(again.stdout).toMatch(/dead_letter +1\nstale +1\nunchanged +1\n/);
  expect(await status()).toEqual([{ status: 'on_hold' }]);
  expect(simulator.requests.length).toBe(requests);

  const list = await stage.run('webhooks', 'list');
  expect(list.stdout).toMatch(new RegExp(`shipments ${id} +1 +unchanged`));
  expect(Math.max(...list.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(JSON.parse((await stage.run('webhooks', 'list', '--json', '--limit', '2')).stdout)).toHaveLength(2);

  // The letter: its body fits nothing until a release knows it, here played by the payload.
  const stays = await stage.run('dead-letters', 'retry', '--kind', 'webhook');
  expect(stays).toMatchObject({ code: 3 });
  expect(stays.stdout).toContain('its body still fits no collection');
  await stage.inDatabase(({ db }) =>
    db.execute(
      sql`update sync.dead_letters set payload = ${JSON.stringify({ ...changed, status: 'picked', updated_at: '2099-01-01T00:00:00Z' })}::text::jsonb`,
    ),
  );
  expect((await stage.run('dead-letters', 'retry', '--kind', 'webhook')).code).toBe(0);
  expect((await stage.letters()).map(({ resolution }) => resolution)).toEqual(['retried']);
  expect((await stage.run('webhooks', 'list', '--open')).stdout).toMatch(/shipments \d+ +\d+ +waiting/);

  await stage.inDatabase(({ db }) =>
    db.execute(sql`update sync.webhook_deliveries set last_received_at = now() - interval '31 days'`),
  );
  // The one that waits stays.
  expect((await stage.run('webhooks', 'prune')).stdout).toBe('2 deliveries removed.\n');
  await simulator.close();
}, 240_000);

test('what cannot be asked for is exit code 2 and one sentence', async () => {
  const stage = await openStage({ sizes: { orders: 1 } });
  for (const [args, sentence] of [
    [['replay', '--since', 'yesterday'], '--since is "yesterday". Expected a date'],
    [['replay', '--account', 'fr'], 'There is no account "fr". Expected one of: default.'],
    [['list', '--limit', '0'], '--limit is "0". Expected a whole number'],
  ] as const) {
    const ended = await stage.run('webhooks', ...args);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain(sentence);
  }
  await stage.simulator.close();
});
