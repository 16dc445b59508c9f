// Promise: single records can be fetched again at once, and what came of each is said.
import { describe, expect, test } from 'vitest';
import { oneBackend, startCli } from '../support/cli.js';
import { openStage } from '../support/command.js';
import { expectTablesToEqualTruth, readRows } from '../support/truth.js';
import { until } from '../support/until.js';

describe.each(oneBackend())('queue on $name', ({ env }) => {
  test('refresh says of each id whether it was written, unchanged, gone or failed, and asks once for each', async () => {
    const stage = await openStage({ sizes: { orders: 60 } }, { ...env, SYNC_PAGE_ATTEMPTS: '2' });
    const { simulator } = stage;
    expect(await stage.run('sync', 'orders')).toMatchObject({ code: 0 });
    const [changed, same, gone, broken] = simulator.truth('orders').map(({ id }) => id) as [
      number,
      number,
      number,
      number,
    ];
    simulator.apply({ kind: 'update', collection: 'orders', id: changed, patch: { status: 'unfulfillable' } });
    simulator.apply({ kind: 'delete', collection: 'orders', id: gone });

    const before = simulator.stats().requests;
    const fine = await stage.run('refresh', 'orders', ...[changed, same, gone, same].map(String));
    expect(fine).toMatchObject({ code: 0 });
    expect(fine.stdout).toMatch(new RegExp(`${changed}\\s+written\\n${same}\\s+unchanged\\n${gone}\\s+gone`));
    const asked = stage.requestsSince(before);
    for (const id of [changed, same, gone]) expect(asked).toContain(`/orders/${id}`);
    expect(new Set(asked).size).toBe(asked.length);
    await expectTablesToEqualTruth(stage.url, simulator, ['orders']);
    const rows = await stage.inDatabase((database) => readRows(database, 'orders'));
    expect(rows.find(({ id }) => id === changed)).toMatchObject({ _source: 'record' });

    simulator.addFault({ match: { path: `/orders/${broken}` }, times: 2, respond: { status: 503 } });
    const failed = await stage.run('refresh', 'orders', String(broken), String(same));
    expect(failed).toMatchObject({ code: 3 });
    expect(failed.stdout).toMatch(new RegExp(`${broken}\\s+failed\\n${same}\\s+unchanged`));
    expect(failed.stdout).toContain('hive-sync dead-letters list --collection orders');
    expect(await stage.letters()).toMatchObject([{ record_id: broken, http_status: 503, attempts: 2 }]);

    expect(await stage.run('refresh', 'orders', String(broken))).toMatchObject({ code: 0 });
    expect(await stage.letters()).toMatchObject([{ resolution: 'superseded' }]);
    await simulator.close();
  });
});

test('Ctrl-C ends it with 130 and says who goes on; status names it, and a worker does', async () => {
  const stage = await openStage({ sizes: { orders: 60 }, latencyMs: 200 });
  const { simulator } = stage;
  const ids = simulator.truth('orders').map(({ id }) => String(id));
  const refresh = startCli(['refresh', 'orders', ...ids], stage.env);
  await until('some records were read', () => simulator.stats().requests >= 6);
  refresh.kill('SIGINT');
  const ended = await refresh.ended;
  expect(ended).toMatchObject({ code: 130 });
  expect(ended.stderr).toContain('a worker or the next sync goes on with it');
  expect(ended.stdout).toMatch(/\d+\s+written/);
  expect(ended.stdout).toMatch(/\d+\s+waiting/);
  expect((await stage.run('status')).stdout).toMatch(
    /Run 1 \(refresh\) is under way: 0 of 0 pages, \d+ of 60 single records/,
  );
  const worker = startCli(['worker'], { ...stage.env, HTTP_PORT: '0' });
  await until('the rest was fetched', () => ids.every((id) => stage.requestsSince(0).includes(`/orders/${id}`)));
  worker.kill('SIGTERM');
  expect(await worker.ended).toMatchObject({ code: 0 });
  await simulator.close();
});

test('an id that never was is called unknown, and ends with exit 3', async () => {
  const stage = await openStage({ sizes: { orders: 20 } });
  const { simulator } = stage;
  expect(await stage.run('sync', 'orders')).toMatchObject({ code: 0 });
  const [known] = simulator.truth('orders').map(({ id }) => id) as [number];
  const ended = await stage.run('refresh', 'orders', '999999999', String(known));
  expect(ended).toMatchObject({ code: 3 });
  expect(ended.stdout).toMatch(/999999999\s+unknown/);
  expect(ended.stdout).toContain('the API has no order 999999999 for this key, and none was ever stored here');
  await simulator.close();
});

test('a 404 is not believed while the API has shown no single record: unconfirmed, exit 3', async () => {
  const stage = await openStage({ sizes: { orders: 20 } });
  const ended = await stage.run('refresh', 'orders', '5');
  expect(ended).toMatchObject({ code: 3 });
  expect(ended.stdout).toMatch(/5\s+unconfirmed[\s\S]*has not shown that it knows any single order/);
  await stage.simulator.close();
});

test('a refused key ends with exit 1 and costs no more requests than are in flight at once', async () => {
  const stage = await openStage({ sizes: { orders: 20 } });
  stage.simulator.revokeKey();
  const ended = await stage.run('refresh', 'orders', '5', '6', '7');
  expect(ended).toMatchObject({ code: 1 });
  expect(ended.stderr).toContain('Check HIVE_API_KEY');
  expect(stage.simulator.stats().requests).toBeLessThanOrEqual(5);
  await stage.simulator.close();
});

test.each<[string, string[], Record<string, string>, string]>([
  [
    'an id that is none',
    ['orders', '5', 'x7', '-1', '0'],
    {},
    '"x7", "-1", "0" cannot be the id of a record. Expected positive',
  ],
  ['no id', ['orders'], {}, "missing required argument 'id'"],
  ['an unknown collection', ['odrers', '5'], {}, 'no collection "odrers"'],
  ['all collections', ['all', '5'], {}, 'Ids belong to one collection'],
  ['no account among several', ['orders', '5'], { HIVE_ACCOUNTS: 'de,fr' }, 'Add --account with one of: de, fr.'],
  ['an unknown account', ['orders', '5', '--account', 'it'], { HIVE_ACCOUNTS: 'de,fr' }, 'There is no account "it"'],
])('%s: one sentence, exit 2, no request', async (_, args, env, sentence) => {
  const stage = await openStage({}, { HIVE_API_KEY_DE: 'k', HIVE_API_KEY_FR: 'k', ...env });
  const ended = await stage.run('refresh', ...args);
  expect(ended.stderr).toContain(sentence);
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(stage.simulator.stats().requests).toBe(0);
  await stage.simulator.close();
});
