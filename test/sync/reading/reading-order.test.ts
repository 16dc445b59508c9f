import { expect, test } from 'vitest';
import { firstPages, pageAfter, type ReadingOrder, readingOrder } from '../../../src/sync/reading/reading-order.js';
import fc from '../../support/property.js';

const orders = fc.constantFrom<ReadingOrder>('ascending', 'descending');
const frontiers = fc.integer({ min: 1, max: 70 });

test('a window that is pinned is read last page first, any other first page first', () => {
  expect(readingOrder({ to_at: new Date() })).toBe('descending');
  expect(readingOrder({ to_at: null })).toBe('ascending');
});

test('each page from 2 to the last is read exactly once, whoever finishes first', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 300 }),
      orders,
      frontiers,
      fc.infiniteStream(fc.nat()),
      (pageCount, order, frontier, chance) => {
        const queued = firstPages(pageCount, order, frontier);
        const read: number[] = [];
        while (queued.length > 0) {
          expect(queued.length).toBeLessThanOrEqual(frontier);
          const [page] = queued.splice(chance.next().value % queued.length, 1);
          if (page === undefined) break;
          read.push(page);
          queued.push(...pageAfter(page, pageCount, order, frontier));
        }
        const all = Array.from({ length: Math.max(0, pageCount - 1) }, (_, i) => i + 2);
        expect(read.sort((a, b) => a - b)).toEqual(all);
      },
    ),
  );
});

test('one worker reads them strictly in order', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 300 }), orders, frontiers, (pageCount, order, frontier) => {
      const queued = firstPages(pageCount, order, frontier);
      const read: number[] = [];
      for (let page = queued.shift(); page !== undefined; page = queued.shift()) {
        read.push(page);
        queued.push(...pageAfter(page, pageCount, order, frontier));
      }
      const ascending = Array.from({ length: pageCount - 1 }, (_, i) => i + 2);
      expect(read).toEqual(order === 'ascending' ? ascending : ascending.reverse());
    }),
  );
});

test.each([0, 1])('a window of %i pages has nothing to read after its first', (pageCount) => {
  expect(firstPages(pageCount, 'ascending', 8)).toEqual([]);
  expect(firstPages(pageCount, 'descending', 8)).toEqual([]);
});
