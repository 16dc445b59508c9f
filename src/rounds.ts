// The loops of a process, and when each last got round: with the connections that it works with, not with others that
// somebody opens to see. One that stands still is told of, in the log once, and to whoever asks for as long as it lasts.
import type { Logger } from './log.js';

export interface Loop {
  /** It got round: whatever it asks its servers was answered. */
  came(): void;
  /** It ends; nobody waits for it any more. */
  end(): void;
}

export interface LoopState {
  readonly loop: string;
  /** undefined = it is one for all accounts. */
  readonly account: string | undefined;
  /** Since it last got round, or began. */
  readonly ageMs: number;
  readonly standsStill: boolean;
}

export interface Rounds {
  /** @param everyMs how long a round may take when all is well */
  open(loop: string, account: string | undefined, everyMs: number): Loop;
  states(): LoopState[];
  close(): void;
}

/** Rounds that one may miss before it stands still, if that is more than the least time for it. */
const MISSED = 3;

interface Entry {
  readonly loop: string;
  readonly account: string | undefined;
  readonly limitMs: number;
  at: number;
  isTold: boolean;
}

/** @param leastMs what is shorter is no standstill, milliseconds */
export function openRounds(log: Pick<Logger, 'error' | 'info'>, leastMs: number): Rounds {
  const entries = new Set<Entry>();
  const ageOf = ({ at }: Entry): number => performance.now() - at;
  const standsStill = (entry: Entry): boolean => ageOf(entry) > entry.limitMs;
  const watching = setInterval(() => {
    for (const entry of entries) {
      if (entry.isTold || !standsStill(entry)) continue;
      entry.isTold = true;
      const { loop, account } = entry;
      log.error({ loop, account, forS: Math.round(ageOf(entry) / 1_000) }, 'a loop stands still');
    }
  }, leastMs / 12).unref();
  return {
    open(loop, account, everyMs) {
      const limitMs = Math.max(leastMs, MISSED * everyMs);
      const entry: Entry = { loop, account, limitMs, at: performance.now(), isTold: false };
      entries.add(entry);
      return {
        came() {
          if (entry.isTold) log.info({ loop, account, afterS: Math.round(ageOf(entry) / 1_000) }, 'a loop goes on');
          entry.at = performance.now();
          entry.isTold = false;
        },
        end: () => void entries.delete(entry),
      };
    },
    states: () =>
      [...entries].map((entry) => ({
        loop: entry.loop,
        account: entry.account,
        ageMs: ageOf(entry),
        standsStill: standsStill(entry),
      })),
    close() {
      clearInterval(watching);
      entries.clear();
    },
  };
}
