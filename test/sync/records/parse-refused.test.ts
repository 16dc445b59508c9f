import { describe, expect, test } from 'vitest';
import { orders } from '../../../src/collections/orders.js';
import { shipments } from '../../../src/collections/shipments.js';
import { parseRecord } from '../../../src/sync/records/parse.js';

describe('a record is refused, with its payload and a reason', () => {
  test.each<[what: string, payload: unknown, id: number | undefined, errors: string[]]>([
    ['null', null, undefined, ['expected an object, got null']],
    ['a list', [orders.example], undefined, ['expected an object, got array']],
    ['text', 'order 7', undefined, ['expected an object, got string']],
    ['a number', 7, undefined, ['expected an object, got integer']],
    ['no id', { status: 'fulfilled' }, undefined, ['id: expected an integer of at most 2^53 - 1, got nothing']],
    ['an id that is null', { id: null }, undefined, ['id: expected an integer of at most 2^53 - 1, got null']],
    ['an id in text', { id: '7' }, undefined, ['id: expected an integer of at most 2^53 - 1, got string']],
    [
      'an id with decimals',
      { id: 7.5 },
      undefined,
      ['id: expected an integer of at most 2^53 - 1, got number with decimals'],
    ],
    [
      'an id beyond 2^53',
      { id: 2 ** 60 },
      undefined,
      ['id: expected an integer of at most 2^53 - 1, got integer beyond 2^53'],
    ],
    [
      'digits beyond 2^53',
      { id: '9007199254740993' },
      undefined,
      ['id: expected an integer of at most 2^53 - 1, got integer beyond 2^53'],
    ],
    ['a list of texts for items', { id: 7, items: ['a'] }, 7, ['items: expected objects in the list, got string']],
    ['a null among the items', { id: 7, items: [{}, null] }, 7, ['items: expected objects in the list, got null']],
    ['text for items', { id: 7, items: 'two' }, 7, ['items: expected a list of objects, got string']],
    ['a number for items', { id: 7, items: 0 }, 7, ['items: expected a list of objects, got integer']],
  ])('%s', (_what, payload, id, errors) => {
    expect(parseRecord(orders, payload)).toMatchObject({ ok: false, id, errors, raw: payload });
  });

  test('beyond the bounds, with its id and the start of it as text', () => {
    const huge = parseRecord(orders, { id: 7, note: 'x'.repeat(5 * 2 ** 20) });
    expect(huge).toMatchObject({
      ok: false,
      id: 7,
      raw: { json: expect.stringMatching(/^{"id":7,"note":"xx/), cut: true },
    });
    expect(huge).toHaveProperty('errors', [expect.stringMatching(/^it has more than 4194304 bytes: 52428\d\d$/)]);
    for (const levels of [101, 4_000, 200_000]) {
      const tags = JSON.parse('['.repeat(levels) + ']'.repeat(levels));
      const deep = parseRecord(orders, { tags, id: 7 });
      expect(deep).toMatchObject({ ok: false, id: 7, errors: ['it is nested more than 100 times'] });
      expect(deep).toHaveProperty('raw.json', expect.stringMatching(/^{"id":7,"tags":\[\[/));
      expect(deep).toHaveProperty('raw.cut', levels > 100_000);
      expect(parseRecord(orders, tags)).toMatchObject({ ok: false, id: undefined });
    }
    expect(parseRecord(orders, { id: 7, new: JSON.parse('['.repeat(99) + ']'.repeat(99)) }).ok).toBe(true);
    expect(parseRecord(orders, { id: 7, note: 'x'.repeat(4 * 2 ** 20 - 100) }).ok).toBe(true);
  });

  test('when our own code stumbles over it', () => {
    const broken = { ...orders, fields: { ...orders.fields, status: { kind: 'none' as 'text', comment: '' } } };
    const result = parseRecord(broken, { id: 7, status: 'fulfilled' });
    expect(result).toMatchObject({ ok: false, id: 7, raw: { json: '{"id":7,"status":"fulfilled"}', cut: false } });
    expect(result).toHaveProperty('errors', [expect.stringMatching(/^it could not be read: /)]);
  });

  test('with the first of its errors, however many there are', () => {
    const items = Array.from({ length: 1_000 }, () => ({ batches: 'x' }));
    const result = parseRecord(shipments, { id: 7, items });
    expect(result).toHaveProperty('errors.length', 21);
    expect(result).toHaveProperty('errors.20', 'and 980 more');
  });

  test('every list that is wrong is named', () => {
    const result = parseRecord(shipments, { id: 7, items: [{ batches: [1] }, { batches: 'x' }] });
    expect(result).toMatchObject({
      ok: false,
      errors: [
        'items[].batches: expected objects in the list, got integer',
        'items[].batches: expected a list of objects, got string',
      ],
    });
  });

  test('equal payloads have equal hashes, so that the same trouble is recognised', () => {
    const [one, other] = [
      { name: 'x', a: 1 },
      { a: 1, name: 'x' },
    ].map((payload) => parseRecord(orders, payload));
    expect(one).toHaveProperty('hash', other && !other.ok ? other.hash : '');
  });

  test('no reason holds a value of the record', () => {
    const secret = 'jane@example.com';
    const result = parseRecord(orders, { id: secret, items: secret });
    expect(result.ok ? [] : result.errors.join()).not.toContain(secret);
  });
});

describe('what PostgreSQL cannot hold', () => {
  test('is escaped in row and payload, and reported', () => {
    const result = parseRecord(orders, { id: 7, payment_method: 'a\u0000b', tags: ['\ud83d'] });
    expect(result).toMatchObject({
      ok: true,
      record: {
        row: { payment_method: 'a\\u0000b', tags: ['\\ud83d'] },
        raw: { payment_method: 'a\\u0000b', tags: ['\\ud83d'] },
        drift: [
          { path: 'payment_method', kind: 'unstorable_text' },
          { path: 'tags[]', kind: 'unstorable_text' },
        ],
      },
    });
  });
});

describe('fields that the description does not know', () => {
  test('are reported with their path and type, and stay in the payload', () => {
    const payload = { id: 7, gift: true, items: [{ colour: 'red' }], shipping_address: { floor: 2 } };
    const result = parseRecord(orders, payload);
    expect(result).toMatchObject({
      ok: true,
      record: {
        raw: payload,
        drift: [
          { path: 'gift', kind: 'unknown_field', seen: 'boolean', expected: null },
          { path: 'items[].colour', kind: 'unknown_field', seen: 'string', expected: null },
          { path: 'shipping_address.floor', kind: 'unknown_field', seen: 'integer', expected: null },
        ],
      },
    });
  });

  test('inside free JSON nothing is unknown', () => {
    expect(parseRecord(orders, { id: 7, custom_metadata: { any: { thing: 1 } } })).toMatchObject({
      ok: true,
      record: { drift: [] },
    });
  });

  test('with a name of any length are reported under the start of it', () => {
    const result = parseRecord(orders, { id: 7, ['x'.repeat(5_000)]: 1 });
    expect(result).toMatchObject({ ok: true, record: { drift: [{ path: 'x'.repeat(200) }] } });
  });
});

test('created_at is known in epoch milliseconds, and undefined when the record has none that can be read', () => {
  const createdAt = (created_at: unknown) => {
    const result = parseRecord(orders, { id: 7, created_at });
    return result.ok ? result.record.createdAt : 'refused';
  };
  expect(createdAt('2022-11-01T17:42:07.409+01:00')).toBe(Date.UTC(2022, 10, 1, 16, 42, 7, 409));
  expect(createdAt('yesterday')).toBeUndefined();
  expect(createdAt(undefined)).toBeUndefined();
});
