// The account of a random history: a simulator that keeps every version, changed by acts, and a journal of what came
// before what: changes and the answers that were made of the lists.
import {
  type AnswerFacts,
  type ApiRecord,
  type CollectionName,
  openSimulator,
  parseInstant,
  type RequestFacts,
  type Simulator,
} from '../../../src/simulator/index.js';
import type { MovableClock } from '../movable-clock.js';
import type { Act, Script } from './script.js';

/** In the order in which it happened. */
export type Entry =
  | {
      readonly what: 'came' | 'went';
      readonly in: CollectionName;
      readonly at: number;
      /** Epoch milliseconds; undefined = the record carries none. */
      readonly createdAt: number | undefined;
    }
  | { readonly what: 'read'; readonly in: CollectionName; readonly at: number; readonly page: number };

export interface World {
  readonly script: Script;
  readonly simulator: Simulator;
  readonly clock: MovableClock;
  readonly journal: readonly Entry[];
  /** Does it; an act for which there is no record does nothing. */
  carryOut(act: Act): Promise<void>;
  /** What is called around each request from now on. */
  watch(hooks: Hooks): void;
  close(): Promise<void>;
}

export interface Hooks {
  onRequest(request: RequestFacts): Promise<void> | void;
  onAnswer(request: RequestFacts): Promise<void> | void;
  /** A webhook arrives. */
  deliver(body: string): Promise<void>;
}

const MINUTE_MS = 60_000;
const idle: Hooks = { onRequest: () => {}, onAnswer: () => {}, deliver: async () => {} };

/** Collections whose records carry created_at. */
const dated: readonly CollectionName[] = ['orders', 'skus', 'shipments', 'returns'];
/** Collections whose changes of a status are told by webhooks. */
const telling: readonly CollectionName[] = ['shipments', 'returns', 'restocking_shipments'];

export async function openWorld(script: Script, clock: MovableClock): Promise<World> {
  const journal: Entry[] = [];
  const letters: string[] = [];
  const gone: { in: CollectionName; id: number }[] = [];
  let hooks = idle;
  const size = (name: CollectionName, share = 1) =>
    script.collections.includes(name) ? Math.ceil(script.size * share) : 0;
  const simulator = await openSimulator({
    seed: script.seed,
    sizes: {
      warehouses: size('warehouses', 0.2),
      // Orders and shipments name SKUs.
      skus: Math.max(3, size('skus')),
      orders: size('orders'),
      shipments: size('shipments'),
      returns: size('returns'),
      restocking_shipments: size('restocking_shipments'),
    },
    itemsPerPage: script.itemsPerPage,
    rate: 'unlimited',
    spanDays: 90,
    endAt: clock.now() - 5 * MINUTE_MS,
    now: clock.now,
    clockAheadMs: script.apiAheadSeconds * 1_000,
    pastEnd: script.pastEnd,
    ignoresFilters: script.ignoresFilters,
    keepsVersions: true,
    onRequest: (request) => hooks.onRequest(request),
    onAnswer: (request, made) => {
      noteRead(request, made);
      return hooks.onAnswer(request);
    },
  });

  function noteRead({ path, page }: RequestFacts, { status, fault }: AnswerFacts): void {
    const isWhole = fault === undefined || 'delayMs' in fault || 'patchPagination' in fault;
    const name = script.collections.find((one) => path === `/${one}`);
    if (name !== undefined && status === 200 && isWhole) {
      journal.push({ what: 'read', in: name, at: clock.now(), page });
    }
  }

  const apiNow = () => clock.now() + script.apiAheadSeconds * 1_000;
  const pick = (name: CollectionName, at: number): ApiRecord | undefined => {
    const records = simulator.truth(name);
    return records[at % Math.max(1, records.length)];
  };
  const note = (what: 'came' | 'went', name: CollectionName, record: ApiRecord) =>
    journal.push({ what, in: name, at: clock.now(), createdAt: createdAtOf(record) });

  function insert(name: CollectionName, createdAt = apiNow()): void {
    const made = dated.includes(name)
      ? simulator.apply({ kind: 'insertBackdated', collection: name, createdAt })
      : simulator.apply({ kind: 'insert', collection: name });
    if (made !== undefined) note('came', name, made);
  }

  function remove(name: CollectionName, at: number): void {
    const record = pick(name, at);
    if (record === undefined) return;
    simulator.apply({ kind: 'delete', collection: name, id: record.id });
    gone.push({ in: name, id: record.id });
    note('went', name, record);
  }

  function change(name: CollectionName, at: number, patchOf: (record: ApiRecord) => Record<string, unknown> | 'step') {
    const old = pick(name, at);
    if (old === undefined) return;
    const patch = patchOf(old);
    const where = { kind: 'update', collection: name, id: old.id } as const;
    const now = simulator.apply(patch === 'step' ? { ...where, step: true } : { ...where, patch });
    if (now === undefined) return;
    if (createdAtOf(now) !== createdAtOf(old)) {
      note('went', name, old);
      note('came', name, now);
    }
    const isTold = telling.includes(name) && (now.status !== old.status || now.delivery_status !== old.delivery_status);
    if (isTold) letters.unshift(JSON.stringify(now));
  }

  async function carryOut(act: Act): Promise<void> {
    switch (act.do) {
      case 'insert':
        return insert(act.in);
      case 'back-date':
        return insert(act.in, apiNow() - act.minutes * MINUTE_MS);
      case 'future-date':
        return insert(act.in, apiNow() + act.hours * 60 * MINUTE_MS);
      case 'step':
        return change(act.in, act.at, (record) => (hasNextStep(act.in, record) ? 'step' : patchFor(act.in, 'a')));
      case 'patch':
        return change(act.in, act.at, () => patchFor(act.in, act.to));
      case 'move':
        return change(act.in, act.at, () =>
          dated.includes(act.in)
            ? { created_at: new Date(apiNow() - act.minutes * MINUTE_MS).toISOString() }
            : patchFor(act.in, 'b'),
        );
      case 'delete':
        return remove(act.in, act.at);
      case 'swap':
        remove(act.in, act.at);
        return insert(act.in, apiNow() - act.minutes * MINUTE_MS);
      case 'restore': {
        // Nothing tells where one without created_at stood.
        const index = dated.includes(act.in) ? gone.findIndex((one) => one.in === act.in) : -1;
        const [back] = index < 0 ? [] : gone.splice(index, 1);
        if (back === undefined) return;
        const record = simulator.apply({ kind: 'restore', collection: back.in, id: back.id });
        if (record !== undefined) note('came', back.in, record);
        return;
      }
      case 'items per page':
        simulator.apply({ kind: 'setItemsPerPage', itemsPerPage: act.n });
        return;
      case 'pass time':
        return clock.advance(act.seconds * 1_000);
      case 'webhook': {
        const body = letters[act.which % Math.max(1, letters.length)];
        return body === undefined ? undefined : hooks.deliver(body);
      }
    }
  }

  return {
    script,
    simulator,
    clock,
    journal,
    carryOut,
    watch(next) {
      hooks = next;
    },
    close: () => simulator.close(),
  };
}

export function createdAtOf(record: ApiRecord): number | undefined {
  return typeof record.created_at === 'string' ? parseInstant(record.created_at) : undefined;
}

const ends: Partial<Record<CollectionName, readonly unknown[]>> = {
  skus: ['deleted'],
  orders: ['fulfilled'],
  returns: ['handling_completed'],
  restocking_shipments: ['restocked'],
};

function hasNextStep(name: CollectionName, record: ApiRecord): boolean {
  if (name === 'warehouses') return false;
  if (name === 'shipments') return record.delivery_status !== 'Delivered' || record.status !== 'shipped';
  return ends[name]?.includes(record.status) !== true;
}

/** A change of few values, so that records go there and back. */
function patchFor(name: CollectionName, to: string): Record<string, unknown> {
  const nth = to.charCodeAt(0) - 'a'.charCodeAt(0);
  switch (name) {
    case 'orders':
      return { financial_status: ['pending', 'paid', 'refunded'][nth] };
    case 'restocking_shipments':
      return { status: ['created', 'shipped', 'delivered'][nth] };
    case 'returns':
      return { status: ['on_the_way', 'arrived', 'processing'][nth] };
    case 'shipments':
      return { status: ['picked', 'on_hold', 'in_packing'][nth] };
    case 'skus':
      return { name: to };
    case 'warehouses':
      return { name: to };
  }
}
