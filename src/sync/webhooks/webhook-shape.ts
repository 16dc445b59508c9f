// What a webhook's body is about. Version 1 of the API sends the bare record without the name of the event, so the
// collection is told by the fields that no other collection has; a name of an event helps where there is one. Version 2
// wraps the record: {event_type, event_id, timestamp, data}.
import { instantMs } from '../../db/instants.js';
import type { Collection } from '../collection.js';
import { isObject, type JsonObject, pathsOf } from '../records/known-fields.js';
import { readRecordId } from '../records/record-id.js';

export interface Recognised {
  /** undefined = the body fits no collection. */
  readonly collection: Collection | undefined;
  /** The record inside the body. */
  readonly record: unknown;
  /** undefined = it has none that can be an id. */
  readonly recordId: number | undefined;
  readonly isWrapped: boolean;
  readonly event: string | undefined;
  /** When the event happened by the API's clock, epoch milliseconds; only envelopes say that. */
  readonly eventAt: number | undefined;
}

/** So many fields that only one collection has make its shape; one alone may be chance. */
const ENOUGH_MARKS = 2;

/** @param hint name of the event from a header or the query, where there was one */
export function recognise(collections: readonly Collection[], body: unknown, hint?: string): Recognised {
  const envelope = isObject(body) && isObject(body.data) ? body : undefined;
  const record = envelope === undefined ? body : envelope.data;
  const event = firstText(envelope?.event_type, envelope?.event, hint);
  const named = event === undefined ? undefined : collectionOfEvent(collections, event);
  return {
    // The shape has the first word: the name may come from a setting that is wrong.
    collection: isObject(record) ? (collectionOfShape(collections, record) ?? named) : undefined,
    record,
    recordId: isObject(record) ? readRecordId(record.id) : undefined,
    isWrapped: envelope !== undefined,
    event,
    eventAt: typeof envelope?.timestamp === 'string' ? instantMs(envelope.timestamp) : undefined,
  };
}

const firstText = (...values: readonly unknown[]): string | undefined =>
  values.find((value): value is string => typeof value === 'string' && value !== '')?.slice(0, 100);

/** Version 1 writes `return_status_updated`, version 2 `return.status_updated`. */
function collectionOfEvent(collections: readonly Collection[], event: string): Collection | undefined {
  const name = event.toLowerCase().replaceAll(/[.-]/g, '_');
  return collections.find(({ webhookEvents }) => webhookEvents?.includes(name));
}

function collectionOfShape(collections: readonly Collection[], record: JsonObject): Collection | undefined {
  const marks = marksOf(collections);
  const counted = collections
    .map((collection) => ({ collection, n: (marks.get(collection) ?? []).filter((key) => key in record).length }))
    .sort((a, b) => b.n - a.n);
  const [best, second] = counted;
  return best !== undefined && best.n >= ENOUGH_MARKS && best.n > (second?.n ?? 0) ? best.collection : undefined;
}

const known = new WeakMap<readonly Collection[], Map<Collection, readonly string[]>>();

/** Keys of a record that only this collection has. */
function marksOf(collections: readonly Collection[]): Map<Collection, readonly string[]> {
  let marks = known.get(collections);
  if (marks === undefined) {
    const keys = new Map(collections.map((collection) => [collection, keysOf(collection)]));
    marks = new Map(
      collections.map((collection) => [
        collection,
        [...(keys.get(collection) ?? [])].filter((key) =>
          collections.every((other) => other === collection || keys.get(other)?.has(key) !== true),
        ),
      ]),
    );
    known.set(collections, marks);
  }
  return marks;
}

const keysOf = ({ fields, children }: Collection): Set<string> =>
  new Set([
    ...Object.entries(fields).flatMap(([column, field]) =>
      pathsOf(column, field).map((path) => path.split('.')[0] ?? path),
    ),
    ...children.map(({ from }) => from),
  ]);
