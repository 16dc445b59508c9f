// How old a certificate may be before people should look.

export type Freshness = 'fresh' | 'late' | 'stale' | 'never';

const DAY_MS = 86_400_000;
/** A run takes its time, and one may be skipped because another is going. */
const INTERVALS = 3;

/** @param everyMs how often an incremental run begins; undefined = none does by itself, and a day is what people expect */
export function freshnessOf(certifiedUpTo: Date | null, now: Date, everyMs: number = DAY_MS): Freshness {
  if (certifiedUpTo === null) return 'never';
  const age = now.getTime() - certifiedUpTo.getTime();
  if (age <= INTERVALS * everyMs) return 'fresh';
  return age <= Math.max(DAY_MS, 2 * INTERVALS * everyMs) ? 'late' : 'stale';
}
