import { describe, expect, test } from 'vitest';
import type { StoredRow } from '../../../src/db/stored-states.js';
import { compareVersions } from '../../../src/sync/records/version-order.js';
import { judgeDelivery } from '../../../src/sync/webhooks/judge-delivery.js';

const collection = { milestones: ['shipped_at', 'delivered_at'] };
const T1 = '2026-01-01T00:00:00Z';
const T2 = '2026-01-02T00:00:00Z';

describe('which version is newer', () => {
  test.each<[what: string, a: unknown, b: unknown, order: string]>([
    ['later updated_at', { updated_at: T2 }, { updated_at: T1 }, 'newer'],
    ['earlier updated_at', { updated_at: T1 }, { updated_at: T2 }, 'older'],
    [
      'updated_at outweighs milestones',
      { updated_at: T1, shipped_at: T1 },
      { updated_at: T2, shipped_at: null },
      'older',
    ],
    ['equal updated_at', { updated_at: T1, status: 'a' }, { updated_at: T1, status: 'b' }, 'unknown'],
    ['equal updated_at in another zone', { updated_at: '2026-01-01T01:00:00+01:00' }, { updated_at: T1 }, 'unknown'],
    ['updated_at on one side only', { updated_at: T2 }, {}, 'unknown'],
    ['a milestone more', { shipped_at: T1 }, { shipped_at: null }, 'newer'],
    ['a milestone less', { shipped_at: null }, { shipped_at: T1 }, 'older'],
    ['a milestone less, blank', { shipped_at: '' }, { shipped_at: T1 }, 'older'],
    ['a milestone that one of them does not speak of', {}, { shipped_at: T1 }, 'unknown'],
    ['one milestone each', { shipped_at: T1, delivered_at: null }, { shipped_at: null, delivered_at: T1 }, 'unknown'],
    ['the same milestones at other times', { shipped_at: T1 }, { shipped_at: T2 }, 'unknown'],
    ['another status only', { status: 'packed' }, { status: 'picked' }, 'unknown'],
    ['a milestone that is no instant', { shipped_at: 'soon' }, {}, 'unknown'],
    ['no object', 'a', {}, 'unknown'],
  ])('%s', (_what, a, b, order) => {
    expect(compareVersions(collection, a, b)).toBe(order);
  });
});

describe('may a delivery replace the row?', () => {
  const row: StoredRow = {
    hash: 'A',
    raw: { status: 'a', updated_at: T1 },
    fetchedAt: 1_000,
    source: 'page',
    deletedAt: undefined,
  };
  const delivered = {
    hash: 'B',
    raw: { status: 'b', updated_at: T2 },
    receivedAt: 2_000,
    eventAt: undefined,
    isWrapped: false,
  };
  const without = { ...delivered, raw: { status: 'b' } };
  test.each<[string, Partial<StoredRow> | undefined, object, string]>([
    ['nothing is stored', undefined, delivered, 'applied'],
    [
      'nothing is stored, and it is of another version of the API',
      undefined,
      { ...delivered, isWrapped: true },
      'in_doubt',
    ],
    ['newer for certain', {}, delivered, 'applied'],
    ['newer, but with fewer fields', { raw: { status: 'a', updated_at: T1, more: 1 } }, delivered, 'in_doubt'],
    ['the same content', { hash: 'B' }, delivered, 'unchanged'],
    ['older for certain', { raw: { status: 'c', updated_at: '2026-01-03T00:00:00Z' } }, delivered, 'stale'],
    ['nobody can tell', { raw: { status: 'a' } }, without, 'in_doubt'],
    ['received before the row was asked for', { fetchedAt: 2_001, raw: { status: 'a' } }, without, 'stale'],
    [
      'received before the webhook of the row',
      { fetchedAt: 2_001, source: 'webhook', raw: { status: 'a' } },
      without,
      'in_doubt',
    ],
    ['newer than a row of a webhook that came later', { fetchedAt: 2_001, source: 'webhook' }, delivered, 'applied'],
    [
      'the event lies well before the row was asked for',
      { fetchedAt: 90_000, raw: {} },
      { ...without, receivedAt: 99_000, eventAt: 20_000 },
      'stale',
    ],
    [
      'the event lies just before the row was asked for',
      { fetchedAt: 90_000, raw: {} },
      { ...without, receivedAt: 99_000, eventAt: 40_000 },
      'in_doubt',
    ],
    ['a tombstone from after it', { deletedAt: 2_001 }, delivered, 'stale'],
    ['a tombstone from before it', { deletedAt: 1_999 }, delivered, 'in_doubt'],
  ])('%s', (_what, stored, delivery, judgement) => {
    const before = stored === undefined ? undefined : { ...row, ...stored };
    expect(judgeDelivery(collection, before, { ...delivered, ...delivery })).toBe(judgement);
  });
});
