// Promise: dead letters can be tried again, and each says what came of it.
import { describe, expect, test } from 'vitest';
import { fileDeadLetters, type NewDeadLetter } from '../../src/db/dead-letters.js';
import { oneBackend, runCli } from '../support/cli.js';
import { openStage, type Stage } from '../support/command.js';
import { expectTablesToEqualTruth, readRows } from '../support/truth.js';

const letter = (changes: Partial<NewDeadLetter>): NewDeadLetter => ({
  account: 'default',
  collection: 'orders',
  kind: 'record',
  runId: null,
  page: null,
  url: null,
  recordId: null,
  httpStatus: null,
  errorCode: 'invalid_record',
  errors: ['id: expected an integer, got null'],
  payload: null,
  attempts: 1,
  fingerprint: `test ${JSON.stringify(changes)}`,
  ...changes,
});

/** One by one, as letters that are filed together are numbered in no particular order. */
const file = (stage: Stage, letters: readonly Partial<NewDeadLetter>[]) =>
  stage.inDatabase(async ({ db }) => {
    for (const one of letters) await fileDeadLetters(db, [letter(one)]);
  });

describe.each(oneBackend())('queue on $name', ({ env }) => {
  test('a page with those around it and a record are asked for again, and only these; a dry run says so first and changes nothing', async () => {
    const stage = await openStage(
      {
        sizes: { orders: 100 },
        faults: [
          { match: { path: '/orders', page: 3 }, respond: { status: 422, body: { errors: ['odd'] } } },
          { match: { path: '/orders', page: 2 }, respond: { patchRecords: [{ index: 5, merge: { items: 'none' } }] } },
        ],
      },
      env,
    );
    const { simulator } = stage;
    const broken = simulator.truth('orders')[25]?.id;
    expect(await stage.run('sync', 'orders')).toMatchObject({ code: 3 });
    const letters = await stage.letters();
    const pageUrl = letters.find(({ kind }) => kind === 'request')?.url ?? '';
    expect(pageUrl).toContain('created_at%5Blte%5D=');
    // The list moves on; the page is pinned where it was.
    for (let i = 0; i < 25; i++) {
      simulator.apply({ kind: 'insert', collection: 'orders', value: { created_at: '2099-01-01T00:00:00.000+01:00' } });
    }

    const before = simulator.stats().requests;
    const plan = await stage.run('dead-letters', 'retry', '--all', '--dry-run');
    expect(plan).toMatchObject({ code: 0 });
    expect(plan.stdout).toContain(`GET ${pageUrl}`);
    expect(plan.stdout).toContain(`GET ${simulator.url}/orders/${broken}`);
    expect(plan.stdout).toContain('At least 2 requests. Nothing was changed.');
    expect(simulator.stats().requests).toBe(before);
    expect(await stage.letters()).toEqual(letters);

    const retried = await stage.run('dead-letters', 'retry', '--collection', 'orders');
    expect(retried).toMatchObject({ code: 0 });
    expect(retried.stdout).not.toContain('still open');
    // The page, and then once more with those around it: together they show that nothing between them is missing.
    const pinned = (page: number) => pageUrl.slice(simulator.url.length).replace('page=3', `page=${page}`);
    expect(stage.requestsSince(before).sort()).toEqual(
      [`/orders/${broken}`, pinned(3), pinned(2), pinned(3), pinned(4)].sort(),
    );
    // The page beside it may show the record first.
    expect(
      (await stage.letters()).every(({ resolution }) => resolution === 'retried' || resolution === 'superseded'),
    ).toBe(true);
    const old = simulator.truth('orders').filter(({ created_at }) => !String(created_at).startsWith('2099'));
    await expectTablesToEqualTruth(stage.url, { truth: () => old }, ['orders']);
    await simulator.close();
  });
});

test('what fails again stays on file with the latest errors, exit 3; a record that is gone comes to rest', async () => {
  const stage = await openStage({
    sizes: { orders: 60, shipments: 0 },
    faults: [
      { match: { path: '/orders', page: 3 }, times: 2, respond: { status: 422, body: { errors: ['odd'] } } },
      {
        match: { path: '/orders', page: 2 },
        respond: {
          patchRecords: [
            { index: 5, merge: { items: 'none' } },
            { index: 6, merge: { items: 'none' } },
          ],
        },
      },
    ],
  });
  const { simulator } = stage;
  expect(await stage.run('sync', 'orders')).toMatchObject({ code: 3 });
  const [gone, broken] = [simulator.truth('orders')[25]?.id ?? 0, simulator.truth('orders')[26]?.id ?? 0];
  simulator.apply({ kind: 'delete', collection: 'orders', id: gone });
  simulator.addFault({
    match: { path: `/orders/${broken}` },
    respond: { patchRecords: [{ index: 0, merge: { items: 7 } }] },
  });

  const ended = await stage.run('dead-letters', 'retry', '--all', '--json');
  expect(ended).toMatchObject({ code: 3 });
  const { letters } = JSON.parse(ended.stdout) as { letters: { record_id: number | null }[] };
  expect(letters.find(({ record_id }) => record_id === null)).toMatchObject({
    resolution: null,
    because: 'odd',
    page: 3,
  });
  expect(letters.find(({ record_id }) => record_id === gone)).toMatchObject({ resolution: 'retried', because: null });
  expect(letters.find(({ record_id }) => record_id === broken)).toMatchObject({
    resolution: null,
    because: 'items: expected a list of objects, got integer',
  });
  expect((await stage.letters({ all: false })).map(({ attempts }) => attempts)).toEqual([2, 2]);

  expect(await stage.run('dead-letters', 'retry', '--kind', 'request')).toMatchObject({ code: 0 });
  // One has gone from the list, so the page before is read as well, and shows the broken one in order by now.
  expect(await stage.letters({ all: false })).toEqual([]);
  await simulator.close();
});

test('stored payloads are read again with the code of today, never over something newer; what cannot be done is said', async () => {
  const stage = await openStage({ sizes: { orders: 20 } });
  const { simulator } = stage;
  const [stored] = simulator.truth('orders');
  // Older than what the sync brings.
  await file(stage, [{ payload: { ...stored, status: 'old' }, fingerprint: 'older' }]);
  expect(await stage.run('sync', 'skus', 'warehouses')).toMatchObject({ code: 0 });
  await file(stage, [
    { payload: { ...stored, id: 4_000_000, items: [] } },
    { payload: { id: null } },
    { kind: 'webhook', payload: { hello: 1 } },
    { account: 'elsewhere', recordId: 5 },
    { kind: 'request', page: 2, url: 'not a url' },
    { collection: 'invoices', recordId: 5 },
  ]);
  expect(await stage.run('refresh', 'orders', String(stored?.id))).toMatchObject({ code: 0 });
  const before = simulator.stats().requests;
  const ended = await stage.run('dead-letters', 'retry', '--all');
  expect(ended).toMatchObject({ code: 3 });
  expect(simulator.stats().requests).toBe(before);
  expect((await stage.letters()).map(({ resolution }) => resolution)).toEqual([
    'superseded',
    'retried',
    ...Array(5).fill(null),
  ]);
  for (const sentence of [
    'Dead letter 3: its payload still cannot be read: id: expected an integer of at most 2^53 - 1, got null.',
    'Dead letter 4: its body still fits no collection.',
    'Dead letter 5: account "elsewhere" is not configured here (HIVE_ACCOUNTS).',
    'Dead letter 6: its address is not known.',
    'Dead letter 7: this release knows no collection "invoices".',
  ]) {
    expect(ended.stdout).toContain(sentence);
  }
  const rows = await stage.inDatabase((database) => readRows(database, 'orders'));
  const [first] = await stage.letters();
  expect(rows.find(({ id }) => id === stored?.id)).toMatchObject({ status: stored?.status });
  const landed = rows.find(({ id }) => id === 4_000_000);
  expect(landed).toMatchObject({ _source: 'record' });
  expect(Date.parse(String(landed?._fetched_at))).toBeGreaterThanOrEqual(first?.first_seen_at.getTime() ?? Infinity);

  const resolved = await stage.run('dead-letters', 'retry', '1');
  expect(resolved).toMatchObject({ code: 0 });
  expect(resolved.stdout).toContain('Dead letter 1: it is resolved already (superseded).');
  await simulator.close();
});

test('letters of several accounts go to their own', async () => {
  const [de, fr] = await Promise.all([1, 2].map((seed) => openStage({ seed, sizes: { orders: 20 } })));
  if (de === undefined || fr === undefined) throw new Error('there are two stages');
  const [german, french] = [de.simulator.truth('orders')[0]?.id ?? 0, fr.simulator.truth('orders')[1]?.id ?? 0];
  await file(de, [
    { account: 'de', recordId: german },
    { account: 'fr', recordId: french },
  ]);
  const ended = await runCli(['dead-letters', 'retry', '--all'], {
    DATABASE_URL: de.url,
    HIVE_ACCOUNTS: 'de,fr',
    HIVE_API_KEY_DE: de.simulator.apiKey,
    HIVE_API_URL_DE: de.simulator.url,
    HIVE_API_KEY_FR: fr.simulator.apiKey,
    HIVE_API_URL_FR: fr.simulator.url,
  });
  expect(ended).toMatchObject({ code: 0 });
  expect(de.requestsSince(0)).toEqual([`/orders/${german}`]);
  expect(fr.requestsSince(0)).toEqual([`/orders/${french}`]);
  const rows = await de.inDatabase((database) => readRows(database, 'orders'));
  expect(rows.map(({ account, id }) => [account, id]).sort()).toEqual(
    [
      ['de', german],
      ['fr', french],
    ].sort(),
  );
  await de.simulator.close();
  await fr.simulator.close();
});

test('a page of a list that cannot be pinned is looked for where new rows have moved it', async () => {
  const stage = await openStage({
    sizes: { shipments: 80 },
    faults: [{ match: { path: '/shipments', page: 2 }, respond: { status: 422, body: { errors: ['odd'] } } }],
  });
  const { simulator } = stage;
  const lost = simulator.truth('shipments').slice(20, 40);
  expect(await stage.run('sync', 'shipments')).toMatchObject({ code: 3 });
  for (let i = 0; i < 15; i++) simulator.apply({ kind: 'insert', collection: 'shipments' });
  const newest = simulator
    .truth('shipments')
    .slice(0, 15)
    .map(({ id }) => String(id));
  expect(await stage.run('refresh', 'shipments', ...newest)).toMatchObject({ code: 0 });
  expect(await stage.run('dead-letters', 'retry', '1')).toMatchObject({ code: 0 });
  const ids = (await stage.inDatabase((database) => readRows(database, 'shipments'))).map(({ id }) => id);
  for (const { id } of lost) expect(ids).toContain(id);
  expect(await stage.letters()).toMatchObject([{ resolution: 'retried' }]);
  await simulator.close();
});

test.each<[string, string[], string]>([
  ['nothing chosen', [], 'Which dead letters? Name them by id, choose with --collection'],
  ['ids and a choice', ['1', '--all'], 'not both'],
  ['an id that is none', ['one'], '"one" is not an id of a dead letter'],
  ['an id that does not exist', ['7', '--dry-run'], 'There is no dead letter 7'],
  ['an unknown kind', ['--kind', 'page'], '--kind is "page"'],
])('%s: one sentence and exit 2', async (_, args, sentence) => {
  const stage = await openStage({});
  const ended = await stage.run('dead-letters', 'retry', ...args);
  expect(ended.stderr).toContain(sentence);
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  await stage.simulator.close();
});
