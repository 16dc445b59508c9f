import { describe, expect, test } from 'vitest';
import { collections } from '../../../src/collections/index.js';
import { openSimulator } from '../../../src/simulator/index.js';
import { recognise } from '../../../src/sync/webhooks/webhook-shape.js';

const examples = collections.map((collection) => [collection.name, collection] as const);
const nameOf = (body: unknown, hint?: string) => recognise(collections, body, hint).collection?.name;

describe.each(examples)('%s', (name, collection) => {
  test('its record is told by its shape alone, and keeps its id', () => {
    const about = recognise(collections, collection.example);
    expect(about.collection).toBe(collection);
    expect(about).toMatchObject({ recordId: collection.example.id, isWrapped: false, event: undefined });
  });

  test('so it is with nothing in its fields, and in an envelope', () => {
    const empty = Object.fromEntries(Object.keys(collection.example).map((key) => [key, null]));
    expect(nameOf(empty)).toBe(name);
    expect(nameOf({ event_type: 'x', event_id: '1', timestamp: '', data: empty })).toBe(name);
  });
});

test('every record of the simulator is told by its shape', async () => {
  const simulator = await openSimulator({
    sizes: { orders: 50, shipments: 50, returns: 50, restocking_shipments: 40 },
  });
  for (const { name } of collections) {
    const wrong = simulator.truth(name as 'orders').filter((record) => nameOf(record) !== name);
    expect(wrong, name).toEqual([]);
  }
  await simulator.close();
});

test.each([
  ['delivery_status_updated', 'shipments'],
  ['shipment_status_updated', 'shipments'],
  ['restocking_shipment_status_updated', 'restocking_shipments'],
  ['return_status_updated', 'returns'],
  ['return.status_updated', 'returns'],
  ['order.status_updated', 'orders'],
  ['Shipment.Status_Updated', 'shipments'],
])('the event %s names %s where the shape says nothing', (event, name) => {
  expect(nameOf({ id: 1, status: 'x' }, event)).toBe(name);
  expect(nameOf({ event_type: event, event_id: 'e', timestamp: '2026-01-01T00:00:00Z', data: { id: 1 } })).toBe(name);
});

test('the shape outweighs a wrong name', () => {
  const [, shipments] = examples.find(([name]) => name === 'shipments') ?? [];
  expect(nameOf(shipments?.example, 'return_status_updated')).toBe('shipments');
});

test('an envelope says when its event happened', () => {
  const body = {
    event_type: 'order.status_updated',
    event_id: 'e',
    timestamp: '2026-01-01T00:00:00Z',
    data: { id: 7 },
  };
  expect(recognise(collections, body)).toMatchObject({ recordId: 7, isWrapped: true, eventAt: Date.UTC(2026, 0, 1) });
  expect(recognise(collections, { ...body, timestamp: 'soon' }).eventAt).toBeUndefined();
});

test.each<[string, unknown]>([
  ['an empty object', {}],
  ['one field that only orders have', { id: 1, currency: 'EUR' }],
  ['another product', { type: 'ping', hook_id: 3 }],
  ['a list', [{ id: 1 }]],
  ['a text', 'hello'],
  ['null', null],
])('%s fits no collection', (_what, body) => {
  expect(nameOf(body)).toBeUndefined();
});

test('what is no object has no collection, whatever the event', () => {
  expect(nameOf([], 'return_status_updated')).toBeUndefined();
});
