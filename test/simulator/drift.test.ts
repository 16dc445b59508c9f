// Changes to the account, at once or scripted for the moment before a request.
import { describe, expect, it } from 'vitest';
import { collectionNames, SimulatorOptionError } from '../../src/simulator/index.js';
import { getPage, noRecords, send, walk, withSimulator } from './support.js';

const small = {
  ...noRecords,
  skus: 10,
  warehouses: 2,
  orders: 100,
  shipments: 50,
  returns: 30,
  restocking_shipments: 30,
};

describe('a change', () => {
  it('inserts at the head of the list, in the first state, with the values given', async () => {
    await withSimulator({ sizes: small }, async (sim) => {
      for (const collection of collectionNames) {
        const made = sim.apply({ kind: 'insert', collection, value: { tags: ['new'] } });
        expect(sim.truth(collection)[0]).toBe(made);
        expect(made?.tags).toEqual(['new']);
        expect((await send(`${sim.url}/${collection}/${made?.id}`)).json).toEqual(made);
      }
      expect(sim.truth('orders')[0]?.status).toBe('fulfillable');
      expect(sim.truth('shipments')[0]?.status).toBe('waiting_for_picking');
    });
  });

  it.each([0, 1, 37, 99, 100])('inserts a back-dated record with the highest id at position %i', async (position) => {
    await withSimulator({ sizes: small, ties: { share: 0 } }, async (sim) => {
      const before = sim.truth('orders');
      const made = sim.apply({ kind: 'insertBackdated', collection: 'orders', position });
      const after = sim.truth('orders');
      expect(after[position]).toBe(made);
      expect([...after.slice(0, position), ...after.slice(position + 1)]).toEqual(before);
      expect(Math.max(...before.map(({ id }) => id))).toBeLessThan(made?.id ?? 0);
      const times = after.map(({ created_at }) => Date.parse(String(created_at)));
      expect(times).toEqual([...times].sort((a, b) => b - a));
    });
  });

  it('inserts at a given created_at, and stands before those with the same', async () => {
    await withSimulator({ sizes: small }, async (sim) => {
      const createdAt = String(sim.truth('orders')[30]?.created_at);
      const ids = Array.from({ length: 45 }, () => {
        return sim.apply({ kind: 'insertBackdated', collection: 'orders', createdAt })?.id ?? 0;
      });
      const run = sim.truth('orders').filter((order) => order.created_at === createdAt);
      expect(run.slice(0, 45).map(({ id }) => id)).toEqual(ids.reverse());
    });
  });

  it('updates by id or position, and moves the record only when its created_at changes', async () => {
    await withSimulator({ sizes: small }, async (sim) => {
      const [, , third] = sim.truth('orders');
      const patch = { status: 'unfulfillable', shipping_address: { city: 'Volos' }, surprise: { a: null } };
      const changed = sim.apply({ kind: 'update', collection: 'orders', position: 2, patch });
      expect(changed).toMatchObject({ ...patch, id: third?.id });
      expect(changed).toHaveProperty('shipping_address.line1');
      expect(sim.truth('orders')[2]).toBe(changed);
      const created_at = String(sim.truth('orders').at(-1)?.created_at);
      sim.apply({ kind: 'update', collection: 'orders', id: third?.id ?? 0, patch: { created_at } });
      expect(sim.truth('orders')[2]?.id).not.toBe(third?.id);
      expect(
        sim
          .truth('orders')
          .slice(-2)
          .map(({ id }) => id),
      ).toContain(third?.id);
      expect(sim.count('orders')).toBe(100);
    });
  });

  it('moves a record along its statuses to the end', async () => {
    await withSimulator({ sizes: small }, async (sim) => {
      const made = sim.apply({ kind: 'insert', collection: 'shipments' });
      const id = made?.id ?? 0;
      for (let n = 0; n < 10; n++) sim.apply({ kind: 'update', collection: 'shipments', id, step: true });
      expect(sim.truth('shipments')[0]).toMatchObject({ id, status: 'shipped', delivery_status: 'Delivered' });
      expect(sim.truth('shipments')[0]?.delivered_at).toEqual(expect.any(String));
      expect(() => sim.apply({ kind: 'update', collection: 'shipments', id, step: true })).toThrow(
        SimulatorOptionError,
      );
      const restocking = sim.apply({ kind: 'insert', collection: 'restocking_shipments' });
      const steps = Array.from({ length: 4 }, () => {
        return sim.apply({ kind: 'update', collection: 'restocking_shipments', id: restocking?.id ?? 0, step: true });
      });
      expect(steps.map((step) => step?.status)).toEqual(['delivered', 'arrived', 'processing', 'restocked']);
      expect(steps[3]).toHaveProperty('restocking_shipment_items.0.arrived_quantity');
    });
  });

  it('deletes by position or id, generated and inserted records alike', async () => {
    await withSimulator({ sizes: small }, async (sim) => {
      const before = sim.truth('orders');
      const gone = sim.apply({ kind: 'delete', collection: 'orders', position: 21 });
      expect(gone).toEqual(before[21]);
      expect(sim.truth('orders')).toEqual(before.filter(({ id }) => id !== gone?.id));
      expect((await send(`${sim.url}/orders/${gone?.id}`)).status).toBe(404);
      const made = sim.apply({ kind: 'insertBackdated', collection: 'orders', position: 50 });
      sim.apply({ kind: 'delete', collection: 'orders', id: made?.id ?? 0 });
      expect(sim.count('orders')).toBe(99);
      expect(() => sim.apply({ kind: 'delete', collection: 'orders', id: gone?.id ?? 0 })).toThrow(
        SimulatorOptionError,
      );
    });
  });

  it('leaves every list consistent, however many there are', async () => {
    await withSimulator({ sizes: { ...small, orders: 500 } }, async (sim) => {
      let model = sim.truth('orders').map(({ id }) => id);
      for (let n = 0; n < 1500; n++) {
        const position = (n * 7919) % model.length;
        if (n % 3 === 0) {
          model = model.toSpliced(position, 1);
          sim.apply({ kind: 'delete', collection: 'orders', position });
        } else {
          const made = sim.apply({ kind: 'insertBackdated', collection: 'orders', position })?.id ?? 0;
          const place = sim.truth('orders').findIndex(({ id }) => id === made);
          expect(place).toBeLessThanOrEqual(position);
          model = model.toSpliced(place, 0, made);
        }
      }
      expect((await walk(sim, '/orders')).map(({ id }) => id)).toEqual(model);
    });
  });
});

describe('scripted drift', () => {
  it('happens just before the request it names, and is in the history with its number', async () => {
    const drift = [
      { before: { requestNumber: 2 }, do: [{ kind: 'insert', collection: 'orders' } as const] },
      { before: { path: '/orders', page: 3 }, do: [{ kind: 'delete', collection: 'orders', position: 0 } as const] },
    ];
    await withSimulator({ sizes: small, drift }, async (sim) => {
      const counts: number[] = [];
      for (const page of [1, 2, 3, 3]) counts.push((await getPage(sim, `/orders?page=${page}`)).pagination.item_count);
      expect(counts).toEqual([100, 101, 100, 100]);
      const [insert, removal] = sim.history;
      expect(sim.history.map(({ n, kind }) => [n, kind])).toEqual([
        [2, 'insert'],
        [3, 'delete'],
      ]);
      expect(removal?.id).toBe(insert?.id);
    });
  });

  it('can hide a record from a reader of page numbers', async () => {
    const drift = [
      { before: { path: '/orders', page: 2 }, do: [{ kind: 'delete', collection: 'orders', position: 0 } as const] },
    ];
    await withSimulator({ sizes: small, drift }, async (sim) => {
      const read = new Set((await walk(sim, '/orders')).map(({ id }) => id));
      expect(sim.truth('orders').filter(({ id }) => !read.has(id))).toHaveLength(1);
    });
  });

  it('can come back before every request, and change the size of a page', async () => {
    await withSimulator({ sizes: small }, async (sim) => {
      const insert = { kind: 'insert', collection: 'orders' } as const;
      sim.addDrift({ before: { path: '/orders' }, times: Number.POSITIVE_INFINITY, do: [insert, insert] });
      sim.addDrift({ before: { path: '/orders', nth: 2 }, do: [{ kind: 'setItemsPerPage', itemsPerPage: 50 }] });
      expect((await getPage(sim, '/orders')).pagination).toMatchObject({ item_count: 102, items_per_page: 20 });
      const { data, pagination } = await getPage(sim, '/orders');
      expect(pagination).toMatchObject({ item_count: 104, items_per_page: 50, page_count: 3 });
      expect(data).toHaveLength(50);
      sim.clearDrift();
      expect((await getPage(sim, '/orders')).pagination.item_count).toBe(104);
    });
  });

  it('that cannot be applied is answered with 500 and told in the stats', async () => {
    const drift = [{ before: {}, do: [{ kind: 'delete', collection: 'orders', id: 1 } as const] }];
    await withSimulator({ sizes: small, drift }, async (sim) => {
      expect((await send(`${sim.url}/orders`)).status).toBe(500);
      expect(sim.stats().scriptErrors).toEqual(['orders has no record with id 1.']);
    });
  });

  it('waits until the request is not refused for its rate', async () => {
    const drift = [{ before: { requestNumber: 2 }, do: [{ kind: 'insert', collection: 'orders' } as const] }];
    await withSimulator({ sizes: small, drift, rate: { limit: 1 } }, async (sim) => {
      await send(`${sim.url}/orders`);
      expect((await send(`${sim.url}/orders`)).status).toBe(429);
      expect(sim.history).toEqual([]);
      sim.setRate('unlimited');
      expect((await getPage(sim, '/orders')).pagination.item_count).toBe(101);
    });
  });
});
