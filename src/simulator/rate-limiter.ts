// The API's budget: which request is let through, what the headers say, and when to come back.
import type { RateOptions, RetryAfterForm } from './options.js';
import { RollingLog } from './rolling-log.js';

export interface RateVerdict {
  isAllowed: boolean;
  /** X-Rate-Limit-Used, this request included when it was let through. */
  used: number;
  /** X-Rate-Limit-Max. */
  max: number;
  /** Only when refused, and not when the form is `none`. */
  retryAfter?: string;
}

/** What X-Rate-Limit-Max says when nothing is limited. */
export const unlimitedMax = 1_000_000;

/** `waitMs` as the header says it; `nowMs` is only needed for the date. Rounded up, so that waiting that long is enough. */
export function formatRetryAfter(form: RetryAfterForm, waitMs: number, nowMs: number): string | undefined {
  switch (form) {
    case 'fraction':
      return (Math.ceil(waitMs / 100) / 10).toFixed(1);
    case 'integer':
      return String(Math.ceil(waitMs / 1000));
    case 'date':
      return new Date(Math.ceil((nowMs + waitMs) / 1000) * 1000).toUTCString();
    case 'zero':
      return '0';
    case 'garbage':
      return 'soon';
    case 'none':
      return undefined;
  }
}

export class RateLimiter {
  readonly #now: () => number;
  #rate: Required<RateOptions> | undefined;
  readonly #counted = new RollingLog();
  readonly #arrivals = new RollingLog();
  #fixedWindow = 0;
  #fixedCount = 0;
  /** The most requests, let through or not, that arrived within any rolling window. */
  maxInAnyWindow = 0;

  constructor(rate: RateOptions | 'unlimited', now: () => number) {
    this.#now = now;
    this.configure(rate);
  }

  /** Changes the rules; what was counted so far stays counted. */
  configure(rate: RateOptions | 'unlimited'): void {
    const defaults = { limit: 100, windowMs: 60_000, kind: 'rolling', retryAfter: 'fraction', others: 0 } as const;
    this.#rate = rate === 'unlimited' ? undefined : { ...defaults, countRejected: false, ...rate };
  }

  /** One request arrives and asks to be let through. */
  take(): RateVerdict {
    const now = this.#now();
    this.#arrive(now);
    const rate = this.#rate;
    if (!rate) {
      this.#count(now);
      return { isAllowed: true, used: this.#used(now), max: unlimitedMax };
    }
    const quota = rate.limit - rate.others;
    const waitMs = this.#used(now) < quota ? 0 : this.#waitMs(now, quota, rate);
    const isAllowed = waitMs === 0;
    if (isAllowed || rate.countRejected) this.#count(now);
    const verdict = { isAllowed, used: this.#used(now) + rate.others, max: rate.limit };
    const retryAfter = isAllowed ? undefined : formatRetryAfter(rate.retryAfter, waitMs, now);
    return retryAfter === undefined ? verdict : { ...verdict, retryAfter };
  }

  /** One request arrives that is not counted; only the headers are wanted. */
  pass(): RateVerdict {
    const now = this.#now();
    this.#arrive(now);
    return {
      isAllowed: true,
      used: this.#used(now) + (this.#rate?.others ?? 0),
      max: this.#rate?.limit ?? unlimitedMax,
    };
  }

  #arrive(now: number): void {
    this.#arrivals.add(now);
    this.maxInAnyWindow = Math.max(this.maxInAnyWindow, this.#arrivals.count(now, this.#rate?.windowMs ?? 60_000));
  }

  #count(now: number): void {
    this.#counted.add(now);
    const window = this.#windowAt(now);
    this.#fixedCount = window === this.#fixedWindow ? this.#fixedCount + 1 : 1;
    this.#fixedWindow = window;
  }

  #used(now: number): number {
    if (this.#rate?.kind === 'fixed') return this.#windowAt(now) === this.#fixedWindow ? this.#fixedCount : 0;
    return this.#counted.count(now, this.#rate?.windowMs ?? 60_000);
  }

  #windowAt(now: number): number {
    return Math.floor(now / (this.#rate?.windowMs ?? 60_000));
  }

  #waitMs(now: number, quota: number, { kind, windowMs }: Required<RateOptions>): number {
    if (kind === 'fixed') return (this.#windowAt(now) + 1) * windowMs - now;
    const blocking = quota > 0 ? this.#counted.nth(this.#counted.count(now, windowMs) - quota) : undefined;
    return blocking === undefined ? windowMs : blocking + windowMs - now;
  }
}
