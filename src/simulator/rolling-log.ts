// The exact times of what happened in the last window.

export class RollingLog {
  #times: number[] = [];
  #head = 0;

  add(ms: number): void {
    this.#times.push(ms);
  }

  /** How many happened in the window that ends now; something exactly one window ago is outside. */
  count(nowMs: number, windowMs: number): number {
    while ((this.#times[this.#head] ?? Infinity) <= nowMs - windowMs) this.#head++;
    if (this.#head > 10_000 && this.#head > this.#times.length / 2) {
      this.#times = this.#times.slice(this.#head);
      this.#head = 0;
    }
    return this.#times.length - this.#head;
  }

  /** The time of the nth oldest (from 0) of those that the last count counted. */
  nth(n: number): number | undefined {
    return this.#times[this.#head + n];
  }
}
