// What can happen to an account while it is read, as data.
import { type ApiRecord, type CollectionName, collectionNames, type JsonObject } from './records.js';
import { SimulatorOptionError } from './simulator-option-error.js';

/** Which record: by its id, or by its place in the list (0 = newest). */
export type Target = { id: number; position?: undefined } | { position: number; id?: undefined };

/** A new record at the head of the list. */
export interface Insert {
  kind: 'insert';
  collection: CollectionName;
  /** Merged into the made-up record. */
  value?: JsonObject;
}

/** A new record whose created_at is set by the caller, past or future. It gets the highest id so far. */
export type InsertBackdated = {
  kind: 'insertBackdated';
  collection: CollectionName;
  value?: JsonObject;
} & (
  | { createdAt: string | number | Date; position?: undefined }
  /** Where it stands afterwards (inside a run of equal created_at: before that run). */
  | { position: number; createdAt?: undefined }
);

/** A new version of a record: a merge patch (its created_at moves the record), or the next step of its status. */
export type Update = { kind: 'update'; collection: CollectionName } & Target &
  ({ patch: JsonObject; step?: undefined } | { step: true; patch?: undefined });

/** The record leaves the list, and its single GET answers 404. */
export type Delete = { kind: 'delete'; collection: CollectionName } & Target;

/** A deleted record is there again, as it was when it left and where it stood. */
export interface Restore {
  kind: 'restore';
  collection: CollectionName;
  id: number;
}

export interface SetItemsPerPage {
  kind: 'setItemsPerPage';
  itemsPerPage: number;
}

export type Change = Insert | InsertBackdated | Update | Delete | Restore | SetItemsPerPage;

const kinds: readonly unknown[] = ['insert', 'insertBackdated', 'update', 'delete', 'restore', 'setItemsPerPage'];

/** Refuses what comes from outside the type checker and is no change. */
export function checkChange(change: Change): Change {
  if (!kinds.includes(change?.kind))
    throw new SimulatorOptionError(`A change's kind must be one of ${kinds.join(', ')}.`);
  if (change.kind !== 'setItemsPerPage' && !collectionNames.includes(change.collection))
    throw new SimulatorOptionError(`A change's collection must be one of ${collectionNames.join(', ')}.`);
  return change;
}

/** One thing that happened to one record, by a change or by a request of the API. */
export interface HistoryEntry {
  /** The number of the request before whose answer it happened; 0 before the first one. */
  n: number;
  /** Milliseconds since 1970, by the simulator's clock. */
  at: number;
  collection: CollectionName;
  id: number;
  kind: 'insert' | 'update' | 'delete' | 'restore';
  /** The record afterwards; for a deletion, as it was. */
  record: ApiRecord;
}
