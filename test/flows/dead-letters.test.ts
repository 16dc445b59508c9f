// Promise: what could not be taken in is on file once, comes to rest by itself when it is overtaken, and adds up.
import { describe, expect, test } from 'vitest';
import type { FaultRule } from '../../src/simulator/index.js';
import { oneBackend } from '../support/cli.js';
import { openStage, type Stage } from '../support/command.js';
import { expectTablesToEqualTruth } from '../support/truth.js';

const sizes = { orders: 60 };

/** On page 2 of the orders, one record without an id and one whose items are no list. */
const malformed = (times: number): FaultRule => ({
  match: { path: '/orders', page: 2 },
  times,
  respond: {
    patchRecords: [
      { index: 3, merge: { id: null } },
      { index: 5, merge: { items: 'none' } },
    ],
  },
});

const refusedPage = (times: number): FaultRule => ({
  match: { path: '/orders', page: 3 },
  times,
  respond: { status: 422, body: { success: false, errors: ['page is odd'] } },
});

async function statusOf(stage: Stage, collection: string) {
  const { accounts } = JSON.parse((await stage.run('status', '--json')).stdout) as {
    accounts: { collections: { collection: string; rows: number; api_count: number; open_dead_letters: number }[] }[];
  };
  return accounts[0]?.collections.find((one) => one.collection === collection);
}

test('the closing table tells the pages and records of all readings, and each letter once', async () => {
  const stage = await openStage({ sizes, faults: [malformed(9)] }, oneBackend()[0]?.env);
  stage.simulator.addFault({
    match: { path: '/orders', page: 3 },
    times: 1,
    // The list has become longer meanwhile: it is read once more.
    respond: { patchPagination: { item_count: 61 } },
  });
  const before = stage.simulator.stats().requests;
  const { stdout, code } = await stage.run('sync', 'orders', '--full');
  expect(code).toBe(3);
  const [, pages, records, letters] = /^orders +\w+ +(\d+) +(\d+) .* (\d+)$/m.exec(stdout) ?? [];
  const requests = stage.simulator.stats().requests - before;
  expect(Number(pages)).toBeGreaterThan(3);
  expect(Number(pages)).toBeLessThanOrEqual(requests);
  expect(Number(records)).toBeGreaterThan(20 * (Number(pages) - 1) - 2 * Number(pages));
  expect(Number(letters)).toBe(2);
  await stage.simulator.close();
});

describe.each(oneBackend())('queue on $name', ({ env }) => {
  test('records and a page that failed are letters, one each however often; a good run closes them all', async () => {
    const stage = await openStage({ sizes, faults: [malformed(2), refusedPage(2)] }, { ...env, LOG_LEVEL: 'warn' });
    const [withoutId, withId] = [stage.simulator.truth('orders')[23], stage.simulator.truth('orders')[25]];
    const first = await stage.run('sync', 'orders');
    expect(first).toMatchObject({ code: 3 });
    expect(first.stderr.match(/more open dead letters than before this run/g)).toHaveLength(1);
    expect(first.stderr).toContain('"grown":[{"collection":"orders","now":3,"before":0}]');

    const second = await stage.run('sync', 'orders', '--full');
    expect(second).toMatchObject({ code: 3 });
    expect(second.stderr).not.toContain('more open dead letters');
    const letters = await stage.letters();
    expect(letters).toHaveLength(3);
    expect(letters.every(({ attempts, resolved_at }) => attempts === 2 && resolved_at === null)).toBe(true);
    expect(letters.filter(({ kind }) => kind === 'request')).toMatchObject([{ page: 3, errors: ['page is odd'] }]);
    const records = letters.filter(({ kind }) => kind === 'record');
    expect(new Set(records.map(({ record_id }) => record_id))).toEqual(new Set([null, withId?.id]));
    expect(records.find(({ record_id }) => record_id === null)?.payload).toEqual({ ...withoutId, id: null });

    expect(await stage.run('sync', 'orders', '--full')).toMatchObject({ code: 0 });
    expect((await stage.letters()).map(({ resolution }) => resolution)).toEqual(Array(3).fill('superseded'));
    await expectTablesToEqualTruth(stage.url, stage.simulator, ['orders']);
    await stage.simulator.close();
  });
});

test("the API's count is the rows and the letters of records, with and without ids", async () => {
  const stage = await openStage({ sizes, faults: [malformed(3)] });
  for (const mode of [[], ['--full'], ['--full']]) {
    // Certified (nothing is missing without being named), but not complete.
    const ended = await stage.run('sync', 'orders', ...mode);
    expect(ended).toMatchObject({ code: 3 });
    expect(ended.stdout).toMatch(/orders\s+certified/);
    expect(await statusOf(stage, 'orders')).toMatchObject({ rows: 58, api_count: 60, open_dead_letters: 2 });
  }
  expect((await stage.letters()).map(({ attempts }) => attempts)).toEqual([3, 3]);
  await stage.simulator.close();
});

test('letters of records that have left the list come to rest with its next certificate', async () => {
  const stage = await openStage({ sizes, faults: [malformed(1)] });
  const [withoutId, withId] = [stage.simulator.truth('orders')[23], stage.simulator.truth('orders')[25]];
  expect(await stage.run('sync', 'orders')).toMatchObject({ code: 3 });
  for (const order of [withoutId, withId]) {
    stage.simulator.apply({ kind: 'delete', collection: 'orders', id: order?.id ?? 0 });
  }
  expect(await stage.run('sync', 'orders', '--full')).toMatchObject({ code: 0 });
  expect((await stage.letters()).map(({ resolution }) => resolution)).toEqual(['superseded', 'superseded']);
  expect(await statusOf(stage, 'orders')).toMatchObject({ rows: 58, api_count: 58, open_dead_letters: 0 });
  await stage.simulator.close();
});

test('discarded letters stay discarded while they recur unchanged, and no longer spoil a run; a new form opens one again', async () => {
  const stage = await openStage({ sizes, faults: [malformed(2)] });
  expect(await stage.run('sync', 'orders')).toMatchObject({ code: 3 });
  const noReason = await stage.run('dead-letters', 'discard', '1');
  expect(noReason).toMatchObject({ code: 2, stdout: '' });
  expect(noReason.stderr).toContain("required option '--reason <text>'");
  expect(await stage.run('dead-letters', 'discard', '1', '--reason', ' ')).toMatchObject({ code: 2 });
  expect((await stage.run('dead-letters', 'discard', '1', '77', '--reason', 'x')).stderr).toContain(
    'no dead letter 77',
  );
  expect((await stage.letters()).filter(({ resolved_at }) => resolved_at !== null)).toEqual([]);

  const ended = await stage.run('dead-letters', 'discard', '1', '2', '--reason', 'test orders', '--json');
  expect(ended).toMatchObject({ code: 0 });
  expect(JSON.parse(ended.stdout)).toMatchObject([1, 2].map((id) => ({ id, resolution: 'discarded' })));
  expect((await stage.run('dead-letters', 'show', '1')).stdout).toContain('because     test orders');
  const again = await stage.run('dead-letters', 'discard', '1', '--reason', 'other');
  expect(again).toMatchObject({ code: 0, stdout: '' });
  expect(again.stderr).toContain('Dead letter 1 was resolved already (discarded)');

  expect(await stage.run('sync', 'orders', '--full')).toMatchObject({ code: 0 });
  expect(await stage.letters()).toMatchObject(
    [1, 2].map(() => ({ resolution: 'discarded', resolution_reason: 'test orders', attempts: 2 })),
  );

  stage.simulator.addFault({
    match: { path: '/orders', page: 2 },
    respond: { patchRecords: [{ index: 5, merge: { items: 'still none' } }] },
  });
  expect(await stage.run('sync', 'orders', '--full')).toMatchObject({ code: 3 });
  const [reopened] = await stage.letters({ all: false });
  expect(reopened).toMatchObject({ attempts: 3, resolution: null, resolution_reason: null });
  await stage.simulator.close();
});
