// Mode and state → windows. A full run reads every collection from end to end, as far as it goes at the run's start.
import type { NewWindow } from '../db/ledger.js';
import type { Collection } from './collection.js';

/** BullMQ priorities, 1 first. */
export const PRIORITY = { urgent: 1, incremental: 2, full: 3, backfill: 4 } as const;

/** @param now PostgreSQL's clock; windows are pinned there, so that records that come later stay outside */
export function planFull(collections: readonly Collection[], now: Date): NewWindow[] {
  return collections.map((collection) => ({
    collection: collection.name,
    from: null,
    to: collection.filtersByCreatedAt ? now : null,
    priority: PRIORITY.full,
  }));
}
