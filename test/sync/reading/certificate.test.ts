import { describe, expect, test } from 'vitest';
import type { Window } from '../../../src/db/ledger.js';
import { judge, MOST_PASSES } from '../../../src/sync/reading/certificate.js';

const AT = new Date('2026-11-01T12:00:00Z');

/** A window of 45 records in 3 pages that were all read, of which nothing moved. */
const read: Window = {
  id: 1,
  run_id: 1,
  account: 'default',
  collection: 'orders',
  kind: 'whole',
  from_at: null,
  to_at: AT,
  priority: 3,
  state: 'reading',
  reason: null,
  pass: 1,
  base_pass: 1,
  pages_again: null,
  closed_down_to: null,
  page_count: 3,
  first_item_count: 45,
  last_item_count: 45,
  counted_at: AT,
  own_count: null,
  end_below: null,
  items_per_page: 20,
  moved: false,
  last_answered_at: AT,
  pages_read: 3,
  pages_failed: 0,
  distinct_ids: null,
  without_id: 0,
  inserted: 45,
  updated: 0,
  unchanged: 0,
  dead_letters: 0,
  started_at: AT,
  as_of: null,
  finished_at: null,
};

describe('a window is certified only with a complete proof', () => {
  test.each<[what: string, window: Partial<Window>, distinctIds: number, is: string, because: RegExp | undefined]>([
    ['as many records as the API counts', {}, 45, 'certified', undefined],
    ['an empty window', { first_item_count: 0, last_item_count: 0, page_count: 1 }, 0, 'certified', undefined],
    ['certified at the last pass', { pass: MOST_PASSES }, 45, 'certified', undefined],
    ['one record is missing', {}, 44, 'read again', /counts 45 records, 44 were seen/],
    ['one record too many', {}, 46, 'read again', /counts 45 records, 46 were seen/],
    [
      'the count moved, though the last one fits',
      { moved: true, first_item_count: 44 },
      45,
      'read again',
      /moved.*44.*45/,
    ],
    ['missing at the last pass', { pass: MOST_PASSES }, 44, 'uncertified', /counts 45 records, 44 were seen/],
    ['moved at the last pass', { pass: MOST_PASSES, moved: true }, 45, 'uncertified', /moved/],
    ['no count to compare with', { last_item_count: null }, 45, 'uncertified', /item_count cannot be used/],
    ['a page is a dead letter', { pages_failed: 1 }, 45, 'uncertified', /^1 page could not be read/],
    ['two pages are dead letters', { pages_failed: 2 }, 45, 'uncertified', /^2 pages could not be read/],
  ])('%s', (_what, window, distinctIds, is, because) => {
    const judgement = judge({ ...read, ...window }, { distinctIds, listing: undefined });
    expect(judgement.is).toBe(is);
    if (because === undefined) expect(judgement).not.toHaveProperty('because');
    else expect(judgement).toHaveProperty('because', expect.stringMatching(because));
  });
});
