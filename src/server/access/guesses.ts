// Counts wrong tokens, and only those: the right one is let in before anybody looks here, so nobody can lock it out by
// sending wrong ones. What follows beyond the limits is wrong-tokens.ts.
import { networkOf } from './networks.js';

export interface GuessLimits {
  /** Wrong tokens a minute of one network: an IPv4 address, or the /64 of an IPv6 address. */
  readonly perNetwork: number;
  /** Wrong tokens a minute of all networks together. */
  readonly overall: number;
}

export const GUESS_LIMITS: GuessLimits = { perNetwork: 10, overall: 100 };
const MINUTE_MS = 60_000;

export interface Guesses {
  /** Counts one. @returns seconds to wait; 0 = within both limits */
  wasWrong(address: string, nowMs: number): number;
}

export function openGuesses(limits: GuessLimits = GUESS_LIMITS): Guesses {
  let since = Number.NEGATIVE_INFINITY;
  let counted = 0;
  /** Never more of them than wrong tokens that are counted. */
  const networks = new Map<string, number>();
  return {
    wasWrong(address, nowMs) {
      if (nowMs - since >= MINUTE_MS) {
        since = nowMs;
        counted = 0;
        networks.clear();
      }
      const network = networkOf(address);
      const wrong = networks.get(network) ?? 0;
      if (wrong >= limits.perNetwork || counted >= limits.overall) {
        return Math.max(1, Math.ceil((since + MINUTE_MS - nowMs) / 1_000));
      }
      networks.set(network, wrong + 1);
      counted += 1;
      return 0;
    },
  };
}
