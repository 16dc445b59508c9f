// Lists that move while they are read, at random: changes, faults, and what no proof can see.

import type { Change, FaultRule, HistoryEntry, Simulator } from '../../src/simulator/index.js';
import fc from './property.js';

export type Listed = 'orders' | 'shipments' | 'returns' | 'restocking_shipments';

const insert = (collection: Listed) =>
  fc.record({ kind: fc.constant('insert' as const), collection: fc.constant(collection) });

/** Not for lists whose records carry no created_at: nothing tells where such a record belongs. */
const insertBackdated = (collection: Listed) =>
  fc.record({
    kind: fc.constant('insertBackdated' as const),
    collection: fc.constant(collection),
    position: fc.nat(60),
  });

export const change = (collection: Listed): fc.Arbitrary<Change> =>
  fc.oneof(
    insert(collection),
    collection === 'restocking_shipments' ? insert(collection) : insertBackdated(collection),
    fc.record({ kind: fc.constant('delete' as const), collection: fc.constant(collection), position: fc.nat(60) }),
    fc.record({
      kind: fc.constant('update' as const),
      collection: fc.constant(collection),
      position: fc.nat(60),
      patch: fc.record({ merchant_order_id: fc.string({ maxLength: 8 }) }),
    }),
    fc.record({ kind: fc.constant('setItemsPerPage' as const), itemsPerPage: fc.integer({ min: 3, max: 9 }) }),
  );

export const fault: fc.Arbitrary<FaultRule['respond']> = fc.constantFrom<FaultRule['respond']>(
  { status: 503 },
  { cut: 'mid-body' },
  { brokenJson: true },
  { html: true, status: 502 },
  { delayMs: 30 },
);

export const byId = (simulator: Simulator, collection: Listed): Map<number, unknown> =>
  new Map((simulator.truth(collection) as { id: number }[]).map((record) => [record.id, structuredClone(record)]));

/** docs/design.md 4.5: an insertion and a deletion that fall between the same two answers leave every count as it was. */
export function fellIntoTheHole(history: readonly HistoryEntry[], { requests }: Simulator): boolean {
  const kinds = new Map<number, Set<string>>();
  for (const { n, kind } of history) {
    // Answers that never came do not separate: changes before them count with the next one.
    const answered =
      requests.find((request) => request.n >= n && request.status === 200)?.n ?? Number.POSITIVE_INFINITY;
    kinds.set(answered, (kinds.get(answered) ?? new Set()).add(kind));
  }
  return [...kinds.values()].some((set) => set.has('insert') && set.has('delete'));
}
