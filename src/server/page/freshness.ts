// How old a proof may be before people should look. New records are proved by every run, the whole list by full runs only.

export type Freshness = 'fresh' | 'late' | 'stale' | 'never';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A run takes its time, and one may be skipped because another is going. */
const INTERVALS = 3;
/** A full run begins each night, and takes its time. */
const WHOLE_FRESH_MS = 30 * HOUR_MS;
const WHOLE_LATE_MS = 3 * DAY_MS;

/**
 * Of the instant up to which new records are in.
 * @param everyMs how often an incremental run begins; undefined = none does by itself, and a day is what people expect
 */
export function freshnessOf(newRecordsUpTo: Date | null, now: Date, everyMs: number = DAY_MS): Freshness {
  if (newRecordsUpTo === null) return 'never';
  const age = now.getTime() - newRecordsUpTo.getTime();
  if (age <= INTERVALS * everyMs) return 'fresh';
  return age <= Math.max(DAY_MS, 2 * INTERVALS * everyMs) ? 'late' : 'stale';
}

/** Of the instant as of which the whole list is proved, whatever the schedule: deletions wait as long as that. */
export function wholeFreshnessOf(certifiedUpTo: Date | null, now: Date): Freshness {
  if (certifiedUpTo === null) return 'never';
  const age = now.getTime() - certifiedUpTo.getTime();
  if (age <= WHOLE_FRESH_MS) return 'fresh';
  return age <= WHOLE_LATE_MS ? 'late' : 'stale';
}
