// What every generator needs to know about the others: sizes, times and ids, all computed from the seed.
import { hash, Random } from '../random.js';
import type { ApiRecord, CollectionName } from '../records.js';
import { type Ties, Timeline } from './timeline.js';

export interface WorldOptions {
  seed: number;
  sizes: Record<CollectionName, number>;
  /** created_at of the newest records, milliseconds. */
  endAtMs: number;
  spanDays: number;
  ties: Ties;
  /** Orders younger than this are mostly open. */
  openDays: number;
  /** The share of older orders that are still open. */
  oldOpenShare: number;
}

/** One record to be made. */
export interface Slot {
  /** Its place in the series; also where its randomness starts. */
  index: number;
  id: number;
  createdMs: number;
  /** Just created: in its first state, whatever its created_at says. */
  isNew: boolean;
}

export type Generate = (world: World, slot: Slot) => ApiRecord;

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

const salts: Record<CollectionName, number> = {
  warehouses: 100,
  skus: 200,
  orders: 300,
  shipments: 400,
  returns: 500,
  restocking_shipments: 600,
};

// Ids start where the API's own examples do, and leave gaps: other merchants share the sequence.
const idRanges: Record<CollectionName, { first: number; gap: number }> = {
  warehouses: { first: 22, gap: 14 },
  skus: { first: 9, gap: 3 },
  orders: { first: 4962, gap: 3 },
  shipments: { first: 170, gap: 4 },
  returns: { first: 31, gap: 2 },
  restocking_shipments: { first: 13, gap: 2 },
};

export class World {
  readonly startMs: number;
  readonly timelines: Record<CollectionName, Timeline>;

  constructor(readonly options: WorldOptions) {
    const { endAtMs, seed, sizes, spanDays, ties } = options;
    const spanMs = spanDays * dayMs;
    this.startMs = endAtMs - spanMs;
    const timeline = (collection: CollectionName, startMs: number, endMs = endAtMs) =>
      new Timeline({ seed, salt: salts[collection], size: sizes[collection], startMs, endMs, ties });
    // Warehouses and a third of the catalogue are there before the first order, so that references never point ahead.
    const opening = this.startMs - spanMs / 2;
    this.timelines = {
      warehouses: timeline('warehouses', opening - 90 * dayMs, opening - dayMs),
      skus: timeline('skus', opening),
      orders: timeline('orders', this.startMs),
      shipments: timeline('shipments', this.startMs),
      returns: timeline('returns', this.startMs + spanMs / 20),
      restocking_shipments: timeline('restocking_shipments', opening),
    };
  }

  size(collection: CollectionName): number {
    return this.options.sizes[collection];
  }

  /** A stream of randomness for one aspect of one record. */
  random(collection: CollectionName, index: number, aspect = 0): Random {
    return new Random(this.options.seed, salts[collection] + 10 + aspect, index);
  }

  /** Ids rise with the index, with gaps; those past the generated series have none. */
  idAt(collection: CollectionName, index: number): number {
    const { first, gap } = idRanges[collection];
    const size = this.size(collection);
    if (index >= size) return first + size * gap + (index - size);
    return first + index * gap + (hash(this.options.seed, salts[collection] + 1, index) % gap);
  }

  /** The index of a generated record, or undefined when there is none with this id. */
  indexOf(collection: CollectionName, id: number): number | undefined {
    const { first, gap } = idRanges[collection];
    const index = Math.floor((id - first) / gap);
    if (!Number.isInteger(id) || index < 0 || index >= this.size(collection)) return undefined;
    return this.idAt(collection, index) === id ? index : undefined;
  }

  slot(collection: CollectionName, index: number): Slot {
    return {
      index,
      id: this.idAt(collection, index),
      createdMs: this.timelines[collection].at(index),
      isNew: false,
    };
  }

  /** How old something is when the newest records are made; never negative. */
  ageMs(createdMs: number): number {
    return Math.max(0, this.options.endAtMs - createdMs);
  }
}
