// While did the list stand still? It is taken to be the same from one read to the next while the API says the same
// count and the same page length, and while no time has passed between the two. Where it says no count, nothing is known.
import type { PageRead } from './page-read.js';

/**
 * The epoch of each read. A read that was under way together with one that says otherwise belongs to none: which of
 * them came first is not known. Nor does one whose answer took much longer than those of the others: when it was made,
 * nobody knows. @param reads in the order of their requests
 * @param pauseMs a read that began more than that after every read before it begins a new epoch
 */
export function epochsOf(reads: readonly PageRead[], pauseMs: number): (number | undefined)[] {
  const slowMs = Math.max(pauseMs, SLOW_FACTOR * medianDuration(reads));
  let epoch = 0;
  let seenUntil = Number.POSITIVE_INFINITY;
  const unsure = new Set<number>();
  const epochs = reads.map((read, i) => {
    if (i > 0 && (!agree(read, reads[i - 1]) || read.requestedAt - seenUntil > pauseMs)) epoch += 1;
    // So late at the latest, a slow answer may have been made long before it arrived.
    const until = Math.min(read.answeredAt, read.requestedAt + slowMs);
    seenUntil = i === 0 ? until : Math.max(seenUntil, until);
    if (read.answeredAt - read.requestedAt > slowMs) unsure.add(i);
    for (let later = i + 1; later < reads.length; later += 1) {
      const other = reads[later];
      if (other === undefined || other.requestedAt > read.answeredAt) break;
      if (!agree(read, other)) unsure.add(i).add(later);
    }
    return epoch;
  });
  return epochs.map((one, i) => (unsure.has(i) ? undefined : one));
}

/** An API may be slow as a whole. */
const SLOW_FACTOR = 3;

function medianDuration(reads: readonly PageRead[]): number {
  const durations = reads.map(({ requestedAt, answeredAt }) => answeredAt - requestedAt).sort((a, b) => a - b);
  return durations[Math.floor(durations.length / 2)] ?? 0;
}

const agree = (a: PageRead, b: PageRead | undefined): boolean =>
  a.itemCount !== null && a.itemCount === b?.itemCount && a.itemsPerPage === b.itemsPerPage;

/**
 * Reads of neighbouring pages of one epoch, the upper page first, as places in `reads`. Not with the last read before the
 * count changes in the direction that hides records: a count that is kept for a while may be one answer late, and the
 * records those of after the change.
 */
export function neighboursIn(
  reads: readonly PageRead[],
  epochs: readonly (number | undefined)[],
): [upper: number, lower: number][] {
  const byPlace = new Map(reads.map(({ page }, i) => [`${epochs[i]} ${page}`, i]));
  return reads.flatMap(({ page }, i): [number, number][] => {
    const lower = epochs[i] === undefined ? undefined : byPlace.get(`${epochs[i]} ${page + 1}`);
    return lower === undefined || isBeforeChange(reads, i) || isBeforeChange(reads, lower) ? [] : [[i, lower]];
  });
}

/**
 * From the top down a deletion moves records up across the reading point; from the end up an insertion moves them down. The
 * other one only shows them twice.
 */
function isBeforeChange(reads: readonly PageRead[], i: number): boolean {
  const [read, next] = [reads[i], reads[i + 1]];
  if (read === undefined || next === undefined || agree(read, next)) return false;
  if (read.itemCount === null || next.itemCount === null || read.itemsPerPage !== next.itemsPerPage) return true;
  return next.page > read.page ? next.itemCount < read.itemCount : next.itemCount > read.itemCount;
}
