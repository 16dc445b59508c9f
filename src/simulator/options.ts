// What a simulator can be told, its defaults, and the check of it.
import { parseInstant } from './berlin-time.js';
import type { Ties } from './data/timeline.js';
import type { DriftRule } from './drift.js';
import type { FaultResponse, FaultRule } from './faults.js';
import { type CollectionName, collectionNames } from './records.js';
import type { RequestFacts } from './request-match.js';
import { SimulatorOptionError } from './simulator-option-error.js';
import type { WebhookOptions } from './webhooks.js';

/** How a 429 says when to come back. `fraction` and `integer` are the true time, `date` is an HTTP date. */
export type RetryAfterForm = 'fraction' | 'integer' | 'date' | 'zero' | 'none' | 'garbage';

export interface RateOptions {
  /** Requests per window. Default 100, as documented. */
  limit?: number;
  /** Default 60,000. */
  windowMs?: number;
  /** Default rolling: the window may begin at any request. Fixed windows begin at multiples of windowMs. */
  kind?: 'rolling' | 'fixed';
  /** Default fraction, e.g. `3.2`, rounded up to a tenth of a second. */
  retryAfter?: RetryAfterForm;
  /** Requests per window that somebody else makes with the same key; in X-Rate-Limit-Used. Default 0. */
  others?: number;
  /** Whether refused requests use up the window too. Default false. */
  countRejected?: boolean;
}

export interface SimulatorOptions {
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 0: a free one. */
  port?: number;
  /** Default `test-key`. */
  apiKey?: string;
  /** Same seed and sizes, same records. Default 1. */
  seed?: number;
  /** Defaults: 60 skus, 800 orders, 850 shipments, 90 returns, 40 restocking_shipments, 4 warehouses. */
  sizes?: Partial<Record<CollectionName, number>>;
  /** created_at of the newest records. Default 2026-11-01T12:00:00Z; a client that reads up to its own clock needs it in the past. */
  endAt?: Date | string | number;
  /** The time from the oldest order to the newest. Default 730. */
  spanDays?: number;
  /** Neighbours with equal created_at. Default: 2 % of all pairs. */
  ties?: Partial<Ties>;
  /** The share of orders (at most 1,000) whose created_at lies well before that of orders with lower ids. Default 0.01. */
  backdatedShare?: number;
  /** Orders younger than this are mostly open, and their shipments too. Default 3. */
  openDays?: number;
  /** The share of older orders that are still open. Default 0.005. */
  oldOpenShare?: number;
  /** Default 20. */
  itemsPerPage?: number;
  /** page_count of an empty collection. Default 1. */
  emptyPageCount?: 0 | 1;
  /** Time before each answer is sent: fixed, or anything between two. Default 0. */
  latencyMs?: number | readonly [min: number, max: number];
  rate?: RateOptions | 'unlimited';
  /** Where changes of a status are posted. Default: nowhere. */
  webhooks?: WebhookOptions;
  faults?: readonly FaultRule[];
  drift?: readonly DriftRule[];
  /** Milliseconds since 1970, never falling. Default: the machine's monotonic clock. */
  now?: () => number;
  /** How far the API's own clock is ahead of `now`: created_at, updated_at and the header Date. Negative = behind. Default 0. */
  clockAheadMs?: number;
  /** What the API says to a page past the end: an empty one, a 404, or the last page again. Default empty. */
  pastEnd?: 'empty' | 'not-found' | 'last-page';
  /** Whether orders and SKUs ignore their created_at filters, as the other lists do. Default false. */
  ignoresFilters?: boolean;
  /** Whether every version of every record is kept, for `versions()`. Default false. */
  keepsVersions?: boolean;
  /** Told of each request before its answer is made, which waits for it. */
  onRequest?: (request: RequestFacts) => Promise<void> | void;
  /** Told when the answer is made, which is not sent before that has ended. */
  onAnswer?: (request: RequestFacts, made: AnswerFacts) => Promise<void> | void;
  /** How many requests are remembered. Default 100,000. */
  requestLogSize?: number;
}

/** What was made of a request. */
export interface AnswerFacts {
  status: number;
  /** What was scripted to go wrong with it; undefined = the right answer. */
  fault: FaultResponse | undefined;
}

export interface SimulatorSettings {
  host: string;
  port: number;
  apiKey: string;
  seed: number;
  sizes: Record<CollectionName, number>;
  endAtMs: number;
  spanDays: number;
  ties: Ties;
  backdatedShare: number;
  openDays: number;
  oldOpenShare: number;
  itemsPerPage: number;
  emptyPageCount: 0 | 1;
  latencyMs: readonly [number, number];
  rate: RateOptions | 'unlimited';
  now: () => number;
  clockAheadMs: number;
  pastEnd: 'empty' | 'not-found' | 'last-page';
  ignoresFilters: boolean;
  keepsVersions: boolean;
  onRequest: (request: RequestFacts) => Promise<void> | void;
  onAnswer: (request: RequestFacts, made: AnswerFacts) => Promise<void> | void;
  requestLogSize: number;
}

const defaultSizes: Record<CollectionName, number> = {
  warehouses: 4,
  skus: 60,
  orders: 800,
  shipments: 850,
  returns: 90,
  restocking_shipments: 40,
};

const defaultEndAt = '2026-11-01T12:00:00.000Z';

/** Refuses with one sentence; `isInteger` and `max` are optional. */
function checkNumber(name: string, value: number, { min = 0, max = Infinity, isInteger = true } = {}): number {
  const isRight = Number.isFinite(value) && value >= min && value <= max && (!isInteger || Number.isInteger(value));
  if (isRight) return value;
  const kind = isInteger ? 'an integer' : 'a number';
  const range = max === Infinity ? `of at least ${min}` : `from ${min} to ${max}`;
  throw new SimulatorOptionError(`${name} must be ${kind} ${range}, not ${value}.`);
}

function checkSizes(sizes: SimulatorOptions['sizes'] = {}): Record<CollectionName, number> {
  for (const [name, size] of Object.entries(sizes)) {
    if (!(collectionNames as readonly string[]).includes(name))
      throw new SimulatorOptionError(`sizes.${name}: there is no such collection.`);
    if (size !== undefined) checkNumber(`sizes.${name}`, size, { max: 50_000_000 });
  }
  return { ...defaultSizes, ...sizes };
}

function checkEndAt(endAt: Date | string | number): number {
  const ms = typeof endAt === 'string' ? parseInstant(endAt) : Number(endAt);
  if (ms === undefined || !Number.isFinite(ms)) throw new SimulatorOptionError(`endAt is not a time: ${endAt}.`);
  return Math.floor(ms);
}

/** Checks a rate and leaves its defaults to the limiter. */
export function checkRate(rate: RateOptions | 'unlimited'): RateOptions | 'unlimited' {
  if (rate === 'unlimited') return rate;
  checkNumber('rate.limit', rate.limit ?? 100, { min: 1 });
  checkNumber('rate.windowMs', rate.windowMs ?? 60_000, { min: 1 });
  checkNumber('rate.others', rate.others ?? 0);
  return rate;
}

/** Fills in the defaults; throws SimulatorOptionError for what cannot be. */
export function resolveOptions(options: SimulatorOptions): SimulatorSettings {
  const latency = typeof options.latencyMs === 'number' ? ([options.latencyMs, options.latencyMs] as const) : undefined;
  const latencyMs = latency ?? (options.latencyMs as readonly [number, number] | undefined) ?? [0, 0];
  checkNumber('latencyMs', latencyMs[0], { isInteger: false });
  checkNumber('latencyMs', latencyMs[1], { min: latencyMs[0], isInteger: false });
  const share = { max: 1, isInteger: false };
  return {
    host: options.host ?? '127.0.0.1',
    port: checkNumber('port', options.port ?? 0, { max: 65_535 }),
    apiKey: options.apiKey ?? 'test-key',
    seed: checkNumber('seed', options.seed ?? 1, { min: -2_147_483_648, max: 4_294_967_295 }),
    sizes: checkSizes(options.sizes),
    endAtMs: checkEndAt(options.endAt ?? defaultEndAt),
    spanDays: checkNumber('spanDays', options.spanDays ?? 730, { min: 0.001, isInteger: false }),
    ties: {
      share: checkNumber('ties.share', options.ties?.share ?? 0.02, share),
      run: checkNumber('ties.run', options.ties?.run ?? 2, { min: 1 }),
    },
    backdatedShare: checkNumber('backdatedShare', options.backdatedShare ?? 0.01, share),
    openDays: checkNumber('openDays', options.openDays ?? 3, { isInteger: false }),
    oldOpenShare: checkNumber('oldOpenShare', options.oldOpenShare ?? 0.005, share),
    itemsPerPage: checkNumber('itemsPerPage', options.itemsPerPage ?? 20, { min: 1 }),
    emptyPageCount: options.emptyPageCount ?? 1,
    latencyMs,
    rate: checkRate(options.rate ?? {}),
    now: options.now ?? (() => performance.timeOrigin + performance.now()),
    clockAheadMs: checkNumber('clockAheadMs', options.clockAheadMs ?? 0, { min: -Infinity, isInteger: false }),
    pastEnd: options.pastEnd ?? 'empty',
    ignoresFilters: options.ignoresFilters ?? false,
    keepsVersions: options.keepsVersions ?? false,
    onRequest: options.onRequest ?? (() => {}),
    onAnswer: options.onAnswer ?? (() => {}),
    requestLogSize: checkNumber('requestLogSize', options.requestLogSize ?? 100_000, { min: 1 }),
  };
}
