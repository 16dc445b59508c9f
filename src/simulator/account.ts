// The merchant's account: six lists, the changes made to them, and the history of those changes.
import { formatInstant, parseInstant } from './berlin-time.js';
import {
  type Change,
  checkChange,
  type Delete,
  type HistoryEntry,
  type InsertBackdated,
  type Restore,
  type Target,
  type Update,
} from './changes.js';
import { generators } from './data/generators.js';
import { indexOfMerchantOrder } from './data/orders.js';
import { World } from './data/world.js';
import { mergePatch } from './merge-patch.js';
import type { SimulatorSettings } from './options.js';
import { hash } from './random.js';
import { RecordList } from './record-list.js';
import { type ApiRecord, type CollectionName, collectionNames, type JsonObject } from './records.js';
import { SimulatorOptionError } from './simulator-option-error.js';
import { nextStep } from './status-steps.js';
import { type Version, Versions } from './versions.js';

const dayMs = 86_400_000;

export class Account {
  readonly history: HistoryEntry[] = [];
  itemsPerPage: number;
  /** The request being answered; the server keeps it up to date. */
  requestNumber = 0;
  readonly #world: World;
  readonly #lists: Record<CollectionName, RecordList>;
  readonly #inserted: Record<CollectionName, number>;
  readonly #now: () => number;
  readonly #clockAheadMs: number;
  readonly #versions: Versions | undefined;
  #skuIds: Map<string, number> | undefined;
  /** Told of every change of a record that there was before. */
  onChange: (collection: CollectionName, old: ApiRecord | undefined, record: ApiRecord) => void = () => undefined;

  constructor(settings: SimulatorSettings) {
    this.#now = settings.now;
    this.#clockAheadMs = settings.clockAheadMs;
    this.itemsPerPage = settings.itemsPerPage;
    const backdated = Math.min(1000, Math.floor(settings.sizes.orders * settings.backdatedShare));
    const sizes = { ...settings.sizes, orders: settings.sizes.orders - backdated };
    this.#world = new World({ ...settings, sizes });
    this.#lists = Object.fromEntries(collectionNames.map((name) => [name, this.#openList(name)])) as Record<
      CollectionName,
      RecordList
    >;
    this.#inserted = Object.fromEntries(collectionNames.map((name) => [name, 0])) as Record<CollectionName, number>;
    for (let n = 0; n < backdated; n++) {
      const luck = hash(settings.seed, 999, n) / 4294967296;
      this.#make('orders', this.#world.startMs + Math.floor(luck * settings.spanDays * dayMs), {}, false);
    }
    if (settings.keepsVersions) this.#versions = new Versions((collection) => this.#lists[collection]);
  }

  /** Every version of every record; undefined when they are not kept. */
  versions(collection: CollectionName): ReadonlyMap<number, readonly Version[]> | undefined {
    return this.#versions?.of(collection);
  }

  list(collection: CollectionName): RecordList {
    return this.#lists[collection];
  }

  get(collection: CollectionName, id: number): ApiRecord | undefined {
    return this.#lists[collection].get(id);
  }

  /** The id of the SKU with this merchant code. */
  skuId(merchantSkuId: string): number | undefined {
    if (!this.#skuIds) {
      // Oldest last, so that of two SKUs with one code the older is found, like a database index would.
      this.#skuIds = new Map(Array.from(this.#lists.skus, (sku) => [String(sku.merchant_sku_id), sku.id]));
    }
    return this.#skuIds.get(merchantSkuId);
  }

  hasOrder(merchantOrderId: string): boolean {
    for (const order of this.#lists.orders.overlay()) if (order.merchant_order_id === merchantOrderId) return true;
    const index = indexOfMerchantOrder(this.#world, merchantOrderId);
    return index !== undefined && this.get('orders', this.#world.idAt('orders', index)) !== undefined;
  }

  /** A time at which whatever happens now is the newest in its list. */
  nowMs(collection: CollectionName): number {
    return Math.max(Math.floor(this.#now() + this.#clockAheadMs), (this.#lists[collection].createdMsAt(0) ?? 0) + 1);
  }

  /** The id that the next inserted record gets. */
  nextId(collection: CollectionName): number {
    return this.#world.idAt(collection, this.#world.size(collection) + this.#inserted[collection]);
  }

  /** Makes the change; the record it made, changed or removed, or undefined when it was not about a record. */
  apply(change: Change): ApiRecord | undefined {
    checkChange(change);
    switch (change.kind) {
      case 'insert':
        return this.insert(change.collection, change.value ?? {});
      case 'insertBackdated':
        return this.insert(change.collection, change.value ?? {}, this.#backdate(change));
      case 'update':
        return this.#update(change);
      case 'delete':
        return this.#delete(change);
      case 'restore':
        return this.#restore(change);
      case 'setItemsPerPage':
        if (!Number.isInteger(change.itemsPerPage) || change.itemsPerPage < 1)
          throw new SimulatorOptionError(`itemsPerPage must be a positive integer, not ${change.itemsPerPage}.`);
        this.itemsPerPage = change.itemsPerPage;
        return undefined;
    }
  }

  /** A new record: made up, then merged with the values. Its created_at is the given one, else that of the values, else now. */
  insert(collection: CollectionName, values: JsonObject, createdMs?: number): ApiRecord {
    const given = typeof values.created_at === 'string' ? parseInstant(values.created_at) : undefined;
    const record = this.#make(collection, Math.floor(createdMs ?? given ?? this.nowMs(collection)), values, true);
    this.#note('insert', collection, record);
    return record;
  }

  /** A new version of a record; moves it when its created_at changed. */
  replace(collection: CollectionName, record: ApiRecord): ApiRecord {
    const old = this.#lists[collection].get(record.id);
    const isMoved = typeof record.created_at === 'string' && record.created_at !== old?.created_at;
    const createdMs = isMoved ? parseInstant(String(record.created_at)) : undefined;
    this.#lists[collection].replace(record, createdMs === undefined ? undefined : Math.floor(createdMs));
    this.#note('update', collection, record);
    this.onChange(collection, old, record);
    return record;
  }

  #openList(collection: CollectionName): RecordList {
    const world = this.#world;
    const timeline = world.timelines[collection];
    return new RecordList({
      size: world.size(collection),
      createdMsAt: (index) => timeline.at(index),
      countBefore: (ms) => timeline.countBefore(ms),
      idAt: (index) => world.idAt(collection, index),
      indexOf: (id) => world.indexOf(collection, id),
      record: (index) => generators[collection](world, world.slot(collection, index)),
    });
  }

  #make(collection: CollectionName, createdMs: number, values: JsonObject, isNew: boolean): ApiRecord {
    const index = this.#world.size(collection) + this.#inserted[collection]++;
    const id = this.#world.idAt(collection, index);
    const made = generators[collection](this.#world, { index, id, createdMs, isNew });
    const time = made.created_at === undefined ? {} : { created_at: formatInstant(createdMs) };
    const record = { ...mergePatch(made, values), ...time, id };
    this.#lists[collection].insert(record, createdMs);
    return record;
  }

  #backdate(change: InsertBackdated): number {
    const list = this.#lists[change.collection];
    if (change.createdAt !== undefined) {
      const given = change.createdAt;
      const ms = typeof given === 'string' ? parseInstant(given) : Number(given);
      if (ms === undefined || Number.isNaN(ms)) throw new SimulatorOptionError(`createdAt is not a time: ${given}.`);
      return Math.floor(ms);
    }
    const { position } = change;
    const older = list.createdMsAt(position);
    const newer = list.createdMsAt(position - 1);
    if (!Number.isInteger(position) || position < 0 || position > list.count)
      throw new SimulatorOptionError(`${change.collection} has no position ${position} to insert at.`);
    if (newer === undefined) return this.nowMs(change.collection);
    // A tie with the older neighbour will do: the new record has the higher id and stands before it.
    return older === undefined ? newer - 1000 : older + Math.floor((newer - older) / 2);
  }

  #update(change: Update): ApiRecord {
    const { collection } = change;
    const old = this.#find(collection, change);
    const nowMs = this.nowMs(collection);
    const patch = change.step ? nextStep(collection, old, nowMs) : change.patch;
    if (!patch) throw new SimulatorOptionError(`${collection} ${old.id} is ${old.status}: there is no next step.`);
    const touched = 'updated_at' in old ? { updated_at: formatInstant(nowMs) } : {};
    return this.replace(collection, { ...mergePatch(old, { ...touched, ...patch }), id: old.id });
  }

  #delete(change: Delete): ApiRecord {
    const record = this.#find(change.collection, change);
    this.#lists[change.collection].remove(record.id);
    this.#note('delete', change.collection, record);
    return record;
  }

  #restore({ collection, id }: Restore): ApiRecord {
    const list = this.#lists[collection];
    const gone = this.history.findLast((entry) => entry.collection === collection && entry.id === id);
    if (gone?.kind !== 'delete') throw new SimulatorOptionError(`${collection} ${id} is not deleted.`);
    const { record } = gone;
    const createdMs = typeof record.created_at === 'string' ? parseInstant(record.created_at) : undefined;
    list.insert(record, Math.floor(createdMs ?? (list.createdMsAt(0) ?? 0) + 1));
    this.#note('restore', collection, record);
    return record;
  }

  #find(collection: CollectionName, target: Target): ApiRecord {
    const list = this.#lists[collection];
    const record = target.id === undefined ? list.at(target.position) : list.get(target.id);
    if (record) return record;
    const which = target.id === undefined ? `record at position ${target.position}` : `record with id ${target.id}`;
    throw new SimulatorOptionError(`${collection} has no ${which}.`);
  }

  #note(kind: HistoryEntry['kind'], collection: CollectionName, record: ApiRecord): void {
    if (collection === 'skus') this.#skuIds = undefined;
    const entry = { n: this.requestNumber, at: this.#now(), collection, id: record.id, kind, record };
    this.history.push(entry);
    this.#versions?.note(entry);
  }
}
