// The rate budget of one account, as an exact log in PostgreSQL that all processes share (migrations/0001).
// A request counts from when it had arrived at the API for certain, that is from its answer: latency cannot squeeze
// two windows together.
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { AccountHaltedError } from '../errors.js';
import type { Budget, Slot } from '../hive/budget.js';
import type { Logger } from '../log.js';
import type { Db } from './database.js';
import { persistently } from './persistently.js';

export interface BudgetOptions {
  readonly account: string;
  /** Where its key is read from, for messages. Default: HIVE_API_KEY. */
  readonly keyVariable?: string;
  /** Requests per window; undefined follows X-Rate-Limit-Max. */
  readonly limit: number | undefined;
  readonly windowMs: number;
  readonly reserve: number;
  /** Told when the database is away while something must be written. */
  readonly log: Pick<Logger, 'warn'>;
}

export interface RateBudget extends Budget {
  /** Time between two requests at the pace of the budget, as last told, milliseconds; undefined before the first slot. */
  pace(): number | undefined;
  /** Lifts a halt, so that the next request can find out whether the key works again; one more 401 halts at once. */
  probe(): Promise<void>;
  /** Writes what is not written yet. */
  close(): Promise<void>;
}

/** Against the granularity of clocks and timers; latency needs no margin. */
const MARGIN_MS = 5;
/** Answered slots are written with the next reservation, or after this long. */
const SETTLE_AFTER_MS = 50;

interface ReservedRow extends Record<string, unknown> {
  slot_n: number;
  wait_ms: number;
  now_ms: number;
  used: number | null;
  effective_limit: number;
  max_requests: number;
  others: number;
  suspected: boolean;
  halted: boolean;
}

interface ReservedSlot extends Slot {
  readonly maxRequests: number;
  /** Not before this, by PostgreSQL's clock, was the moment that `at` names: an upper bound of now(). */
  latest(): number;
}

export function openRateBudget(
  db: Db,
  { account, keyVariable = 'HIVE_API_KEY', limit, windowMs, reserve, log }: BudgetOptions,
): RateBudget {
  const window = sql`make_interval(secs => ${windowMs / 1_000})`;
  const settled = new Map<number, number>();
  let flushTimer: NodeJS.Timeout | undefined;
  let perWindow: number | undefined;

  /** Takes what is settled so far, and puts it back when it could not be written. */
  async function writing<T>(write: (ns: string, ats: string) => Promise<T>): Promise<T> {
    const taken = [...settled];
    settled.clear();
    try {
      return await write(
        `{${taken.map(([n]) => n).join(',')}}`,
        `{${taken.map(([, at]) => new Date(at).toISOString()).join(',')}}`,
      );
    } catch (error) {
      for (const [n, at] of taken) settled.set(n, at);
      throw error;
    }
  }

  const flush = async (): Promise<void> => {
    if (settled.size === 0) return;
    await writing((ns, ats) =>
      db.execute(sql`
        update sync.rate_slots s set at = greatest(s.at, least(done.at, clock_timestamp()))
        from unnest(${ns}::bigint[], ${ats}::timestamptz[]) as done (n, at)
        where s.account = ${account} and s.n = done.n`),
    );
  };

  async function take(): Promise<{ slot: ReservedSlot; waitMs: number }> {
    const sentAt = performance.now();
    const [row] = await writing((ns, ats) =>
      db.execute<ReservedRow>(sql`
        select slot_n, used, effective_limit, others, suspected, halted,
          (select max_requests from sync.rate_budgets b where b.account = ${account}) as max_requests,
          extract(epoch from now_at)::float8 * 1000 as now_ms,
          extract(epoch from slot_at - now_at)::float8 * 1000 as wait_ms
        from sync.reserve_slot(${account}, ${limit ?? null}, ${window}, ${reserve},
          ${ns}::bigint[], ${ats}::timestamptz[])`),
    );
    const receivedAt = performance.now();
    if (row === undefined) throw new Error('reserve_slot() returned no row');
    if (row.halted) throw new AccountHaltedError(account, keyVariable);
    perWindow = row.effective_limit;
    const slot = {
      n: row.slot_n,
      suspected: row.suspected,
      used: row.used ?? undefined,
      limit: row.effective_limit,
      others: row.others,
      maxRequests: row.max_requests,
      now: () => row.now_ms + (performance.now() - receivedAt),
      latest: () => row.now_ms + (performance.now() - sentAt),
    };
    const elapsed = performance.now() - receivedAt;
    return { slot, waitMs: row.wait_ms > 0 ? row.wait_ms + MARGIN_MS - elapsed : 0 };
  }

  const giveBack = (n: number) => db.execute(sql`select sync.give_back_slot(${account}, ${n})`);

  /** At the end of the wait: sleeps on while the window is full, and tells whether the account may send at all. */
  async function confirm(slot: ReservedSlot, signal?: AbortSignal): Promise<'nothing' | 'blocked' | 'halted'> {
    for (;;) {
      const [row] = await db.execute<{ change: 'nothing' | 'blocked' | 'halted'; wait_ms: number }>(
        sql`select change, wait_ms from sync.confirm_slot(${account}, ${slot.n}, ${slot.limit}, ${window})`,
      );
      if (row === undefined) throw new Error('confirm_slot() returned no row');
      if (row.change !== 'nothing' || row.wait_ms === 0) return row.change;
      await sleep(row.wait_ms + MARGIN_MS, undefined, signal === undefined ? {} : { signal });
    }
  }

  return {
    async reserve(signal) {
      for (;;) {
        signal?.throwIfAborted();
        const { slot, waitMs } = await take();
        try {
          if (waitMs > 0) await sleep(waitMs, undefined, signal === undefined ? {} : { signal });
          signal?.throwIfAborted();
          const change = waitMs > 0 ? await confirm(slot, signal) : 'nothing';
          if (change === 'nothing') return slot;
          if (change === 'halted') throw new AccountHaltedError(account, keyVariable);
        } catch (error) {
          await giveBack(slot.n);
          throw error;
        }
        await giveBack(slot.n);
      }
    },

    settle(slot) {
      settled.set(slot.n, (slot as ReservedSlot).latest());
      // A failed write keeps them for the next reservation, which would fail loudly for the same reason.
      flushTimer ??= setTimeout(() => {
        flushTimer = undefined;
        flush().catch(() => {});
      }, SETTLE_AFTER_MS).unref();
    },

    async observe(slot, { used, max }, signal) {
      const learns = limit === undefined && max !== undefined && max !== (slot as ReservedSlot).maxRequests;
      const doubts = used !== undefined && slot.used !== undefined && (used > slot.used || slot.others > 0);
      if (!learns && !doubts) return;
      await persistently(
        { log },
        async () => {
          await flush();
          await db.execute(sql`
            select sync.observe_budget(${account}, ${used ?? null}, ${max ?? null}, ${window})`);
        },
        signal,
      );
    },

    async block(slot, ms, signal) {
      await persistently(
        { log },
        async () => {
          await db.execute(sql`
            update sync.rate_budgets
            set blocked_until = greatest(blocked_until, clock_timestamp() + make_interval(secs => ${ms / 1_000}))
            where account = ${account}`);
          await db.execute(sql`
            update sync.rate_slots set rejected = true where account = ${account} and n = ${slot.n}`);
        },
        signal,
      );
    },

    async suspect(slot) {
      const confirmed = slot.suspected ? sql`coalesce(halted_at, clock_timestamp())` : sql`halted_at`;
      await db.execute(sql`
        update sync.rate_budgets set unauthorized = unauthorized + 1, halted_at = ${confirmed}
        where account = ${account}`);
    },

    async clear(signal) {
      const forget = () =>
        db.execute(sql`update sync.rate_budgets set unauthorized = 0, halted_at = null where account = ${account}`);
      await persistently({ log }, forget, signal);
    },

    pace: () => (perWindow === undefined ? undefined : windowMs / Math.max(1, perWindow)),

    async probe() {
      await db.execute(sql`
        update sync.rate_budgets set unauthorized = 1, halted_at = null
        where account = ${account} and halted_at is not null`);
    },

    async close() {
      clearTimeout(flushTimer);
      await flush();
    },
  };
}
