// The newest part of a list, without a filter: read from page 1 down to what is certified already, in steps that double,
// so that a worker that was away for a month needs few of them. Its pages are stitched together like those of any list
// that moves.
import type { Run, Window } from '../../db/ledger.js';
import { areIdsInOrder } from '../../db/ledger-pages.js';
import type { Collection } from '../collection.js';
import type { SyncContext } from '../context.js';
import { type Judgement, judge, MOST_PASSES } from './certificate.js';
import { epochsOf, neighboursIn } from './epochs.js';
import { countNewer, readsBeyondMark } from './head-mark.js';
import { isLastPage, type Listing, newestByPage, type PageRead, perPageOf, readListing } from './page-read.js';
import { lastPageOf } from './reading-order.js';
import { stitch } from './stitch.js';

/**
 * Further down than that an incremental run reads no head, but for what it knows to stand above: a full sync is as cheap.
 * A full one has read the list below, and reads on until it meets it.
 */
const DEEPEST = 128;
/** Passes that a head may spend on gaps after it has come down. */
const MOST_REPAIRS = 4;

/** Steps that double, from one page on; never fewer than any list may take. */
const passesDownTo = (page: number): number => Math.max(MOST_PASSES, Math.ceil(Math.log2(page)) + 1);

/** Where the API does not say how many pages there are, as many as it counts records; and it may not even count. */
const furthestInFull = ({ last_item_count: count, ...window }: Window, last: number | null, above: number): number => {
  if (last !== null) return Number.POSITIVE_INFINITY;
  return count === null ? DEEPEST + above : Math.ceil(count / perPageOf(window)) + 1;
};

const NOT_SORTED = 'the list is not sorted by created_at, newest first';

export interface HeadEvidence {
  /** Down to where it must reach, but for the overlap: readHeadMark(). */
  readonly mark: Date | undefined;
  readonly run: Pick<Run, 'mode'> | undefined;
  /** Distinct ids in all reads. */
  readonly distinctIds: number;
  /** Was a record of a page newer than the one before it? */
  readonly outOfOrder: boolean;
}

export async function judgeHead(
  { db, pauseMs }: Pick<SyncContext, 'db' | 'pauseMs'>,
  collection: Collection,
  window: Window,
  { mark, run, distinctIds, outOfOrder }: HeadEvidence,
): Promise<Judgement> {
  if (window.pages_failed > 0)
    return { is: 'uncertified', because: 'a page of the head could not be read, see dead letters' };
  const listing = await readListing(db, window, pauseMs);
  const { reads } = listing;
  const newest = newestByPage(reads);
  const deepest = newest.at(-1);
  if (deepest === undefined || mark === undefined)
    return { is: 'uncertified', because: 'there is nothing certified to reach down to' };
  // In a list without order nothing tells what stands below: only its end is an end.
  const isSorted = !outOfOrder && pagesAreSorted(listing);
  const beyond = isSorted ? await readsBeyondMark(db, collection, window, reads, mark) : new Set<PageRead>();
  const reached = newest.find((read) => beyond.has(read));
  const stitching = stitch(listing, { isEnd: (read) => beyond.has(read), last: (reached ?? deepest).page });
  if (stitching.isWhole) return { is: 'certified' };
  if (reached !== undefined) {
    const because = 'the list moved while its head was read';
    return window.pass < passesDownTo(deepest.page) + MOST_REPAIRS
      ? { is: 'read again', pages: stitching.readAgain, because }
      : { is: 'uncertified', because };
  }
  const last = lastPageOf(window);
  if (isLastPage(deepest) || (last !== null && deepest.page >= last)) {
    const judgement = judge(window, { distinctIds, listing, isSorted: isSorted || (await areIdsInOrder(db, window)) });
    return judgement.is === 'certified' ? { ...judgement, isWhole: true } : judgement;
  }
  // What stands above the mark and is known is dated in the future: each head begins with it.
  const above = Math.ceil((await countNewer(db, collection, window, mark)) / perPageOf(window));
  const furthestAllowed = run?.mode === 'full' ? furthestInFull(window, last, above) : DEEPEST + above;
  if (deepest.page >= furthestAllowed || (!isSorted && (last ?? DEEPEST) > furthestAllowed)) {
    return { is: 'uncertified', because: `${isSorted ? 'the head is too long' : NOT_SORTED}, a full sync is needed` };
  }
  const further = isSorted || last === null ? 2 * deepest.page : last;
  const furthest = Math.min(last ?? further, further, furthestAllowed);
  // Every step begins with the last page again: rows that came meanwhile have moved others down.
  const step = Array.from({ length: furthest - deepest.page + 1 }, (_, i) => deepest.page + i);
  return {
    is: 'read again',
    pages: [...new Set([...stitching.readAgain, ...step])].sort((a, b) => a - b),
    because: isSorted ? 'the head goes further down' : `${NOT_SORTED}, so it is read to its end`,
  };
}

/** Is each page no newer than the one above it, as far as they were read without a change in between? */
function pagesAreSorted({ reads, shared, pauseMs }: Listing): boolean {
  const pairs = new Set(shared.flatMap((at) => at.flatMap((i) => at.map((j) => `${i} ${j}`))));
  return neighboursIn(reads, epochsOf(reads, pauseMs)).every(([i, j]) => {
    const [above, below] = [reads[i]?.oldestAt ?? null, reads[j]?.newestAt ?? null];
    return above === null || below === null || below <= above || pairs.has(`${i} ${j}`);
  });
}
