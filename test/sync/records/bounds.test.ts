// How deep and how long a record is, seen without going down into it.

import { expect, test } from 'vitest';
import { isDeeperThan, isKeptText, keptAsText, LONGEST_TEXT } from '../../../src/sync/records/bounds.js';
import { canonicalJson } from '../../../src/sync/records/content-hash.js';
import fc from '../../support/property.js';

const nested = (levels: number): unknown => JSON.parse(`${'{"a":['.repeat(levels)}{}${']}'.repeat(levels)}`);

test('a level is an object or a list', () => {
  expect(isDeeperThan('text', 0)).toBe(false);
  expect(isDeeperThan({}, 0)).toBe(true);
  expect(isDeeperThan({ a: 1, b: 'c' }, 1)).toBe(false);
  expect(isDeeperThan({ a: 1, b: [] }, 1)).toBe(true);
  expect(isDeeperThan(nested(10), 21)).toBe(false);
  expect(isDeeperThan(nested(10), 20)).toBe(true);
  expect(isDeeperThan(nested(100_000), 200_000)).toBe(true);
});

test('what is kept as text is canonical JSON, whatever the value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(keptAsText(value)).toEqual({ json: canonicalJson(value), cut: false });
    }),
    { numRuns: 1_000 },
  );
});

test('the text is cut at its bound, never in the middle of a character, and says so', () => {
  for (const value of ['x'.repeat(LONGEST_TEXT), `x${'😀'.repeat(LONGEST_TEXT)}`, nested(100_000)]) {
    const { json, cut } = keptAsText(value);
    expect(cut).toBe(true);
    expect(json.length).toBeGreaterThanOrEqual(LONGEST_TEXT - 1);
    expect(json.length).toBeLessThanOrEqual(LONGEST_TEXT);
    expect(json).not.toMatch(/[\ud800-\udbff]$/);
  }
  expect(keptAsText('x'.repeat(LONGEST_TEXT - 2)).cut).toBe(false);
});

test('a record with a field of that name is no kept text', () => {
  expect(isKeptText(keptAsText({ id: 7 }))).toBe(true);
  for (const other of [null, 'json', { json: '{}' }, { json: 1, cut: true }, { json: '', cut: false, id: 7 }]) {
    expect(isKeptText(other)).toBe(false);
  }
});
