// What the API lets a merchant change, and how it refuses.
import { describe, expect, it } from 'vitest';
import type { Simulator } from '../../src/simulator/index.js';
import { getPage, send, withSimulator } from './support.js';

const errors = (...sentences: string[]) => ({ success: false, errors: sentences });
const post = (sim: Simulator, path: string, body: unknown) => send(sim.url + path, { method: 'POST', body });
const patch = (sim: Simulator, path: string, body: unknown) => send(sim.url + path, { method: 'PATCH', body });
const idOf = (json: unknown) => (json as { id: number }).id;

describe('a request', () => {
  it('without a key, with a wrong one or after its revocation is refused with 401', async () => {
    await withSimulator({ apiKey: 'right' }, async (sim) => {
      for (const key of [null, 'wrong', '']) {
        const reply = await send(`${sim.url}/orders`, { key });
        expect(reply).toMatchObject({ status: 401, json: errors('authentication required') });
      }
      expect((await send(`${sim.url}/orders`, { key: 'right' })).status).toBe(200);
      sim.revokeKey();
      expect((await send(`${sim.url}/orders`, { key: 'right' })).status).toBe(401);
      sim.restoreKey();
      expect((await send(`${sim.url}/orders`, { key: 'right' })).status).toBe(200);
    });
  });

  it.each(['/nothing', '/orders/1', '/orders/x', '/orders/4962/items', ''])('for %j is answered 404', async (path) => {
    await withSimulator({}, async (sim) => {
      expect(await send(sim.url + path)).toMatchObject({ status: 404, json: errors('not found') });
    });
  });

  it('with broken JSON or another content type is refused with 400', async () => {
    await withSimulator({}, async (sim) => {
      const body = { name: 'A', merchant_sku_id: 'A' };
      const asForm = { method: 'POST', body, contentType: 'application/x-www-form-urlencoded' };
      const replies = [
        await post(sim, '/skus', '{"name":'),
        await post(sim, '/skus', '[]'),
        await send(`${sim.url}/skus`, asForm),
      ];
      for (const reply of replies) expect(reply).toMatchObject({ status: 400, json: errors('bad request') });
    });
  });
});

describe('SKUs', () => {
  it('are created with their required fields, and refused without', async () => {
    await withSimulator({}, async (sim) => {
      const refused = await post(sim, '/skus', {});
      expect(refused).toMatchObject({
        status: 422,
        json: errors("Name can't be blank", "Merchant sku can't be blank"),
      });
      const made = await post(sim, '/skus', { name: 'Cap', merchant_sku_id: 'CAP', weight_in_kg: 0.1, id: 5 });
      expect(made).toMatchObject({
        status: 201,
        json: { name: 'Cap', status: 'active', barcode: null, hs_code: null },
      });
      expect((await getPage(sim, '/skus')).data[0]).toEqual(made.json);
      expect((await post(sim, '/skus', { name: 'Cap', merchant_sku_id: 'CAP' })).json).toEqual(
        errors('Merchant sku has already been taken'),
      );
      expect(sim.history.map(({ kind }) => kind)).toEqual(['insert']);
    });
  });

  it('are updated field by field', async () => {
    await withSimulator({}, async (sim) => {
      const [sku] = sim.truth('skus');
      const changed = await patch(sim, `/skus/${sku?.id}`, { name: 'Renamed', status: 'deleted' });
      expect(changed).toMatchObject({ status: 200, json: { ...sku, name: 'Renamed', status: 'active' } });
      expect(await patch(sim, `/skus/${sku?.id}`, { name: ' ' })).toMatchObject({ status: 422 });
      expect(await patch(sim, '/skus/1', { name: 'x' })).toMatchObject({ status: 404 });
    });
  });

  it('that are deleted stay listed, and come back with the next create or update', async () => {
    await withSimulator({}, async (sim) => {
      const id = idOf((await post(sim, '/skus', { name: 'Cap', merchant_sku_id: 'CAP' })).json);
      const deleted = await send(`${sim.url}/skus/${id}`, { method: 'DELETE' });
      expect(deleted).toMatchObject({ status: 200, json: { id, status: 'deleted' } });
      expect(sim.count('skus')).toBe(61);
      const again = await post(sim, '/skus', { name: 'Cap 2', merchant_sku_id: 'CAP' });
      expect(again.json).toMatchObject({ id, name: 'Cap 2', status: 'active' });
      await send(`${sim.url}/skus/${id}`, { method: 'DELETE' });
      expect((await patch(sim, `/skus/${id}`, {})).json).toMatchObject({ status: 'active' });
    });
  });

  it('are upserted in bulk: what is omitted becomes null, except batch tracking', async () => {
    await withSimulator({}, async (sim) => {
      const first = { name: 'Tea', merchant_sku_id: 'T', barcode: '1', hs_code: '2', batch_tracking_enabled: true };
      const id = idOf((await post(sim, '/skus', first)).json);
      const skus = [
        { name: 'Tea 2', merchant_sku_id: 'T', hs_code: '3' },
        { name: 'New', merchant_sku_id: 'N' },
      ];
      const reply = await post(sim, '/skus/bulk_upsert', { skus });
      expect(reply).toMatchObject({
        status: 200,
        json: [
          { id, name: 'Tea 2', hs_code: '3', barcode: null, batch_tracking_enabled: true },
          { name: 'New', batch_tracking_enabled: false },
        ],
      });
      expect(sim.count('skus')).toBe(62);
    });
  });

  it('are not upserted at all when one is wrong or there are more than a hundred', async () => {
    await withSimulator({}, async (sim) => {
      const good = { name: 'New', merchant_sku_id: 'N' };
      expect(await post(sim, '/skus/bulk_upsert', { skus: [good, {}] })).toMatchObject({ status: 422 });
      expect(await post(sim, '/skus/bulk_upsert', { skus: Array(101).fill(good) })).toMatchObject({ status: 422 });
      expect(await post(sim, '/skus/bulk_upsert', { skus: [] })).toMatchObject({ status: 422 });
      expect(sim.count('skus')).toBe(60);
    });
  });
});

describe('orders', () => {
  const order = (sim: Simulator) => ({
    merchant_order_id: 'web-1',
    shipping_address: { first_name: 'Ada', city: 'Volos', country_code: 'GR' },
    items: [
      { merchant_item_id: '1', merchant_sku_id: sim.truth('skus')[3]?.merchant_sku_id, price_per_unit_in_cents: 900 },
    ],
  });

  it('are created fulfillable, now or at a created_at in the past', async () => {
    await withSimulator({}, async (sim) => {
      const now = await post(sim, '/orders', order(sim));
      expect(now).toMatchObject({
        status: 201,
        json: { status: 'fulfillable', currency: 'EUR', tags: [], custom_metadata: null },
      });
      expect(now.json).toHaveProperty('items.0.sku_id', sim.truth('skus')[3]?.id);
      expect(sim.truth('orders')[0]).toEqual(now.json);
      const body = { ...order(sim), merchant_order_id: 'web-2', created_at: '2026-01-10T10:00:00+01:00' };
      const past = await post(sim, '/orders', body);
      expect(past.json).toMatchObject({ created_at: '2026-01-10T10:00:00.000+01:00' });
      expect(idOf(past.json)).toBeGreaterThan(idOf(now.json));
      expect(sim.truth('orders').findIndex(({ id }) => id === idOf(past.json))).toBeGreaterThan(100);
    });
  });

  it('are refused with sentences', async () => {
    await withSimulator({}, async (sim) => {
      expect((await post(sim, '/orders', {})).json).toEqual(
        errors("Merchant order can't be blank", "Shipping address can't be blank", "Items can't be blank"),
      );
      const taken = { ...order(sim), merchant_order_id: sim.truth('orders')[50]?.merchant_order_id };
      expect((await post(sim, '/orders', taken)).json).toEqual(errors('Merchant order has already been taken'));
      const items = [{ merchant_item_id: '1', sku_id: 1, price_per_unit_in_cents: 1 }];
      expect((await post(sim, '/orders', { ...order(sim), items })).json).toEqual(errors('Sku must exist'));
      expect((await post(sim, '/orders', { ...order(sim), created_at: 'x' })).json).toEqual(
        errors('Created at is invalid'),
      );
    });
  });

  it('are changed and cancelled, but not once they are fulfilled', async () => {
    await withSimulator({}, async (sim) => {
      const id = idOf((await post(sim, '/orders', order(sim))).json);
      const moved = await patch(sim, `/orders/${id}`, { shipping_address: { city: 'Athen' }, tags: ['vip'] });
      expect(moved.json).toMatchObject({ id, tags: ['vip'], shipping_address: { city: 'Athen', country_code: 'GR' } });
      expect((await patch(sim, `/orders/${id}`, { status: 'cancelled' })).json).toMatchObject({
        status: 'unfulfillable',
      });
      expect(await patch(sim, `/orders/${id}`, { status: 'fulfilled' })).toMatchObject({ status: 422 });
      const done = sim.truth('orders').find(({ status }) => status === 'fulfilled');
      expect(await patch(sim, `/orders/${done?.id}`, { tags: [] })).toMatchObject({ status: 422 });
    });
  });
});

describe('restocking shipments', () => {
  const announcement = (sim: Simulator) => ({
    warehouse_id: sim.truth('warehouses')[0]?.id,
    estimated_arrival_date: '2026-12-01',
    delivery_option: 'postal',
    restocking_shipment_items: [{ sku_id: sim.truth('skus')[0]?.id, announced_quantity: 10 }],
  });

  it('are announced with and without the slash at the end, and replaced as a whole', async () => {
    await withSimulator({}, async (sim) => {
      const made = await post(sim, '/restocking_shipments/', { ...announcement(sim), po_number: 'PO' });
      const id = idOf(made.json);
      expect(made).toMatchObject({ status: 201, json: { status: 'shipped', po_number: 'PO', barcode: `RS.${id}` } });
      expect(made.json).not.toHaveProperty('restocking_shipment_items.0.arrived_quantity');
      expect(await post(sim, '/restocking_shipments', announcement(sim))).toMatchObject({ status: 201 });
      const body = { ...announcement(sim), delivery_option: 'courier' };
      const replaced = await send(`${sim.url}/restocking_shipments/${id}/`, { method: 'PUT', body });
      expect(replaced).toMatchObject({ status: 200, json: { id, delivery_option: 'courier', po_number: null } });
    });
  });

  it('are refused when incomplete, or when it is too late to replace them', async () => {
    await withSimulator({}, async (sim) => {
      expect((await post(sim, '/restocking_shipments/', {})).json).toEqual(
        errors(
          'Warehouse must exist',
          "Estimated arrival date can't be blank",
          'Delivery option is not included in the list',
          "Restocking shipment items can't be blank",
        ),
      );
      const done = sim.truth('restocking_shipments').find(({ status }) => status === 'restocked');
      const late = { method: 'PUT', body: announcement(sim) };
      expect(await send(`${sim.url}/restocking_shipments/${done?.id}`, late)).toMatchObject({ status: 422 });
    });
  });
});
