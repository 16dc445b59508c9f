// Which request a scripted fault or drift is meant for, and how often it happens.

/** A request under the base path, as rules see it. */
export interface RequestFacts {
  /** 1 for the first request. */
  n: number;
  method: string;
  /** Below the base path, without a slash at the end: `/orders`, `/orders/17`. */
  path: string;
  page: number;
}

/** All given conditions must hold. */
export interface RequestMatch {
  /** `/orders`, `/orders/17`; `/orders/*` is anything below. */
  path?: string;
  page?: number | readonly number[];
  method?: string;
  /** From the nth request on that meets the other conditions. Default 1. */
  nth?: number;
  /** From the request with this number on. */
  requestNumber?: number;
}

function meets(match: RequestMatch, request: RequestFacts): boolean {
  const { method, page, path, requestNumber } = match;
  if (path !== undefined && !meetsPath(path, request.path)) return false;
  if (page !== undefined && !(typeof page === 'number' ? [page] : page).includes(request.page)) return false;
  if (method !== undefined && method.toUpperCase() !== request.method) return false;
  return requestNumber === undefined || request.n >= requestNumber;
}

function meetsPath(wanted: string, path: string): boolean {
  return wanted.endsWith('/*') ? path.startsWith(wanted.slice(0, -1)) : wanted === path;
}

/** A rule with the count of the requests that it has seen. */
export class ScriptedRule<T> {
  readonly rule: T;
  readonly #match: RequestMatch;
  #left: number;
  #seen = 0;

  /** `times` defaults to 1; null is what JSON makes of Infinity. */
  constructor(rule: T, match: RequestMatch, times: number | null = 1) {
    this.rule = rule;
    this.#match = match;
    this.#left = times ?? Number.POSITIVE_INFINITY;
  }

  get isSpent(): boolean {
    return this.#left <= 0;
  }

  /** Whether it is this rule's turn; counts the request. */
  isDue(request: RequestFacts): boolean {
    if (this.isSpent || !meets(this.#match, request)) return false;
    this.#seen++;
    return this.#seen >= (this.#match.nth ?? 1);
  }

  spend(): void {
    this.#left--;
  }
}
