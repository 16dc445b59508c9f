// What the work of a sync needs of the outside: one account's client and database, and somebody who carries out pages.
import type { Logger } from 'pino';
import type { Db } from '../db/database.js';
import type { RunClaims } from '../db/run-claims.js';
import { UnknownCollectionError } from '../errors.js';
import type { Client } from '../hive/client.js';
import type { Collection } from './collection.js';
import type { Observer } from './observer.js';

/** One record to be read: a lookup of the ledger. Adding the same one twice is harmless. */
export interface LookupTask {
  readonly lookupId: number;
  /** 1 is most urgent. */
  readonly priority: number;
}

/** Deliveries of webhooks wait in the database: all that are there when it is their turn, this one among them. */
export interface WebhookTask {
  readonly deliveryId: number;
  /** 1 is most urgent. */
  readonly priority: number;
}

/** One page to be read. Adding the same one twice is harmless. */
export interface PageTask {
  readonly windowId: number;
  readonly pass: number;
  readonly page: number;
  /** 1 is most urgent. */
  readonly priority: number;
}

export interface SyncContext {
  readonly account: string;
  /** Where its key is read from, for messages: HIVE_API_KEY, HIVE_API_KEY_DE. */
  readonly keyVariable: string;
  readonly db: Db;
  readonly client: Client;
  /** The runs that this process stands behind. */
  readonly claims: RunClaims;
  readonly collections: readonly Collection[];
  readonly log: Logger;
  readonly observer: Observer;
  /** Pages of one window that wait in the queue at a time: enough to keep all workers busy, few enough to cost nothing. */
  readonly frontier: number;
  /** A list may have changed between two answers when a request began so long after the one before it, milliseconds. */
  readonly pauseMs: number;
  /** How long a record is watched after it has closed, where its collection says that it can still change. */
  readonly lookbackDays: number;
  /** Pages with nothing but closed records that an incremental run reads; the others have their turn in the next ones. */
  readonly closedPages: number;
  /** Requests that webhooks may cost in a window of the budget while other runs are under way. */
  readonly webhookShare: { readonly most: number; readonly windowMs: number };
  /** Lifts a halt of the account, so that the next request finds out whether the key works again. */
  probe(): Promise<void>;
  /** Hands work to the workers. */
  enqueue(tasks: readonly (PageTask | LookupTask | WebhookTask)[]): Promise<void>;
}

export function collectionOf(context: SyncContext, name: string): Collection {
  const collection = context.collections.find((one) => one.name === name);
  if (collection === undefined) throw new UnknownCollectionError(name);
  return collection;
}
