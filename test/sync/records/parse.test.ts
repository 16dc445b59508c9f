import { describe, expect, test } from 'vitest';
import { collectionNamed } from '../../../src/collections/index.js';
import type { Collection } from '../../../src/sync/collection.js';
import { parseRecord } from '../../../src/sync/records/parse.js';

function named(name: string): Collection {
  const collection = collectionNamed(name);
  if (collection === undefined) throw new Error(`no collection ${name}`);
  return collection;
}

const parse = (collection: string, changes: object) =>
  parseRecord(named(collection), { ...named(collection).example, ...changes });

function accepted(collection: string, changes: object) {
  const result = parse(collection, changes);
  if (!result.ok) throw new Error(`refused: ${result.errors.join('; ')}`);
  return result.record;
}

const type = (path: string, seen: string, expected: string) => ({ path, kind: 'type', seen, expected });
/** Nothing of it landed. */
const loss = (path: string, seen: string, expected: string) => ({ path, kind: 'loss', seen, expected });
const INT = 'integer of at most 32 bits';
const INSTANT = 'ISO 8601 date-time with offset';
const DATE = 'ISO 8601 date';

describe('a value of each kind', () => {
  test.each<[collection: string, field: string, given: unknown, stored: unknown, drift: object | undefined]>([
    ['orders', 'total_price_in_cents', 4990, 4990, undefined],
    ['orders', 'total_price_in_cents', null, null, undefined],
    ['orders', 'total_price_in_cents', '', null, undefined],
    ['orders', 'total_price_in_cents', '12', 12, type('total_price_in_cents', 'string', 'integer (cents)')],
    ['orders', 'total_price_in_cents', '12.5', null, loss('total_price_in_cents', 'string', 'integer (cents)')],
    [
      'orders',
      'total_price_in_cents',
      12.5,
      null,
      loss('total_price_in_cents', 'number with decimals', 'integer (cents)'),
    ],
    [
      'orders',
      'total_price_in_cents',
      2 ** 53,
      null,
      loss('total_price_in_cents', 'integer beyond 2^53', 'integer (cents)'),
    ],
    ['orders', 'total_price_in_cents', 2 ** 53 - 1, 2 ** 53 - 1, undefined],
    ['orders', 'total_price_in_cents', '9007199254740993', '9007199254740993', undefined],
    ['orders', 'total_price_in_cents', '9223372036854775807', '9223372036854775807', undefined],
    ['orders', 'total_price_in_cents', '-9223372036854775808', '-9223372036854775808', undefined],
    [
      'orders',
      'total_price_in_cents',
      '9223372036854775808',
      null,
      loss('total_price_in_cents', 'integer beyond 2^63', 'integer (cents)'),
    ],
    ['orders', 'total_price_in_cents', '123.00', null, loss('total_price_in_cents', 'string', 'integer (cents)')],
    ['orders', 'total_price_in_cents', '-0012', -12, type('total_price_in_cents', 'string', 'integer (cents)')],
    ['orders', 'total_price_in_cents', ' 12', null, loss('total_price_in_cents', 'string', 'integer (cents)')],
    ['orders', 'created_at', '2022-11-01T17:42:07+0100', '2022-11-01T16:42:07.000Z', undefined],
    ['orders', 'created_at', '2022-11-01T17:42:07-01', '2022-11-01T18:42:07.000Z', undefined],
    ['orders', 'created_at', '2022-11-01t17:42:07z', '2022-11-01T17:42:07.000Z', undefined],
    ['orders', 'created_at', '2022-11-01 17:42:07 +0100', '2022-11-01T16:42:07.000Z', undefined],
    ['orders', 'created_at', '2022-11-01 17:42:07 UTC', '2022-11-01T17:42:07.000Z', undefined],
    ['orders', 'created_at', '2022-11-01 17:42:07', null, loss('created_at', 'string', INSTANT)],
    ['orders', 'created_at', '2022-11-01T24:00:00Z', null, loss('created_at', 'string', INSTANT)],
    ['orders', 'created_at', '01/11/2022 17:42', null, loss('created_at', 'string', INSTANT)],
    ['orders', 'total_price_in_cents', true, null, loss('total_price_in_cents', 'boolean', 'integer (cents)')],
    ['orders', 'total_price_in_cents', [1], null, loss('total_price_in_cents', 'array', 'integer (cents)')],
    ['orders', 'total_price_in_cents', 'a lot', null, loss('total_price_in_cents', 'string', 'integer (cents)')],
    ['orders', 'merchant_order_id', 12, '12', type('merchant_order_id', 'integer', 'string')],
    ['orders', 'merchant_order_id', false, 'false', type('merchant_order_id', 'boolean', 'string')],
    ['orders', 'merchant_order_id', {}, null, loss('merchant_order_id', 'object', 'string')],
    ['orders', 'merchant_order_id', '', '', undefined],
    ['orders', 'created_at', '2022-11-01T17:42:07.409+01:00', '2022-11-01T16:42:07.409Z', undefined],
    ['orders', 'created_at', '2022-11-01T17:42:07Z', '2022-11-01T17:42:07.000Z', undefined],
    ['orders', 'created_at', '2022-11-01T17:42:07+23:59', '2022-10-31T17:43:07.000Z', undefined],
    ['orders', 'created_at', `2022-11-01T17:42:07.${'1'.repeat(300)}Z`, '2022-11-01T17:42:07.111Z', undefined],
    ['orders', 'created_at', '2022-11-01T17:42:07', null, loss('created_at', 'string', INSTANT)],
    ['orders', 'created_at', '2022-02-30T00:00:00Z', null, loss('created_at', 'string', INSTANT)],
    ['orders', 'created_at', '0000-01-01T00:00:00Z', null, loss('created_at', 'string', INSTANT)],
    ['orders', 'created_at', '0001-01-01T00:00:00+05:00', null, loss('created_at', 'string', INSTANT)],
    ['orders', 'created_at', '9999-12-31T23:59:59-05:00', null, loss('created_at', 'string', INSTANT)],
    ['orders', 'created_at', 1667320927, null, loss('created_at', 'integer', INSTANT)],
    ['orders', 'created_at', '1667320927', null, loss('created_at', 'string', INSTANT)],
    ['orders', 'created_at', '', null, undefined],
    ['orders', 'tags', [], [], undefined],
    ['orders', 'tags', '', null, undefined],
    ['orders', 'tags', 'first', null, loss('tags', 'string', 'array of strings')],
    ['orders', 'tags', ['a', 1], null, loss('tags', 'array', 'array of strings')],
    ['orders', 'custom_metadata', 'text', 'text', undefined],
    ['orders', 'custom_metadata', [1, { a: '' }], [1, { a: '' }], undefined],
    ['orders', 'custom_metadata', '', '', undefined],
    ['skus', 'weight_in_kg', 0.3, 0.3, undefined],
    ['skus', 'weight_in_kg', '0.3', 0.3, type('weight_in_kg', 'string', 'number')],
    ['skus', 'weight_in_kg', '1e3', null, loss('weight_in_kg', 'string', 'number')],
    ['skus', 'weight_in_kg', '9'.repeat(400), null, loss('weight_in_kg', 'integer beyond 2^63', 'number')],
    ['skus', 'weight_in_kg', '9'.repeat(5), 99_999, type('weight_in_kg', 'string', 'number')],
    ['skus', 'weight_in_kg', JSON.parse('1e999'), null, loss('weight_in_kg', 'number with decimals', 'number')],
    ['skus', 'batch_tracking_enabled', 'true', null, loss('batch_tracking_enabled', 'string', 'boolean')],
    ['skus', 'batch_tracking_enabled', 1, null, loss('batch_tracking_enabled', 'integer', 'boolean')],
    ['restocking_shipments', 'estimated_arrival_date', '2022-12-01T10:00:00.000+01:00', '2022-12-01', undefined],
    [
      'restocking_shipments',
      'estimated_arrival_date',
      '2022-13-01',
      null,
      loss('estimated_arrival_date', 'string', DATE),
    ],
    ['restocking_shipments', 'estimated_arrival_date', '2022-12-01 10:00:00', '2022-12-01', undefined],
    [
      'restocking_shipments',
      'estimated_arrival_date',
      '2022-12-01T25:00:00Z',
      null,
      loss('estimated_arrival_date', 'string', DATE),
    ],
    ['restocking_shipments', 'estimated_arrival_date', '', null, undefined],
    ['restocking_shipments', 'warehouse_id', -1, -1, undefined],
  ])('%s.%s %j is stored as %j', (collection, field, given, stored, drift) => {
    const record = accepted(collection, { [field]: given });
    expect(record.row[field]).toEqual(stored);
    expect(record.drift).toMatchObject(drift === undefined ? [] : [drift]);
    expect(record.lost).toEqual(drift !== undefined && stored === null ? [field] : []);
  });
});

describe('enumerations', () => {
  test.each(['lost_in_space', 'constructor', 'toString', '__proto__'])(
    'the unknown value %s is stored and reported',
    (value) => {
      const record = accepted('orders', { status: value });
      expect(record.row.status).toBe(value);
      expect(record.drift).toMatchObject([
        { path: 'status', kind: 'value', seen: value, expected: 'fulfillable | unfulfillable | fulfilled' },
      ]);
    },
  );

  test('a report holds the start of a long value, and never half a character', () => {
    const [unknown] = accepted('orders', { gift: { note: 'Für Ada, 42' } }).drift;
    expect(unknown?.sample).toBe('{"aaaa":"aaa aaa, 99"}');
    const [drift] = accepted('orders', { status: `${'x'.repeat(79)}😀` }).drift;
    expect(drift?.seen).toBe('x'.repeat(79));
  });

  test('an empty text is only known where the description lists it', () => {
    expect(accepted('returns', { return_reason: '' }).drift).toEqual([]);
    expect(accepted('returns', { status: '' }).drift).toMatchObject([{ path: 'status', kind: 'value', seen: '' }]);
  });
});

describe('parts of a record', () => {
  const item = { quantity: 1 };

  test('a quantity beyond 32 bits is null in its row, and the others land', () => {
    const record = accepted('orders', { items: [{ quantity: 2_147_483_648 }, { quantity: 2_147_483_647 }] });
    expect(record.children.order_items?.map((row) => row.quantity)).toEqual([null, 2_147_483_647]);
    expect(record.drift).toMatchObject([loss('items[].quantity', 'integer', INT)]);
    expect(record).toMatchObject({
      lost: ['order_items.quantity'],
      lostParts: [{ table: 'order_items', position: 1, columns: ['quantity'] }],
    });
  });

  test.each([
    ['sku_id, merchant_sku_id', { sku_id: 9, merchant_sku_id: 'A' }],
    ['sku{id, merchant_sku_id}', { sku: { id: 9, merchant_sku_id: 'A' } }],
    ['sku{id, sku_code}', { sku: { id: 9, sku_code: 'A' } }],
    ['both, and the flat one wins', { sku_id: 9, merchant_sku_id: 'A', sku: { id: 1, sku_code: 'B' } }],
    ['flat ones that are null', { sku_id: null, merchant_sku_id: null, sku: { id: 9, sku_code: 'A' } }],
  ])('the SKU of a shipment item is found in the form %s', (_form, sku) => {
    const record = accepted('shipments', { items: [{ ...item, ...sku }] });
    expect(record.children.shipment_items).toMatchObject([{ position: 1, sku_id: 9, merchant_sku_id: 'A' }]);
    expect(record.drift).toMatchObject([]);
  });

  test.each([
    ['objects', [{ serial_number: 'a' }, { serial_number: 'b' }], ['a', 'b'], []],
    ['texts', ['a', 'b'], ['a', 'b'], []],
    ['none', [], [], []],
    ['an empty text', '', null, []],
    ['objects without the key', [{ number: 'a' }], null, ['unknown_field', 'loss']],
    ['text', 'a', null, ['loss']],
  ])('serial numbers as %s', (_form, serial_numbers, stored, drift) => {
    const record = accepted('shipments', { items: [{ serial_numbers }] });
    expect(record.children.shipment_items?.[0]?.serial_numbers).toEqual(stored);
    expect(record.drift.map(({ kind }) => kind)).toEqual(drift);
  });

  test('a lone object is a list of one, and reported', () => {
    const record = accepted('orders', { items: item });
    expect(record.children.order_items).toHaveLength(1);
    expect(record.drift).toMatchObject([type('items', 'object', 'array of objects')]);
  });

  test.each([null, undefined, []])('%j is a list without parts', (items) => {
    expect(accepted('orders', { items })).toMatchObject({ children: { order_items: [] }, drift: [] });
  });

  test('parts of parts count through the record and name their parent', () => {
    const batches = [{ name: 'a' }, { name: 'b' }];
    const { children } = accepted('shipments', { items: [{ batches }, {}, { batches }] });
    expect(children.shipment_item_batches?.map((row) => [row.position, row.item_position, row.name])).toEqual([
      [1, 1, 'a'],
      [2, 1, 'b'],
      [3, 3, 'a'],
      [4, 3, 'b'],
    ]);
  });

  test.each([
    ['a list', [{ city: 'Volos' }], 'array'],
    ['an empty list', [], 'array'],
    ['text', 'Volos', 'string'],
    ['a number', 7, 'integer'],
  ])('a nested object that is %s leaves its columns null, and is reported', (_what, shipping_address, seen) => {
    const record = accepted('orders', { shipping_address });
    expect(record.row.shipping_city).toBeNull();
    expect(record.drift).toMatchObject([loss('shipping_address', seen, 'object')]);
    expect(record.lost).toEqual(
      Object.keys(record.row)
        .filter((name) => name.startsWith('shipping_'))
        .sort(),
    );
  });
});
