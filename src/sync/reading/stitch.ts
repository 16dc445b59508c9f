// Proves that the pages that were read, at different times and of a list that moved, leave no gap between them.
//
// A page is a run of neighbours in the list as it stood when it was read. Two pages are stitched together when they
// share a record: whatever existed all the time and lies between their ends is then in one of them. They are also
// stitched when they have neighbouring numbers and the list did not change between the two reads. When the stitches
// lead from the top of the list (a page 1) to its end (a page that was the last one, or reaches what is certified),
// nothing is missing that existed all the time.
//
// A shared record proves that only as long as the list keeps its order, and records of one instant may have none: two
// pages that touch in one instant and no more can both show y and both leave out x. Such pages need two reads without a
// change in between; and two pages that share a record although nothing changed are no neighbours of each other.
//
// A page that shows fewer records than its own numbers say was not read whole: it proves nothing, and is read again.
//
// "Did not change" is judged by the API's item_count and by the time that passed (epochs.ts), and what that leaves open
// is in docs/design.md, 4.5.
import { Contradictions } from './contradictions.js';
import { epochsOf, neighboursIn } from './epochs.js';
import { isLastPage, isShort, type Listing, type PageRead } from './page-read.js';
import { Patches } from './patches.js';

export type Stitching =
  | { readonly isWhole: true }
  /** Pages to be read (again), ascending, to close the gaps. */
  | { readonly isWhole: false; readonly readAgain: readonly number[] };

export interface End {
  /** Does the list, or what must be read of it, end with this read? */
  readonly isEnd: (read: PageRead) => boolean;
  /** The page on which it ends now. */
  readonly last: number;
}

/** @param end where what was read ends now */
export function stitch({ reads, shared, pauseMs }: Listing, end: End): Stitching {
  const epochs = epochsOf(reads, pauseMs);
  const patches = new Patches(reads.length);
  const contradictions = new Contradictions();
  const full = reads.map((read) => !isShort(read));
  const join = (i: number, j: number): void => {
    if (full[i] && full[j]) patches.join(i, j);
  };
  for (const at of shared) {
    for (const [n, i] of at.entries()) {
      for (const j of at.slice(n + 1)) {
        const [a, b] = [reads[i], reads[j]];
        if (a === undefined || b === undefined) continue;
        const epoch = epochs[i];
        if (a.page !== b.page && epoch !== undefined && epoch === epochs[j]) contradictions.add(epoch, a.page, b.page);
        else if (overlap(a, b)) join(i, j);
      }
    }
  }
  const contradicted = contradictions.pages();
  for (const [upper, lower] of neighboursIn(reads, epochs)) {
    if (!contradicted.has(`${epochs[upper]} ${reads[upper]?.page}`)) join(upper, lower);
  }
  const tops = new Set(reads.flatMap((read, i) => (read.page === 1 && full[i] ? [patches.of(i)] : [])));
  const isWhole = reads.some((read, i) => end.isEnd(read) && tops.has(patches.of(i)));
  return isWhole ? { isWhole } : { isWhole, readAgain: gapsIn(reads, patches, end) };
}

/** The list's own end. @param last its last page, as far as is known */
export const endOfList = (last: number): End => ({ isEnd: isLastPage, last });

/** Of two reads that share a record: do they share more than an instant, as far as can be told? */
function overlap(a: PageRead, b: PageRead): boolean {
  if (a.oldestAt === null || a.newestAt === null || b.oldestAt === null || b.newestAt === null) return true;
  return a.oldestAt < b.newestAt && b.oldestAt < a.newestAt;
}

/**
 * Both sides of every place where the newest reads of neighbouring pages are not stitched together, and the end. What
 * stays open is read again in ever wider pieces: pages of few instants may not overlap with what was read before.
 */
function gapsIn(reads: readonly PageRead[], patches: Patches, { isEnd, last }: End): number[] {
  const newest = new Map(reads.map(({ page }, i) => [page, i]));
  const width = 2 ** (Math.min(mostReadsOfAPage(reads), WIDEST) - 1) - 1;
  const again = new Set<number>();
  const addAround = (from: number, to: number): void => {
    for (let page = Math.max(1, from - width); page <= Math.min(last, to + width); page += 1) again.add(page);
  };
  for (let page = 1; page <= last; page += 1) {
    const here = newest.get(page);
    const read = here === undefined ? undefined : reads[here];
    const next = newest.get(page + 1);
    if (here === undefined || read === undefined || isShort(read)) again.add(page);
    else if (page < last && (next === undefined || patches.of(here) !== patches.of(next))) addAround(page, page + 1);
    else if (page === last && !isEnd(read)) again.add(page);
  }
  return [...again].sort((a, b) => a - b);
}

/** After so many reads of a page the pieces grow no more. */
const WIDEST = 8;

function mostReadsOfAPage(reads: readonly PageRead[]): number {
  const counts = new Map<number, number>();
  let most = 1;
  for (const { page } of reads) {
    const count = (counts.get(page) ?? 0) + 1;
    counts.set(page, count);
    most = Math.max(most, count);
  }
  return most;
}
