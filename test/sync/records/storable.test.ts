import { expect, test } from 'vitest';
import { toStorable } from '../../../src/sync/records/storable.js';
import fc from '../../support/property.js';

const storable = (value: unknown) => toStorable(value, JSON.stringify(value));

test.each<[what: string, given: unknown, expected: unknown, paths: string[]]>([
  ['NUL in a text', { name: 'a\u0000b' }, { name: 'a\\u0000b' }, ['name']],
  ['a lone high surrogate', { name: 'a\ud83d' }, { name: 'a\\ud83d' }, ['name']],
  ['a lone low surrogate', { name: '\ude00a' }, { name: '\\ude00a' }, ['name']],
  ['two high surrogates', ['\ud83d\ud83d\ude00'], ['\\ud83d😀'], ['[]']],
  ['a whole pair stays', { name: '😀' }, { name: '😀' }, []],
  ['text that only looks like an escape stays', { name: '\\u0000' }, { name: '\\u0000' }, []],
  [
    'in lists of objects, one path for all of them',
    { items: [{ n: '\u0000' }, { n: '\u0000' }] },
    { items: [{ n: '\\u0000' }, { n: '\\u0000' }] },
    ['items[].n'],
  ],
  ['NUL in a key', { 'a\u0000': 1 }, { 'a\\u0000': 1 }, ['a\\u0000']],
  ['a text alone', '\u0000', '\\u0000', ['']],
  ['numbers, booleans and null stay', { a: [1, true, null], b: '\u0000' }, { a: [1, true, null], b: '\\u0000' }, ['b']],
])('%s', (_what, given, expected, paths) => {
  expect(storable(given)).toEqual({ value: expected, escaped: paths });
});

test('two keys that differ only in what is escaped are both kept', () => {
  const { value } = storable({ 'a\u0000': 1, 'a\\u0000': 2 });
  expect(Object.values(value as object).sort()).toEqual([1, 2]);
});

test('what comes out is well-formed and without NUL, and what was storable comes out as it was', () => {
  const text = fc.string({ unit: fc.oneof(fc.constantFrom('\u0000', '\ud83d', '\ude00', '\\', 'u0000'), fc.string()) });
  fc.assert(
    fc.property(fc.oneof(text, fc.dictionary(text, text), fc.array(text)), (given) => {
      const { value, escaped } = storable(given);
      const json = JSON.stringify(value).replaceAll('\\\\', '');
      expect(json).not.toMatch(/\\u0000|\\ud[89a-f]/);
      if (escaped.length === 0) expect(value).toEqual(given);
    }),
    { numRuns: 1_000 },
  );
});
