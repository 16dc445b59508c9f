// Two pages of a list that stood still have no record in common. If they have, it did not stand still, or records of
// one instant change places: between those pages a record may have been shown by none.
export class Contradictions {
  /** By epoch and upper page: the lowest page that has a record of it too. */
  readonly #lowest = new Map<number, Map<number, number>>();

  add(epoch: number, one: number, other: number): void {
    const upper = Math.min(one, other);
    const lowest = this.#lowest.get(epoch) ?? new Map<number, number>();
    this.#lowest.set(epoch, lowest);
    lowest.set(upper, Math.max(one, other, lowest.get(upper) ?? 0));
  }

  /** The pages of each epoch after which a record may have been lost, as `epoch page`. */
  pages(): Set<string> {
    const pages = new Set<string>();
    for (const [epoch, lowest] of this.#lowest) {
      let until = 0;
      for (const [upper, lower] of [...lowest].sort(([a], [b]) => a - b)) {
        for (let page = Math.max(upper, until); page < lower; page += 1) pages.add(`${epoch} ${page}`);
        until = Math.max(until, lower);
      }
    }
    return pages;
  }
}
