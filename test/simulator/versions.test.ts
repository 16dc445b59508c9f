// The full history of an account: every version of every record, and when it stood.
import { expect, test } from 'vitest';
import { openSimulator } from '../../src/simulator/index.js';

test('every version is known with its time, over changes, deletions and restorations', async () => {
  let now = 1_000_000_000_000;
  const sim = await openSimulator({ sizes: { orders: 2 }, backdatedShare: 0, now: () => now, keepsVersions: true });
  const [newest] = sim.truth('orders');
  const id = newest?.id ?? 0;
  const at = (ms: number) => {
    now = 1_000_000_000_000 + ms;
    return now;
  };
  at(10);
  sim.apply({ kind: 'update', collection: 'orders', id, patch: { payment_method: 'x' } });
  at(20);
  sim.apply({ kind: 'delete', collection: 'orders', id });
  expect(sim.count('orders')).toBe(1);
  at(30);
  sim.apply({ kind: 'restore', collection: 'orders', id });
  const versions = sim.versions('orders').get(id) ?? [];
  const since = 1_000_000_000_000;
  expect(versions.map(({ from, to }) => [from, to])).toEqual([
    [-Infinity, since + 10],
    [since + 10, since + 20],
    [since + 30, Infinity],
  ]);
  expect(versions.map(({ record }) => record.payment_method)).toEqual([newest?.payment_method, 'x', 'x']);
  expect(sim.truth('orders')[0]?.id).toBe(id);
  expect(sim.versions('orders').size).toBe(2);
  await sim.close();
});

test('a record that is there cannot be restored, and nothing is kept unless asked for', async () => {
  const sim = await openSimulator({ sizes: { orders: 1 }, backdatedShare: 0 });
  const id = sim.truth('orders')[0]?.id ?? 0;
  expect(() => sim.apply({ kind: 'restore', collection: 'orders', id })).toThrow('is not deleted');
  expect(() => sim.versions('orders')).toThrow('keepsVersions');
  await sim.close();
});
