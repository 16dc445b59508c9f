// Closed records in turns: a run never reads more pages of them than it may, and none is left out.

import { expect, test } from 'vitest';
import { EVERYTHING, takeTurn, type WatchedPage } from '../../../src/sync/reading/closed-turn.js';
import fc from '../../support/property.js';

/** A list, newest first: does each page hold an open record, and how many of its closed ones share an instant with the next? */
const list = fc.array(fc.record({ isOpen: fc.boolean(), gap: fc.integer({ min: 0, max: 2 }) }), { maxLength: 40 });

function pagesOf(made: readonly { isOpen: boolean; gap: number }[], shift: number): WatchedPage[] {
  let oldest = 1_000_000;
  return made.map(({ isOpen, gap }, i) => {
    oldest -= gap;
    return { page: i + 1 + shift, isOpen, oldestClosed: isOpen ? null : oldest };
  });
}

test('one sweep reads every page with closed records, a few at a time, and each run reads all pages with open ones', () => {
  fc.assert(
    fc.property(list, fc.integer({ min: 1, max: 7 }), fc.array(fc.nat(3), { maxLength: 50 }), (made, most, growth) => {
      const left = new Set(
        pagesOf(made, 0)
          .filter(({ isOpen }) => !isOpen)
          .map(({ oldestClosed }) => oldestClosed),
      );
      let below: number | null = null;
      let shift = 0;
      const turns = Math.ceil(made.length / most) + 1;
      for (let nth = 0; nth < turns; nth += 1) {
        // New records come at the head meanwhile; they move the others down.
        const news = growth[nth] ?? 0;
        shift += news;
        const watched = pagesOf(made, shift);
        const { pages, turn } = takeTurn(watched, { below, most });
        const read = watched.filter(({ page }) => pages.includes(page));
        expect(read.filter(({ isOpen }) => isOpen)).toEqual(watched.filter(({ isOpen }) => isOpen));
        const closed = read.filter(({ isOpen }) => !isOpen);
        expect(closed.length).toBeLessThanOrEqual(most);
        for (const { oldestClosed } of closed) left.delete(oldestClosed);
        if (turn.downTo === null) break;
        // What shares the last instant is asked for singly, so the next turn may begin below it.
        expect(turn.downTo).toBe(closed.at(-1)?.oldestClosed);
        below = turn.downTo;
      }
      expect([...left]).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test('where all of them fit, there are no turns', () => {
  const watched = pagesOf(
    [
      { isOpen: true, gap: 1 },
      { isOpen: false, gap: 1 },
      { isOpen: false, gap: 1 },
    ],
    0,
  );
  expect(takeTurn(watched, { below: 5, most: 2 })).toEqual({ pages: [1, 2, 3], turn: EVERYTHING });
});

test('after the last one the next turn begins with the newest again', () => {
  const watched = pagesOf(
    [
      { isOpen: false, gap: 1 },
      { isOpen: false, gap: 1 },
      { isOpen: false, gap: 1 },
    ],
    0,
  );
  const first = takeTurn(watched, { below: null, most: 2 });
  expect(first).toEqual({ pages: [1, 2], turn: { below: null, downTo: 999_998 } });
  const second = takeTurn(watched, { below: first.turn.downTo, most: 2 });
  expect(second).toEqual({ pages: [3], turn: { below: 999_998, downTo: null } });
  expect(takeTurn(watched, { below: second.turn.downTo, most: 2 })).toEqual(first);
});
