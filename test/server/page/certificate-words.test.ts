// Every end of a window has a sentence with its numbers.
import { expect, test } from 'vitest';
import { certificateInWords, partInWords } from '../../../src/server/page/certificate-words.js';

const window = {
  kind: 'whole',
  state: 'certified',
  reason: null,
  moved: false,
  pass: 1,
  distinct_ids: 1_204,
  without_id: 0,
  first_item_count: 1_204,
  last_item_count: 1_204,
  pages_failed: 0,
  pages_read: 61,
  page_count: 61,
  as_of: new Date('2026-03-01T12:00:00Z'),
};

const IN_TABLE = 'Every record of it that existed as of 2026-03-01 12:00:00 UTC is in the table.';

test.each([
  [{}, `The list stood still, and as many records were seen as the API counts: 1,204. ${IN_TABLE}`],
  [
    { as_of: null },
    'The list stood still, and as many records were seen as the API counts: 1,204. By itself it proves nothing yet.',
  ],
  [
    { reason: '30 of 60 rows are no longer listed, too many to believe' },
    `The list stood still, and as many records were seen as the API counts: 1,204. ${IN_TABLE} 30 of 60 rows are no longer listed, too many to believe.`,
  ],
  [
    { moved: true, last_item_count: 1_207, pass: 3 },
    `The list moved while it was read (1,204 records at first, 1,207 at last), and its pages overlap without a gap. It took 3 passes. ${IN_TABLE}`,
  ],
  [
    { distinct_ids: 20, kind: 'head' },
    '20 records were seen, down to what was certified before. It proves what was new as of 2026-03-01 12:00:00 UTC, and nothing of older records.',
  ],
  [
    { state: 'uncertified', reason: '1 page could not be read, see dead letters', distinct_ids: 1_184 },
    '1 page could not be read, see dead letters. Short by 20 records.',
  ],
  [
    { state: 'uncertified', reason: "the API's item_count cannot be used as proof", last_item_count: null },
    "The API's item_count cannot be used as proof.",
  ],
  [{ state: 'waiting', distinct_ids: null }, 'Waits for its turn.'],
  [
    { state: 'reading', pass: 2, distinct_ids: null },
    'Is being read, pass 2: the list moved, and the pages in question are read again.',
  ],
  [{ state: 'split' }, 'It is read as other windows: in two halves, without its filter, or once more.'],
  [{ state: 'done' }, 'The chosen pages were read. They prove nothing about the whole list.'],
])('%o', (change, sentence) => {
  expect(certificateInWords({ ...window, ...change })).toBe(sentence);
});

test.each([
  [
    { kind: 'whole', from_at: null, to_at: new Date('2026-03-01T12:00:00Z') },
    'all of it up to 2026-03-01 12:00:00 UTC',
  ],
  [{ kind: 'head', from_at: null, to_at: null }, 'its newest part'],
  [
    { kind: 'range', from_at: new Date('2026-02-01T00:00:00Z'), to_at: new Date('2026-03-01T00:00:00Z') },
    'from 2026-02-01 00:00:00 UTC up to 2026-03-01 00:00:00 UTC',
  ],
  [{ kind: 'chosen', from_at: null, to_at: null, pages_again: [3, 7] }, '2 pages with open records'],
])('the part %o', (bounds, words) => {
  expect(partInWords({ pages_again: null, ...bounds })).toBe(words);
});
