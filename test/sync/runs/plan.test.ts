import { expect, test } from 'vitest';
import { orders } from '../../../src/collections/orders.js';
import { shipments } from '../../../src/collections/shipments.js';
import { skus } from '../../../src/collections/skus.js';
import { halves, planBackfill, planFull, planIncremental } from '../../../src/sync/runs/plan.js';
import fc from '../../support/property.js';

const now = new Date('2026-11-23T10:00:00Z');
const watermark = new Date('2026-11-23T09:00:00Z');
const instant = fc.date({ min: new Date('2010-01-01'), max: new Date('2030-01-01'), noInvalidDate: true });

test('a backfill covers its range, newest first, by calendar months that share the instant between them', () => {
  fc.assert(
    fc.property(instant, instant, (a, b) => {
      const [from, to] = a <= b ? [a, b] : [b, a];
      const windows = planBackfill(orders, from, to);
      expect(windows.at(0)?.to).toEqual(to);
      expect(windows.at(-1)?.from).toEqual(from);
      for (const [i, window] of windows.entries()) {
        expect(window.kind).toBe('range');
        const within = new Date(Math.max(window.from?.getTime() ?? 0, (window.to?.getTime() ?? 0) - 1));
        expect(window.from?.toISOString().slice(0, 7)).toBe(within.toISOString().slice(0, 7));
        // Bounds are written in milliseconds, and a record may lie between two of them.
        if (i > 0) expect(window.to).toEqual(windows[i - 1]?.from);
      }
    }),
  );
});

test('halves of a range are the range, and an instant cannot be halved', () => {
  fc.assert(
    fc.property(instant, fc.integer({ min: 2, max: 1e11 }), (from, length) => {
      const to = new Date(from.getTime() + length);
      const [newer, older] = halves({ from_at: from, to_at: to }) ?? [];
      expect([older?.[0], newer?.[1]]).toEqual([from, to]);
      expect(newer?.[0]).toEqual(older?.[1]);
      expect((older?.[1] ?? from) > from && (newer?.[0] ?? to) < to).toBe(true);
    }),
  );
  expect(halves({ from_at: now, to_at: now })).toBeUndefined();
  expect(halves({ from_at: null, to_at: now })).toBeUndefined();
});

test('a list without a filter cannot be cut: a backfill reads it whole, and a full run does not pin it', () => {
  expect(planBackfill(shipments, watermark, now)).toMatchObject([{ kind: 'whole', from: null, to: null, priority: 4 }]);
  expect(planFull([shipments, orders], now)).toMatchObject([
    { collection: 'shipments', kind: 'whole', from: null, to: null },
    { collection: 'orders', kind: 'whole', from: null, to: now },
  ]);
});

test('an incremental run reads the head, or the whole of what may change or was never certified', () => {
  // Without a filter: the first page then tells how many records there are in all.
  expect(planIncremental(orders, now, watermark)).toMatchObject({ kind: 'head', from: null, to: null, priority: 2 });
  expect(planIncremental(shipments, now, watermark)).toMatchObject({ kind: 'head', from: null, to: null, pages: [1] });
  expect(planIncremental(skus, now, watermark)).toMatchObject({ kind: 'whole' });
  expect(planIncremental(orders, now, undefined)).toMatchObject({ kind: 'whole', to: now });
});
