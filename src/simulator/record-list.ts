// One collection in list order: a generated series of any size with an overlay of what was changed, inserted and removed.
// Looking up a position costs a few binary searches, whatever the size of the series and of the overlay.
import type { ApiRecord } from './records.js';

/** A series sorted by created_at and id, oldest first, made on demand. */
export interface Series {
  size: number;
  createdMsAt(index: number): number;
  countBefore(ms: number): number;
  idAt(index: number): number;
  indexOf(id: number): number | undefined;
  record(index: number): ApiRecord;
}

interface Extra {
  id: number;
  createdMs: number;
  record: ApiRecord;
  /** How many records of the series (removed ones included) are older. */
  seriesBefore: number;
}

/** The first index in [0, length) for which `isAfter` holds, else length. `isAfter` must be false, then true. */
function search(length: number, isAfter: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isAfter(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

export class RecordList {
  readonly #series: Series;
  /** Indices of the series that are gone (or moved into the extras), rising. */
  readonly #removed: number[] = [];
  /** Records that are not where the series has them, oldest first. */
  readonly #extras: Extra[] = [];
  readonly #extraById = new Map<number, Extra>();
  readonly #changed = new Map<number, ApiRecord>();

  constructor(series: Series) {
    this.#series = series;
  }

  get count(): number {
    return this.#series.size - this.#removed.length + this.#extras.length;
  }

  /** How many records were created before this instant. */
  countBefore(ms: number): number {
    const extras = search(this.#extras.length, (n) => (this.#extras[n]?.createdMs ?? Infinity) >= ms);
    return this.#live(this.#series.countBefore(ms)) + extras;
  }

  /** The record at a position of the list; position 0 is the newest. */
  at(position: number): ApiRecord | undefined {
    const place = this.#locate(position);
    return typeof place === 'number' ? this.#seriesRecord(place) : place?.record;
  }

  /** created_at of the record at a position, as the list is sorted by it. */
  createdMsAt(position: number): number | undefined {
    const place = this.#locate(position);
    return typeof place === 'number' ? this.#series.createdMsAt(place) : place?.createdMs;
  }

  get(id: number): ApiRecord | undefined {
    const extra = this.#extraById.get(id);
    if (extra) return extra.record;
    const index = this.#liveIndexOf(id);
    return index === undefined ? undefined : this.#seriesRecord(index);
  }

  *[Symbol.iterator](): Generator<ApiRecord> {
    for (let position = 0; position < this.count; position++) {
      const record = this.at(position);
      if (record) yield record;
    }
  }

  /** What was inserted or changed since the start, in no particular order. */
  *overlay(): Generator<ApiRecord> {
    for (const extra of this.#extras) yield extra.record;
    yield* this.#changed.values();
  }

  insert(record: ApiRecord, createdMs: number): void {
    const series = this.#series;
    let seriesBefore = series.countBefore(createdMs);
    while (
      seriesBefore < series.size &&
      series.createdMsAt(seriesBefore) === createdMs &&
      series.idAt(seriesBefore) < record.id
    ) {
      seriesBefore++;
    }
    const extra = { id: record.id, createdMs, record, seriesBefore };
    this.#extras.splice(this.#placeOf(extra), 0, extra);
    this.#extraById.set(extra.id, extra);
  }

  /** Puts a new version in the place of the record; a new `createdMs` moves it. */
  replace(record: ApiRecord, createdMs?: number): void {
    if (createdMs !== undefined) {
      this.remove(record.id);
      this.insert(record, createdMs);
      return;
    }
    const extra = this.#extraById.get(record.id);
    if (extra) extra.record = record;
    else this.#changed.set(record.id, record);
  }

  remove(id: number): void {
    const extra = this.#extraById.get(id);
    if (extra) {
      this.#extras.splice(this.#placeOf(extra), 1);
      this.#extraById.delete(id);
      return;
    }
    const index = this.#liveIndexOf(id);
    if (index === undefined) return;
    this.#removed.splice(this.#removedBefore(index), 0, index);
    this.#changed.delete(id);
  }

  #seriesRecord(index: number): ApiRecord {
    return this.#changed.get(this.#series.idAt(index)) ?? this.#series.record(index);
  }

  #liveIndexOf(id: number): number | undefined {
    const index = this.#series.indexOf(id);
    return index === undefined || this.#removed[this.#removedBefore(index)] === index ? undefined : index;
  }

  /** An index of the series, an extra, or undefined past the end. */
  #locate(position: number): number | Extra | undefined {
    const rank = this.count - 1 - position;
    if (rank < 0 || position < 0) return undefined;
    const rankOf = (n: number) => n + this.#live(this.#extras[n]?.seriesBefore ?? this.#series.size);
    const extrasBefore = search(this.#extras.length, (n) => rankOf(n) >= rank);
    const extra = this.#extras[extrasBefore];
    if (extra && rankOf(extrasBefore) === rank) return extra;
    const live = rank - extrasBefore;
    return live + search(this.#removed.length, (n) => (this.#removed[n] ?? Infinity) - n > live);
  }

  #removedBefore(index: number): number {
    return search(this.#removed.length, (n) => (this.#removed[n] ?? Infinity) >= index);
  }

  /** How many of the first `index` records of the series are still in it. */
  #live(index: number): number {
    return index - this.#removedBefore(index);
  }

  #placeOf(extra: Extra): number {
    return search(this.#extras.length, (n) => {
      const other = this.#extras[n];
      if (!other) return true;
      return other.createdMs === extra.createdMs ? other.id >= extra.id : other.createdMs > extra.createdMs;
    });
  }
}
