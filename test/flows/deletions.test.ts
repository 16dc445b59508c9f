// Promise: what is gone at the API is marked, never on suspicion alone, and comes back when the API shows it again.
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { orders } from '../../src/collections/orders.js';
import { upsertRecords } from '../../src/db/upsert.js';
import { oneBackend } from '../support/cli.js';
import { parsed } from '../support/collections.js';
import { openStage, type Stage } from '../support/command.js';
import { expectTablesToEqualTruth, readRows } from '../support/truth.js';

const tombstones = (stage: Stage, table = 'orders') =>
  stage.inDatabase(async ({ db }) => {
    const rows = await db.execute<{ id: number }>(
      sql`select id from hive.${sql.identifier(table)} where _deleted_at is not null order by id`,
    );
    return rows.map(({ id }) => id);
  });

const status = async (stage: Stage, name: string) =>
  (
    JSON.parse((await stage.run('status', '--json')).stdout) as {
      accounts: { collections: { collection: string; rows: number; api_count: number }[] }[];
    }
  ).accounts[0]?.collections.find(({ collection }) => collection === name);

describe.each(oneBackend())('queue on $name', ({ env }) => {
  test('a deleted order becomes a tombstone after a confirming GET; it comes back with the API, not with an older page', async () => {
    const stage = await openStage({ sizes: { orders: 60 } }, env);
    const { simulator, url } = stage;
    expect(await stage.run('sync', 'orders')).toMatchObject({ code: 0 });
    const [, , gone] = simulator.truth('orders');
    const id = gone?.id ?? 0;
    simulator.apply({ kind: 'delete', collection: 'orders', id });

    const before = simulator.stats().requests;
    expect(await stage.run('sync', 'orders', '--full')).toMatchObject({ code: 0 });
    expect(await tombstones(stage)).toEqual([id]);
    // Three pages, the head above them, the suspect, and another order as the witness that single orders can be read at all.
    const asked = stage.requestsSince(before);
    expect(asked).toHaveLength(3 + 1 + 2);
    expect(asked.filter((request) => request === `/orders/${id}`)).toHaveLength(1);
    expect(await status(stage, 'orders')).toMatchObject({ rows: 59, api_count: 59 });
    await expectTablesToEqualTruth(url, simulator, ['orders']);

    await stage.inDatabase(async ({ db }) => {
      const record = parsed(orders, { ...gone, status: 'of an older page' });
      const [row] = await db.execute<{ ms: number }>(
        sql`select extract(epoch from _deleted_at)::float8 * 1000 as ms from hive.orders where id = ${id}`,
      );
      for (const requestedAt of [0, row?.ms ?? 0]) {
        const older = { account: 'default', requestedAt, source: 'page', runId: null } as const;
        expect(await upsertRecords(db, orders, [record], older)).toMatchObject({ updated: 0, unchanged: 1 });
      }
    });
    expect(await tombstones(stage)).toEqual([id]);

    // A second deletion needs no witness any more.
    const next = simulator.truth('orders')[5]?.id ?? 0;
    simulator.apply({ kind: 'delete', collection: 'orders', id: next });
    const later = simulator.stats().requests;
    expect(await stage.run('sync', 'orders', '--full')).toMatchObject({ code: 0 });
    expect(stage.requestsSince(later)).toHaveLength(3 + 1 + 1);
    expect(await tombstones(stage)).toEqual([id, next].sort((a, b) => a - b));

    // The list shows the first one again, in the place of another.
    simulator.addFault({
      match: { path: '/orders', page: 1 },
      respond: { patchRecords: [{ index: 0, value: gone }] },
    });
    simulator.addFault({
      match: { path: '/orders', page: 1 },
      respond: { patchRecords: [{ index: 0, value: gone }] },
    });
    expect(await stage.run('sync', 'orders', '--full')).toMatchObject({ code: 0 });
    expect(await tombstones(stage)).toEqual([next]);
    const rows = await stage.inDatabase((database) => readRows(database, 'orders'));
    expect(rows.find((row) => row.id === id)).toMatchObject({ status: gone?.status, _deleted_at: null });
    await simulator.close();
  });
});

test('30 of 100 orders gone at once: no tombstone, exit 3 and what to do; with --allow-deletes they are set', async () => {
  const stage = await openStage({ sizes: { orders: 100 } });
  const { simulator } = stage;
  expect(await stage.run('sync', 'orders')).toMatchObject({ code: 0 });
  const gone = simulator
    .truth('orders')
    .slice(40, 70)
    .map(({ id }) => id);
  for (const id of gone) simulator.apply({ kind: 'delete', collection: 'orders', id });

  const before = simulator.stats().requests;
  const stopped = await stage.run('sync', 'orders', '--full');
  expect(stopped).toMatchObject({ code: 3 });
  expect(stopped.stdout).toContain(
    '30 of 100 rows are no longer listed, too many to believe; if they were really deleted, run: hive-sync sync orders --full --allow-deletes',
  );
  expect(await tombstones(stage)).toEqual([]);
  expect(stage.requestsSince(before)).toHaveLength(4 + 1);

  expect(await stage.run('sync', 'orders', '--full', '--allow-deletes')).toMatchObject({ code: 0 });
  expect(await tombstones(stage)).toEqual(gone.sort((a, b) => a - b));
  await expectTablesToEqualTruth(stage.url, simulator, ['orders']);
  await simulator.close();
});

test('a collection without single records makes no tombstone on a 404: unconfirmed, exit 3', async () => {
  const stage = await openStage({
    sizes: { orders: 60 },
    faults: [{ match: { path: '/orders/*' }, times: null, respond: { status: 404 } }],
  });
  const { simulator } = stage;
  expect(await stage.run('sync', 'orders')).toMatchObject({ code: 0 });
  const [gone] = simulator.truth('orders');
  simulator.apply({ kind: 'delete', collection: 'orders', position: 0 });
  const unsure = await stage.run('sync', 'orders', '--full');
  expect(unsure).toMatchObject({ code: 3 });
  expect(unsure.stdout).toContain('1 row no longer listed, which the API cannot confirm one by one');
  expect(await tombstones(stage)).toEqual([]);

  // Once single orders can be read, the next full sync makes sure.
  simulator.clearFaults();
  expect(await stage.run('sync', 'orders', '--full')).toMatchObject({ code: 0 });
  expect(await tombstones(stage)).toEqual([gone?.id]);
  await simulator.close();
});

test('a record that is listed no more but is found by its id stays', async () => {
  const stage = await openStage({ sizes: { warehouses: 5 } });
  const { simulator } = stage;
  expect(await stage.run('sync', 'warehouses')).toMatchObject({ code: 0 });
  const [hidden] = simulator.truth('warehouses');
  simulator.apply({ kind: 'delete', collection: 'warehouses', position: 0 });
  simulator.addFault({ match: { path: `/warehouses/${hidden?.id}` }, respond: { status: 200, body: hidden } });
  expect(await stage.run('sync', 'warehouses', '--full')).toMatchObject({ code: 0 });
  expect(await tombstones(stage, 'warehouses')).toEqual([]);
  await simulator.close();
});

test('a SKU that the shop deletes stays an ordinary row with status deleted', async () => {
  const stage = await openStage({ sizes: { skus: 30 } });
  const { simulator } = stage;
  expect(await stage.run('sync', 'skus')).toMatchObject({ code: 0 });
  const sku = simulator.truth('skus').find((one) => one.status === 'active');
  const authorization = `Bearer ${simulator.apiKey}`;
  const answer = await fetch(`${simulator.url}/skus/${sku?.id}`, { method: 'DELETE', headers: { authorization } });
  expect(answer.status).toBe(200);
  expect(await stage.run('sync', 'skus', '--full')).toMatchObject({ code: 0 });
  expect(await tombstones(stage, 'skus')).toEqual([]);
  const rows = await stage.inDatabase((database) => readRows(database, 'skus'));
  expect(rows.find(({ id }) => id === sku?.id)).toMatchObject({ status: 'deleted', _deleted_at: null });
  await expectTablesToEqualTruth(stage.url, simulator, ['skus']);
  await simulator.close();
});
