/** Which reads hang together (disjoint sets, with paths halved on the way up). */
export class Patches {
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
