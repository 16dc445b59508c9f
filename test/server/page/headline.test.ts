// The sentence on top of an account says the worst that there is to say, and nothing worse.
import { describe, expect, test } from 'vitest';
import { type HeadlineView, headline } from '../../../src/server/page/headline.js';

const now = new Date('2026-03-31T12:00:00Z');
const everyMs = 15 * 60_000;
const FRESH = new Date(now.getTime() - 5 * 60_000);
const STALE = new Date(now.getTime() - 4 * 86_400_000);

const of = (orders: Date | null, skus: Date | null, more: Partial<HeadlineView> = {}, lost = 0) =>
  headline(
    {
      budget: { haltedAt: null },
      openLetters: 0,
      underWay: [],
      collections: [
        { collection: 'orders', certifiedUpTo: orders, newRecordsUpTo: orders, missing: 0, losses: { rows: 0 } },
        { collection: 'skus', certifiedUpTo: skus, newRecordsUpTo: skus, missing: null, losses: { rows: lost } },
      ],
      ...more,
    },
    { now, everyMs },
  );
const reading = (orders: string, skus: string) => ({
  underWay: [
    {
      windows: [
        { collection: 'orders', state: orders },
        { collection: 'skus', state: skus },
      ],
    },
  ],
});

describe('an account in one sentence', () => {
  test.each<[string, ReturnType<typeof of>, string, string]>([
    ['all proved', of(FRESH, FRESH), 'good', 'Complete as of 5 min ago, new records up to 5 min ago'],
    [
      'letters',
      of(FRESH, FRESH, { openLetters: 2 }),
      'warn',
      'Complete as of 5 min ago, new records up to 5 min ago, 2 open dead letters',
    ],
    [
      'values that could not be read',
      of(FRESH, FRESH, {}, 3),
      'warn',
      'Complete as of 5 min ago, new records up to 5 min ago, values of skus could not be read',
    ],
    [
      'values of a first sync that could not be read',
      of(null, FRESH, reading('reading', 'certified'), 3),
      'warn',
      'Behind: orders, values of skus could not be read',
    ],
    ['one is old', of(FRESH, STALE), 'warn', 'Behind: skus'],
    ['one was never proved, and nobody reads it', of(null, FRESH), 'warn', 'Behind: orders'],
    ['nothing yet', of(null, null), 'calm', 'Nothing is certified yet'],
    ['first sync, begun', of(null, null, reading('waiting', 'reading')), 'busy', 'The first sync is under way'],
    [
      'first sync, one is proved',
      of(null, FRESH, reading('reading', 'certified')),
      'busy',
      'The first sync of orders is under way',
    ],
    ['first sync, one failed', of(null, null, reading('reading', 'failed')), 'busy', 'The first sync is under way'],
    [
      'one failed before and is read again',
      of(null, FRESH, { ...reading('reading', 'certified'), openLetters: 1 }),
      'warn',
      'Behind: orders, 1 open dead letter',
    ],
    ['one failed, one is proved', of(null, FRESH, reading('uncertified', 'certified')), 'warn', 'Behind: orders'],
    [
      'a first sync while another is old',
      of(null, STALE, reading('reading', 'waiting')),
      'warn',
      'Behind: orders, skus',
    ],
    [
      'halted outweighs all',
      of(null, STALE, { budget: { haltedAt: now }, openLetters: 3 }),
      'bad',
      'Halted: the API refuses the key',
    ],
  ])('%s', (_what, said, tone, sentence) => {
    expect(said).toEqual({ tone, sentence });
  });
});

const orders = (certifiedUpTo: Date, newRecordsUpTo: Date, missing: number | null = null) =>
  of(null, null, {
    collections: [{ collection: 'orders', certifiedUpTo, newRecordsUpTo, missing, losses: { rows: 0 } }],
  });
const hoursAgo = (hours: number) => new Date(now.getTime() - hours * 3_600_000);

test('an incremental run does not make the whole list younger', () => {
  expect(orders(hoursAgo(20), FRESH)).toEqual({
    tone: 'good',
    sentence: 'Complete as of 20 h ago, new records up to 5 min ago',
  });
  expect(orders(hoursAgo(73), FRESH)).toEqual({ tone: 'warn', sentence: 'Behind: orders' });
  expect(orders(FRESH, hoursAgo(25))).toEqual({ tone: 'warn', sentence: 'Behind: orders' });
});

test('rows that are missing, or too many, are named', () => {
  expect(orders(FRESH, FRESH, 3)).toEqual({
    tone: 'warn',
    sentence: 'Complete as of 5 min ago, new records up to 5 min ago, not as many rows as the API counts: orders',
  });
});
