// Every version of every record with the times at which it stood in the list: what a test asks that must know what
// existed at an instant. Kept only when asked for, as it holds all records in memory.
import type { HistoryEntry } from './changes.js';
import { type ApiRecord, type CollectionName, collectionNames } from './records.js';

export interface Version {
  /** By the simulator's clock, milliseconds since 1970; -Infinity = it was there from the start. */
  readonly from: number;
  /** When it was changed or deleted; Infinity = it stands. */
  readonly to: number;
  readonly record: ApiRecord;
}

export class Versions {
  readonly #versions: Record<CollectionName, Map<number, Version[]>>;

  constructor(listOf: (collection: CollectionName) => Iterable<ApiRecord>) {
    const first = (record: ApiRecord): [number, Version[]] => [
      record.id,
      [{ from: -Infinity, to: Infinity, record: structuredClone(record) }],
    ];
    this.#versions = Object.fromEntries(
      collectionNames.map((name) => [name, new Map(Array.from(listOf(name), first))]),
    ) as Record<CollectionName, Map<number, Version[]>>;
  }

  /** By id, the versions of each record that ever was, oldest first. Between a deletion and a restoration lies a gap. */
  of(collection: CollectionName): ReadonlyMap<number, readonly Version[]> {
    return this.#versions[collection];
  }

  note({ collection, id, kind, at, record }: HistoryEntry): void {
    const own = this.#versions[collection].get(id) ?? [];
    this.#versions[collection].set(id, own);
    const last = own.at(-1);
    if (last !== undefined && last.to === Infinity) own[own.length - 1] = { ...last, to: at };
    if (kind !== 'delete') own.push({ from: at, to: Infinity, record: structuredClone(record) });
  }
}
