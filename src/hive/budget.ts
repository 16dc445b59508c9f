// What the client needs of a rate budget. The budget itself is kept in PostgreSQL: db/rate-budget.ts.

/** The right to send one request. */
export interface Slot {
  /** Its number in the account's log. */
  readonly n: number;
  /** PostgreSQL's clock at this moment, so that rows of all processes can be ordered. Epoch milliseconds. */
  now(): number;
  /** True when the last answer to this account was a 401. */
  readonly suspected: boolean;
  /** Requests of this account in the window, this one included, as far as we know; undefined for very large limits. */
  readonly used: number | undefined;
  readonly limit: number;
  /** Requests per window that others seem to use. */
  readonly others: number;
}

export interface Budget {
  /**
   * Waits until a request may be sent. A slot that is not needed after all is given back.
   * @throws AccountHaltedError when the account's key was refused; AbortError when `signal` fires
   */
  reserve(signal?: AbortSignal): Promise<Slot>;
  /** The request has arrived at the API for certain: the window counts from here. */
  settle(slot: Slot): void;
  /** X-Rate-Limit-Used and -Max of an answer. */
  observe(
    slot: Slot,
    headers: { used: number | undefined; max: number | undefined },
    signal?: AbortSignal,
  ): Promise<void>;
  /** A 429: nobody sends before that many milliseconds have passed. */
  block(slot: Slot, ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * A 401. It halts the account when the slot was reserved after another one: several that were under way together may
   * be one stumble of a gateway, and confirm nothing.
   */
  suspect(slot: Slot): Promise<void>;
  /** A success after a suspicion: the key works. */
  clear(signal?: AbortSignal): Promise<void>;
}
