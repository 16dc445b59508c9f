// From when to when a backfill reads: what somebody asked for, inside what there is.
import { readClock } from '../../db/ledger.js';
import { UsageError } from '../../errors.js';
import { inUtc } from '../../words.js';
import type { Collection } from '../collection.js';
import type { SyncContext } from '../context.js';
import { readDate } from './dates.js';
import { readOldest } from './oldest.js';

export interface AskedRange {
  /** undefined = from the oldest record. */
  readonly from: Date | undefined;
  /** undefined = up to now. */
  readonly to: Date | undefined;
}

/** What the two ends are called where they were typed. */
export interface RangeNames {
  readonly from: string;
  readonly to: string;
}

/** @throws UsageError in one sentence */
export function readRange(
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
  names: RangeNames,
): AskedRange {
  const asked = {
    from: from === undefined ? undefined : readDate(names.from, from),
    to: to === undefined ? undefined : readDate(names.to, to, { end: true }),
  };
  if (asked.from !== undefined && asked.to !== undefined && asked.from > asked.to) {
    throw new UsageError(`${names.from} ${from} lies after ${names.to} ${to}. Expected the earlier date first.`);
  }
  return asked;
}

export interface RangeOptions {
  readonly names: RangeNames;
  /** Told what was changed. */
  readonly say: (sentence: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Both ends inside what there is: not after now, and not before the oldest record, which costs up to two requests per
 * collection; a halted account tries again with them. @throws UsageError when it begins in the future
 */
export async function clampRange(
  context: SyncContext,
  collections: readonly Collection[],
  { from, to }: AskedRange,
  { names, say, signal }: RangeOptions,
): Promise<{ from: Date; to: Date }> {
  await context.probe();
  const now = await readClock(context.db);
  if (from !== undefined && from > now) throw new UsageError(`${names.from} lies in the future: ${inUtc(from)}.`);
  if (to !== undefined && to > now) say(`${names.to} lies in the future; reading up to now, ${inUtc(now)}.`);
  const end = to === undefined || to > now ? now : to;
  const filtered = collections.filter(({ filtersByCreatedAt }) => filtersByCreatedAt);
  for (const { name } of collections.filter((one) => !filtered.includes(one))) {
    say(`${name}: the API has no filter by date here, so all of it is read.`);
  }
  const oldest: number[] = [];
  for (const collection of filtered)
    oldest.push((await readOldest(context, collection, signal))?.getTime() ?? Infinity);
  const first = Math.min(end.getTime(), ...oldest);
  if (from !== undefined && from.getTime() >= first) return { from, to: end };
  if (from !== undefined && oldest.length > 0) {
    say(`The oldest record is of ${inUtc(new Date(first))}; reading from there.`);
  }
  return { from: new Date(first), to: end };
}
