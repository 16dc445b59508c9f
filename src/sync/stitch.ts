// Proves that the pages that were read, at different times and of a list that moved, leave no gap between them.
//
// A page is a run of neighbours in the list as it stood when it was read. Two pages are stitched together when they
// share a record: whatever existed all the time and lies between their ends is then in one of them. They are also
// stitched when they have neighbouring numbers and the list did not change between the two reads. When the stitches
// lead from the top of the list (a page 1) to its bottom (a page that was the last one), nothing is missing that
// existed all the time.
//
// "Did not change" is judged by the API's item_count, and that is the one hole: a deletion and an insertion between the
// same two reads leave the count as it was (docs/design.md, 4.5).

/** One answer to a request for a page. */
export interface PageRead {
  readonly page: number;
  readonly itemCount: number | null;
  readonly itemsPerPage: number | null;
  /** As this answer said. */
  readonly pageCount: number;
  readonly ids: readonly number[];
  /** The answer was made between these two, epoch milliseconds. */
  readonly requestedAt: number;
  readonly answeredAt: number;
}

export type Stitching =
  | { readonly isWhole: true }
  /** Pages to be read (again), ascending, to close the gaps. */
  | { readonly isWhole: false; readonly readAgain: readonly number[] };

/** @param reads in the order in which they were requested */
export function stitch(reads: readonly PageRead[]): Stitching {
  const epochs = epochsOf(reads);
  const patches = new Patches(reads.length);
  const seen = new Map<number, number>();
  for (const [i, { ids }] of reads.entries()) {
    for (const id of ids) {
      const other = seen.get(id);
      if (other === undefined) seen.set(id, i);
      else patches.join(i, other);
    }
  }
  const byPlace = new Map(reads.map(({ page }, i) => [`${epochs[i]} ${page}`, i]));
  for (const [i, { page }] of reads.entries()) {
    const next = epochs[i] === undefined ? undefined : byPlace.get(`${epochs[i]} ${page + 1}`);
    if (next !== undefined) patches.join(i, next);
  }
  const tops = new Set(reads.flatMap(({ page }, i) => (page === 1 ? [patches.of(i)] : [])));
  const isWhole = reads.some(({ page, pageCount }, i) => page >= pageCount && tops.has(patches.of(i)));
  return isWhole ? { isWhole } : { isWhole, readAgain: gapsIn(reads, patches) };
}

/**
 * The list is taken to be the same from one read to the next while it says the same count and page length. A read that
 * was under way together with one that says otherwise belongs to no epoch: which of them came first is not known.
 */
function epochsOf(reads: readonly PageRead[]): (number | undefined)[] {
  let epoch = 0;
  const unsure = new Set<number>();
  const epochs = reads.map((read, i) => {
    if (i > 0 && !agree(read, reads[i - 1])) epoch += 1;
    for (let later = i + 1; later < reads.length; later += 1) {
      const other = reads[later];
      if (other === undefined || other.requestedAt > read.answeredAt) break;
      if (!agree(read, other)) unsure.add(i).add(later);
    }
    return epoch;
  });
  return epochs.map((one, i) => (unsure.has(i) ? undefined : one));
}

const agree = (a: PageRead, b: PageRead | undefined): boolean =>
  a.itemCount === b?.itemCount && a.itemsPerPage === b.itemsPerPage;

/** Both sides of every place where the newest reads of neighbouring pages are not stitched together, and the end. */
function gapsIn(reads: readonly PageRead[], patches: Patches): number[] {
  const newest = new Map(reads.map(({ page }, i) => [page, i]));
  const last = Math.max(1, reads.at(-1)?.pageCount ?? 1);
  const again = new Set<number>();
  for (let page = 1; page <= last; page += 1) {
    const here = newest.get(page);
    const next = newest.get(page + 1);
    if (here === undefined) again.add(page);
    else if (page < last && (next === undefined || patches.of(here) !== patches.of(next))) {
      again.add(page).add(page + 1);
    } else if (page === last && (reads[here]?.pageCount ?? 0) > page) again.add(page);
  }
  return [...again].sort((a, b) => a - b);
}

/** Which reads hang together (disjoint sets, with paths halved on the way up). */
class Patches {
  readonly #above: number[];

  constructor(size: number) {
    this.#above = Array.from({ length: size }, (_, i) => i);
  }

  of(read: number): number {
    let at = read;
    for (;;) {
      const above = this.#above[at] ?? at;
      if (above === at) return at;
      const further = this.#above[above] ?? above;
      this.#above[at] = further;
      at = further;
    }
  }

  join(a: number, b: number): void {
    this.#above[this.of(a)] = this.of(b);
  }
}
