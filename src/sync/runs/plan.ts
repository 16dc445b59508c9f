// Mode and state → windows.
import type { NewWindow } from '../../db/ledger.js';
import type { Collection } from '../collection.js';

/** BullMQ priorities, 1 first. */
export const PRIORITY = { urgent: 1, incremental: 2, full: 3, backfill: 4 } as const;

/** A range with more pages than that is read as two. */
export const LONGEST_RANGE = 200;

/** A head reaches so far back into what is certified: clocks differ, and a record may become visible late. */
export const OVERLAP_MS = 60 * 60_000;

/** All of a collection, as far as it goes now. */
export function planWhole(collection: Collection, now: Date, priority: number): NewWindow {
  return {
    collection: collection.name,
    kind: 'whole',
    from: null,
    to: collection.filtersByCreatedAt ? now : null,
    priority,
  };
}

/** The same of a list that cannot be pinned, whatever the documentation says. */
export const planUnfiltered = ({ name }: Collection, priority: number): NewWindow => ({
  collection: name,
  kind: 'whole',
  from: null,
  to: null,
  priority,
});

/** A part of a list of which only the count is asked for; null = open. */
export const planCounted = ({ name }: Collection, priority: number, from: Date | null, to: Date | null): NewWindow => ({
  collection: name,
  kind: 'counted',
  from,
  to,
  priority,
  pages: [1],
});

/** @param now PostgreSQL's clock; windows are pinned there, so that records that come later stay outside */
export const planFull = (collections: readonly Collection[], now: Date): NewWindow[] =>
  collections.map((collection) => planWhole(collection, now, PRIORITY.full));

/**
 * What came since the collection was last certified. The pages that hold open records follow when that has been read
 * (reading/finish-window.ts). A collection whose records may change at any time, or that was never certified, is read whole.
 */
export function planIncremental(collection: Collection, now: Date, mark: Date | undefined): NewWindow {
  const priority = PRIORITY.incremental;
  if (collection.closedWhen === 'never' || mark === undefined) return planWhole(collection, now, priority);
  return planHead(collection, priority);
}

/**
 * The newest part of a list, from its first page down to what is certified. Without a filter: so its first page tells how
 * many records there are in all, and shows those that are dated in the future.
 */
export const planHead = ({ name }: Collection, priority: number): NewWindow => ({
  collection: name,
  kind: 'head',
  from: null,
  to: null,
  priority,
  pages: [1],
});

/** How far down a head must reach. */
export const headReachesTo = (mark: Date): Date => new Date(mark.getTime() - OVERLAP_MS);

/**
 * A backfill by months, newest first, each pinned at both ends. Neighbours share the instant between them: bounds are
 * written in milliseconds, and a record may lie between two of those. A list without a filter cannot be cut and is read
 * whole.
 */
export function planBackfill(collection: Collection, from: Date, to: Date): NewWindow[] {
  if (!collection.filtersByCreatedAt) return [planWhole(collection, to, PRIORITY.backfill)];
  const windows: NewWindow[] = [];
  let end = to;
  do {
    const before = new Date(end.getTime() - 1);
    const monthStart = new Date(Date.UTC(before.getUTCFullYear(), before.getUTCMonth(), 1));
    const start = monthStart < from ? from : monthStart;
    windows.push({ collection: collection.name, kind: 'range', from: start, to: end, priority: PRIORITY.backfill });
    end = start;
  } while (end > from);
  return windows;
}

/** The two halves of a range, newer first, which share the instant between them; undefined when it cannot be halved any more. */
export function halves(window: { from_at: Date | null; to_at: Date | null }): [[Date, Date], [Date, Date]] | undefined {
  if (window.from_at === null || window.to_at === null) return undefined;
  const [from, to] = [window.from_at.getTime(), window.to_at.getTime()];
  if (to - from < 2) return undefined;
  const middle = new Date(Math.floor((from + to) / 2));
  return [
    [middle, window.to_at],
    [window.from_at, middle],
  ];
}
