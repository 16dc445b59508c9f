// Who is told what happens while syncing, so that it can be counted. Told after the fact, and never able to stop it.
import type { RequestObserver } from '../hive/observer.js';

export interface RowSums {
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
}

/** What happens in this process, for one account. */
export interface Observer extends RequestObserver {
  /** Records of a collection were committed. */
  rowsStored(collection: string, sums: RowSums): void;
  /** A page was read and committed. The time counts from before its slot was reserved. */
  pageStored(collection: string, durationMs: number): void;
  /** A run has ended, and this process closed it. */
  runEnded(run: { readonly mode: string; readonly state: string; readonly durationMs: number }): void;
  /** A stored webhook delivery was looked at: applied, unchanged, stale, in_doubt or dead_letter. */
  deliveryProcessed(outcome: string): void;
}

/** Counts nothing. */
export const silent: Observer = {
  slotTaken() {},
  requestEnded() {},
  rowsStored() {},
  pageStored() {},
  runEnded() {},
  deliveryProcessed() {},
};
