// How old a certificate may be, in multiples of the schedule.
import { expect, test } from 'vitest';
import { freshnessOf, wholeFreshnessOf } from '../../../src/server/page/freshness.js';

const MINUTE_MS = 60_000;
const now = new Date('2026-03-01T12:00:00Z');

test.each([
  ['never', null, 15],
  ['fresh', 0, 15],
  ['fresh', 45, 15],
  ['late', 46, 15],
  ['late', 24 * 60, 15],
  ['stale', 24 * 60 + 1, 15],
  ['fresh', 3 * 24 * 60, 24 * 60],
  ['late', 6 * 24 * 60, 24 * 60],
  ['stale', 6 * 24 * 60 + 1, 24 * 60],
  ['fresh', 3 * 24 * 60, undefined],
  ['stale', 7 * 24 * 60, undefined],
])('%s: certified %s minutes ago with a run every %s minutes', (expected, minutes, every) => {
  const upTo = minutes === null ? null : new Date(now.getTime() - minutes * MINUTE_MS);
  expect(freshnessOf(upTo, now, every === undefined ? undefined : every * MINUTE_MS)).toBe(expected);
});

test.each([
  ['never', null],
  ['fresh', 30],
  ['late', 31],
  ['late', 72],
  ['stale', 73],
])('%s: the whole list was proved %s hours ago', (expected, hours) => {
  expect(wholeFreshnessOf(hours === null ? null : new Date(now.getTime() - hours * 60 * MINUTE_MS), now)).toBe(
    expected,
  );
});
