// The end of a run claims no more than what is proved, and says as of when.
import { expect, test } from 'vitest';
import { claimOf, differencesOf, provedInWords } from '../../src/cli/proved-words.js';
import type { Proved } from '../../src/db/proofs.js';

const at = (hour: number) => new Date(Date.UTC(2026, 10, 28, hour));
const proof = (whole: number | null, newUpTo: number | null, missing: number | null = null): Proved => ({
  wholeAsOf: whole === null ? null : at(whole),
  newUpTo: newUpTo === null ? null : at(newUpTo),
  missing,
  countedAt: missing === null ? null : at(12),
});
const proofs = new Map([
  ['orders', proof(3, 19)],
  ['skus', proof(18, 18, 0)],
  ['returns', proof(4, 20, -2)],
]);

test.each([
  ['full', ['orders', 'skus'], 'every collection that it read is certified as of 2026-11-28 03:00:00 UTC'],
  [
    'incremental',
    ['orders', 'skus'],
    'new records up to 2026-11-28 18:00:00 UTC; the whole list was last proved as of 2026-11-28 03:00:00 UTC',
  ],
  [
    'backfill',
    ['orders'],
    'all that it set out to read is in, and certified; new records up to 2026-11-28 19:00:00 UTC; the whole list was last proved as of 2026-11-28 03:00:00 UTC',
  ],
  ['backfill', ['shipments'], 'all that it set out to read is in, and certified; the whole list was never proved'],
  // One of them has no proof, so that nothing may be said of every one.
  [
    'full',
    ['orders', 'shipments'],
    'all that it set out to read is in, and certified; the whole list was never proved',
  ],
])('a complete %s run of %j claims: %s', (mode, names, claim) => {
  expect(claimOf(mode, names, proofs)).toBe(claim);
});

test('where counts differ it says by how much and as of when, else nothing', () => {
  expect(differencesOf(['orders', 'skus', 'returns'], proofs)).toEqual([
    "returns: 2 records too many as of 2026-11-28 12:00:00 UTC, by the API's own count.",
  ]);
  expect(differencesOf(['orders'], new Map([['orders', proof(3, 3, 1)]]))).toEqual([
    "orders: behind by 1 record as of 2026-11-28 12:00:00 UTC, by the API's own count.",
  ]);
});

test('a run without collections claims nothing', () => {
  expect(provedInWords([], proofs)).toBe('the whole list was never proved');
});
