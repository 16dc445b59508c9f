// Slows down guessing of the admin token: after some wrong ones an address has to wait before the next is looked at.

/** Wrong tokens that an address may send per minute. */
export const GUESSES_PER_MINUTE = 10;
const MINUTE_MS = 60_000;
/** So many addresses are remembered at most: memory is not the attacker's. */
const MOST_ADDRESSES = 10_000;

export interface Guesses {
  /** Seconds that this address has to wait; 0 = it may try. */
  waitSeconds(address: string, nowMs: number): number;
  wasWrong(address: string, nowMs: number): void;
}

export function openGuesses(): Guesses {
  const minutes = new Map<string, { since: number; wrong: number }>();
  return {
    waitSeconds(address, nowMs) {
      const minute = minutes.get(address);
      if (minute === undefined || minute.wrong < GUESSES_PER_MINUTE) return 0;
      return Math.max(0, Math.ceil((minute.since + MINUTE_MS - nowMs) / 1_000));
    },
    wasWrong(address, nowMs) {
      const minute = minutes.get(address);
      if (minute !== undefined && nowMs - minute.since < MINUTE_MS) {
        minute.wrong += 1;
        return;
      }
      minutes.delete(address);
      minutes.set(address, { since: nowMs, wrong: 1 });
      const [oldest] = minutes.keys();
      if (minutes.size > MOST_ADDRESSES && oldest !== undefined) minutes.delete(oldest);
    },
  };
}
