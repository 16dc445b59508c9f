// Reads with the ids of their records, as a test writes them down, made into what a proof looks at.
import type { Listing, PageRead } from '../../src/sync/reading/page-read.js';
import { isLastPage } from '../../src/sync/reading/page-read.js';
import { type End, type Stitching, stitch } from '../../src/sync/reading/stitch.js';

export interface ReadWithIds extends Omit<PageRead, 'lastIds' | 'records'> {
  readonly ids: readonly number[];
}

/** @param reads in the order of their requests */
export function listingOf(reads: readonly ReadWithIds[], pauseMs = 5_000): Listing {
  const places = new Map<number, number[]>();
  for (const [i, { ids }] of reads.entries()) {
    for (const id of new Set(ids)) places.set(id, [...(places.get(id) ?? []), i]);
  }
  return {
    reads: reads.map(({ ids, ...read }) => ({ ...read, records: ids.length, lastIds: ids.slice(-2) })),
    shared: [...places.values()].filter((at) => at.length > 1),
    pauseMs,
  };
}

/** Stitched up to the end that the last answer told, unless another one is given. */
export const stitchReads = (reads: readonly ReadWithIds[], end?: End): Stitching =>
  stitch(listingOf(reads), end ?? { isEnd: isLastPage, last: Math.max(1, reads.at(-1)?.pageCount ?? 1) });
