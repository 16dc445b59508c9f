// The made-up account: the same every time, and true to the API's own description.
import { describe, expect, it } from 'vitest';
import {
  collectionNames,
  type Order,
  type RestockingShipment,
  type Return,
  type Shipment,
  type Sku,
} from '../../src/simulator/index.js';
import { noRecords, withSimulator } from './support.js';

const truthOf = async (seed: number) => {
  let text = '';
  await withSimulator({ seed }, async (sim) => {
    text = JSON.stringify(collectionNames.map((name) => sim.truth(name)));
  });
  return text;
};

describe('the data', () => {
  it('is byte for byte the same for the same seed, and another for another seed', async () => {
    const [first, again, other] = [await truthOf(7), await truthOf(7), await truthOf(8)];
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it('has the sizes asked for, zero included', async () => {
    const sizes = { ...noRecords, orders: 401, skus: 1 };
    await withSimulator({ sizes }, async (sim) => {
      for (const name of collectionNames) {
        expect(sim.truth(name)).toHaveLength(sizes[name]);
        expect(sim.count(name)).toBe(sizes[name]);
      }
    });
  });

  it('never has two records of a collection with one id', async () => {
    await withSimulator({}, async (sim) => {
      for (const name of collectionNames) {
        const ids = sim.truth(name).map((record) => record.id);
        expect(new Set(ids).size).toBe(ids.length);
      }
    });
  });

  it('lists newest first, equal times by falling id, with ties and back-dated orders among them', async () => {
    await withSimulator({ sizes: { orders: 3000 } }, async (sim) => {
      for (const name of ['skus', 'orders', 'shipments', 'returns'] as const) {
        const records = sim.truth(name).map(({ created_at, id }) => ({ ms: Date.parse(String(created_at)), id }));
        const sorted = [...records].sort((a, b) => b.ms - a.ms || b.id - a.id);
        expect(records).toEqual(sorted);
      }
      const orders = sim.truth('orders');
      expect(orders.some((order, n) => order.created_at === orders[n + 1]?.created_at)).toBe(true);
      expect(orders.filter((order, n) => order.id < (orders[n + 1]?.id ?? 0)).length).toBeGreaterThan(20);
    });
  });

  it('only refers to records that exist, and never to younger orders', async () => {
    for (const sizes of [{}, { shipments: 2000 }, { shipments: 300 }, { orders: 3, shipments: 50 }]) {
      await withSimulator({ sizes, ties: { share: 0.5, run: 5 } }, async (sim) => {
        const skus = new Map((sim.truth('skus') as Sku[]).map((sku) => [sku.id, sku.merchant_sku_id]));
        const orders = new Map((sim.truth('orders') as Order[]).map((order) => [order.id, order]));
        const warehouses = new Set(sim.truth('warehouses').map(({ id }) => id));
        const shipments = sim.truth('shipments') as Shipment[];
        const returns = sim.truth('returns') as Return[];
        const restockings = sim.truth('restocking_shipments') as RestockingShipment[];
        const items = [
          ...[...orders.values()].flatMap((order) => order.items),
          ...shipments.flatMap((shipment) => shipment.items),
          ...returns.flatMap((back) => [...back.return_items, ...back.return_line_items]),
          ...restockings.flatMap((restocking) => restocking.restocking_shipment_items),
        ];
        for (const item of items) expect(skus.get(item.sku_id)).toBe(item.merchant_sku_id);
        for (const shipment of shipments) {
          const order = orders.get(shipment.order_id ?? -1);
          expect(order?.merchant_order_id).toBe(shipment.merchant_order_id);
          expect(Date.parse(shipment.created_at)).toBeGreaterThanOrEqual(Date.parse(order?.created_at ?? ''));
          const lines = order?.items.map((item) => item.merchant_item_id) ?? [];
          for (const item of shipment.items)
            if (item.merchant_item_id !== null) expect(lines).toContain(item.merchant_item_id);
        }
        for (const back of returns) expect(orders.get(back.order?.id ?? -1)).toBeDefined();
        for (const { warehouse_id } of [...shipments, ...restockings])
          expect(warehouses.has(warehouse_id ?? -1)).toBe(true);
      });
    }
  });

  it('has one to five lines in an order, split orders, add-ons, and every status', async () => {
    await withSimulator({ sizes: { orders: 20_000, shipments: 22_000 } }, async (sim) => {
      const orders = sim.truth('orders') as Order[];
      const shipments = sim.truth('shipments') as Shipment[];
      expect([...new Set(orders.map((order) => order.items.length))].sort()).toEqual([1, 2, 3, 4, 5]);
      expect(new Set(orders.map((order) => order.status)).size).toBe(3);
      expect(new Set(shipments.map((shipment) => shipment.order_id)).size).toBeLessThan(shipments.length);
      expect(shipments.some((shipment) => shipment.items.some((item) => item.merchant_item_id === null))).toBe(true);
      expect(new Set(shipments.map((shipment) => shipment.status)).size).toBe(10);
      expect(new Set(shipments.map((shipment) => shipment.delivery_status)).size).toBe(7);
      expect(new Set(orders.map((order) => order.merchant_order_id)).size).toBe(orders.length);
    });
  });

  it('has mostly finished orders, except among the newest', async () => {
    await withSimulator({ sizes: { orders: 20_000 } }, async (sim) => {
      const open = (sim.truth('orders') as Order[]).map((order) => order.status === 'fulfillable');
      const oldShare = open.slice(1000).filter(Boolean).length / 19_000;
      expect(open.slice(0, 20).filter(Boolean).length).toBeGreaterThan(10);
      expect(oldShare).toBeGreaterThan(0.001);
      expect(oldShare).toBeLessThan(0.01);
    });
  });

  it('has stock per warehouse and per batch that adds up to the total', async () => {
    await withSimulator({ sizes: { skus: 400 } }, async (sim) => {
      for (const sku of sim.truth('skus') as Sku[]) {
        for (const field of ['stocked', 'reserved', 'total'] as const) {
          const sum = sku.inventory_per_warehouse.reduce((total, part) => total + part[field], 0);
          expect(sum).toBe(sku.inventory[field]);
        }
        if (sku.inventory_batches.length === 0) continue;
        const quantities = sku.inventory_batches.flatMap((batch) => batch.stocked_quantities);
        expect(quantities.reduce((total, part) => total + part.quantity, 0)).toBe(sku.inventory.total);
      }
    });
  });

  it('has counted quantities in restocking shipments only once they are restocked', async () => {
    await withSimulator({ sizes: { restocking_shipments: 400 } }, async (sim) => {
      const shipments = sim.truth('restocking_shipments') as RestockingShipment[];
      for (const { restocking_shipment_items: items, status } of shipments)
        for (const item of items) expect('arrived_quantity' in item).toBe(status === 'restocked');
      expect(new Set(shipments.map(({ status }) => status)).size).toBeGreaterThan(4);
      expect(shipments[0]).not.toHaveProperty('created_at');
    });
  });

  it('has the nulls and the empty strings that the API has', async () => {
    await withSimulator({ sizes: { returns: 5000 } }, async (sim) => {
      const returns = sim.truth('returns') as Return[];
      const reasons = new Set(returns.map((back) => back.return_reason_type));
      expect(reasons).toEqual(new Set([null, '', 'active', 'passive']));
      expect(new Set(returns.map((back) => back.status)).size).toBe(5);
      expect(new Set(returns.map((back) => back.carrier))).toContain('');
    });
  });
});
