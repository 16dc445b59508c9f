import { expect, test } from 'vitest';
import { canonicalJson, contentHash } from '../../../src/sync/records/content-hash.js';
import fc from '../../support/property.js';

/** The same value with the keys of every object in another order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner)]),
  );
}

test('the order of keys does not count, at any depth', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
    }),
  );
});

test('canonical JSON still says the same', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('a key named __proto__ is a key like any other', () => {
  const odd: unknown = JSON.parse('{"__proto__":{"a":1},"b":2}');
  expect(canonicalJson(odd)).toBe('{"__proto__":{"a":1},"b":2}');
});

test.each([
  ['another value', '{"a":1}', '{"a":2}'],
  ['another type', '{"a":1}', '{"a":"1"}'],
  ['another order of a list', '[1,2]', '[2,1]'],
  ['null instead of nothing', '{"a":null}', '{}'],
  ['a list instead of an object', '[]', '{}'],
  ['an empty text instead of null', '{"a":""}', '{"a":null}'],
])('%s is another content', (_what, one, other) => {
  const [first, second] = [one, other].map((json) => contentHash(canonicalJson(JSON.parse(json))));
  expect(first).not.toBe(second);
});

test('a hash is 43 characters of base64url', () => {
  expect(contentHash('{}')).toMatch(/^[\w-]{43}$/);
});
