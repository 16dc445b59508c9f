import { expect, test } from 'vitest';
import { RETRY_AFTER_CEILING_MS, RETRY_AFTER_FLOOR_MS, retryAfterMs } from '../../src/hive/retry-after.js';

const NOW = Date.UTC(2026, 10, 1, 12, 0, 0, 400);

test.each<[form: string, header: string | null, expected: number | undefined]>([
  ['whole seconds', '3', 3_000],
  ['whole seconds with spaces around them', ' 3 ', 3_000],
  ['a fraction of seconds', '3.2', 3_200],
  ['a fraction of a millisecond is rounded up', '1.0001', 1_001],
  ['an HTTP date counts to the end of its second', 'Sun, 01 Nov 2026 12:00:30 GMT', 30_599],
  ['an HTTP date in the past is the floor', 'Sun, 01 Nov 2026 11:00:00 GMT', RETRY_AFTER_FLOOR_MS],
  ['the running second is the time that is left of it', 'Sun, 01 Nov 2026 12:00:00 GMT', 599],
  ['an HTTP date years away is the ceiling', 'Mon, 01 Nov 2038 12:00:00 GMT', RETRY_AFTER_CEILING_MS],
  ['zero is the floor', '0', RETRY_AFTER_FLOOR_MS],
  ['zero with decimals is the floor', '0.000', RETRY_AFTER_FLOOR_MS],
  ['less than the floor is the floor', '0.1', RETRY_AFTER_FLOOR_MS],
  ['the ceiling itself is kept', '900', RETRY_AFTER_CEILING_MS],
  ['a day is the ceiling', '86400', RETRY_AFTER_CEILING_MS],
  ['more than a number can hold is the ceiling', '9'.repeat(400), RETRY_AFTER_CEILING_MS],
  ['no header says nothing', null, undefined],
  ['an empty header says nothing', '', undefined],
  ['a negative number is nonsense', '-5', undefined],
  ['a number with a sign is nonsense', '+5', undefined],
  ['an exponent is nonsense', '1e3', undefined],
  ['hexadecimal is nonsense', '0x10', undefined],
  ['a fraction without an integer part is nonsense', '.5', undefined],
  ['a number with a unit is nonsense', '3s', undefined],
  ['a decimal comma is nonsense', '3,2', undefined],
  ['two headers joined into one are nonsense', '3, 5', undefined],
  ['a word is nonsense', 'soon', undefined],
  ['an ISO date is nonsense', '2026-11-01T12:00:30Z', undefined],
  ['an HTTP date that no calendar has is nonsense', 'Sun, 99 Nov 2026 12:00:30 GMT', undefined],
  ['an HTTP date of another time zone is nonsense', 'Sun, 01 Nov 2026 12:00:30 CET', undefined],
])('%s: %j', (_form, header, expected) => {
  expect(retryAfterMs(header, NOW)).toBe(expected);
});
