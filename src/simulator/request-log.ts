// What was asked: the last requests one by one, and counts of all of them.
import type { CollectionName } from './records.js';

export interface RequestRecord {
  /** 1 for the first request since the start or the last reset. */
  n: number;
  /** Arrival in milliseconds since 1970, with a fraction, never falling. */
  at: number;
  method: string;
  /** Below the base path, without a slash at the end. */
  path: string;
  /** As sent, without the question mark. */
  query: string;
  /** 0 while unanswered, and when the answer was not sent whole. */
  status: number;
  /** X-Rate-Limit-Used of the answer. */
  used: number;
  /** Only for the six collections. */
  collection?: CollectionName;
  /** Only for lists. */
  page?: number;
}

export interface RequestStats {
  requests: number;
  /** Key 0: no answer, or not a whole one. */
  byStatus: Record<string, number>;
  /** Answers with status 429. */
  rateLimited: number;
  /** The most requests, refused ones included, that arrived within any rolling window. */
  maxInAnyWindow: number;
  /** Drift that could not be applied, as sentences; the request it stood before was answered with a 500. */
  scriptErrors: readonly string[];
}

export class RequestLog {
  readonly records: RequestRecord[] = [];
  readonly scriptErrors: string[] = [];
  readonly #capacity: number;
  #byStatus = new Map<number, number>();
  #count = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get count(): number {
    return this.#count;
  }

  add(record: Omit<RequestRecord, 'n' | 'status' | 'used'>): RequestRecord {
    const whole = { n: ++this.#count, status: 0, used: 0, ...record };
    this.records.push(whole);
    // Cut now and then, as shifting one by one would move the whole array each time.
    if (this.records.length > this.#capacity * 1.1 + 10) this.records.splice(0, this.records.length - this.#capacity);
    return whole;
  }

  answered(record: RequestRecord, status: number): void {
    record.status = status;
    this.#byStatus.set(status, (this.#byStatus.get(status) ?? 0) + 1);
  }

  stats(maxInAnyWindow: number): RequestStats {
    return {
      requests: this.#count,
      byStatus: Object.fromEntries(this.#byStatus),
      rateLimited: this.#byStatus.get(429) ?? 0,
      maxInAnyWindow,
      scriptErrors: this.scriptErrors,
    };
  }

  reset(): void {
    this.records.length = 0;
    this.scriptErrors.length = 0;
    this.#byStatus = new Map();
    this.#count = 0;
  }
}
