// Randomness as a pure function of (seed, salt, index): any record can be made at any time, in any order, and is always the same.

function mix(value: number): number {
  let h = value | 0;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** An unsigned 32-bit number for this seed, salt and index. */
export function hash(seed: number, salt: number, index: number): number {
  return mix(mix(mix(seed + 0x9e3779b9) + Math.imul(salt, 0x165667b1)) + Math.imul(index, 0x27d4eb2f)) >>> 0;
}

/** A fraction in [0, 1). */
export function fraction(seed: number, salt: number, index: number): number {
  return hash(seed, salt, index) / 4294967296;
}

/** A stream of numbers (mulberry32) that starts at (seed, salt, index). */
export class Random {
  #state: number;

  constructor(seed: number, salt: number, index: number) {
    this.#state = hash(seed, salt, index);
  }

  /** The next 32 bits. */
  bits(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** A fraction in [0, 1). */
  next(): number {
    return this.bits() / 4294967296;
  }

  /** An integer from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[Math.floor(this.next() * choices.length)] ?? choices[0];
  }

  /** A string of decimal digits. */
  digits(length: number): string {
    let text = '';
    while (text.length < length) text += String(this.bits()).padStart(10, '0').slice(1);
    return text.slice(0, length);
  }

  /** A string of lowercase hexadecimal digits. */
  hex(length: number): string {
    let text = '';
    while (text.length < length) text += this.bits().toString(16).padStart(8, '0');
    return text.slice(0, length);
  }
}
