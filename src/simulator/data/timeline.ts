// When the generated records of a collection were created: a rising function of their index, so that a page or a filter
// is arithmetic and not a scan.
import { fraction } from '../random.js';

/** Records that share their created_at, as bulk imports make them. */
export interface Ties {
  /** The share of runs that are tied, 0 to 1. */
  share: number;
  /** How many neighbours a run has. */
  run: number;
}

export interface TimelineOptions {
  seed: number;
  salt: number;
  size: number;
  /** The oldest record. */
  startMs: number;
  /** The newest record. */
  endMs: number;
  ties: Ties;
}

export class Timeline {
  readonly size: number;
  readonly #stepMs: number;
  readonly #options: TimelineOptions;

  constructor(options: TimelineOptions) {
    this.size = options.size;
    this.#options = options;
    this.#stepMs = options.size > 1 ? (options.endMs - options.startMs) / (options.size - 1) : 0;
  }

  /** created_at of the record in milliseconds; never falls as the index rises. */
  at(index: number): number {
    const { seed, salt, ties } = this.#options;
    const run = Math.floor(index / ties.run);
    const isTied = ties.share > 0 && fraction(seed, salt + 7, run) < ties.share;
    return this.#untied(isTied ? run * ties.run : index);
  }

  /** How many records were created before this instant. */
  countBefore(ms: number): number {
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle) < ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #untied(index: number): number {
    const { seed, salt, size, startMs, endMs } = this.#options;
    if (index >= size - 1) return endMs;
    const jitter = index === 0 ? 0 : fraction(seed, salt + 3, index) * 0.9;
    return startMs + Math.floor((index + jitter) * this.#stepMs);
  }
}
