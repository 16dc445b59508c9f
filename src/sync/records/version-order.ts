// Which of two versions of a record is the newer one, told from nothing but the two. Pure. Only what proves the order
// counts: statuses do not, as a record may go to a status and back.
import { instantMs } from '../../db/instants.js';
import type { Collection } from '../collection.js';
import { isObject, type JsonObject } from './known-fields.js';

export type VersionOrder = 'newer' | 'older' | 'unknown';

/** Is `a` newer or older than `b`? Both in wire form. */
export function compareVersions(
  { milestones = [] }: Pick<Collection, 'milestones'>,
  a: unknown,
  b: unknown,
): VersionOrder {
  if (!isObject(a) || !isObject(b)) return 'unknown';
  const updated = [instantOf(a, 'updated_at'), instantOf(b, 'updated_at')] as const;
  if (updated[0] !== undefined && updated[1] !== undefined) return orderOf(updated[0] - updated[1]);
  // A milestone that has been reached stays: who has one that is still open in the other was seen later.
  const isBeyond = milestones.some((name) => isReached(a, name) && isOpen(b, name));
  const isBehind = milestones.some((name) => isReached(b, name) && isOpen(a, name));
  return isBeyond === isBehind ? 'unknown' : isBeyond ? 'newer' : 'older';
}

const orderOf = (difference: number): VersionOrder =>
  difference === 0 ? 'unknown' : difference > 0 ? 'newer' : 'older';

function instantOf(record: JsonObject, key: string): number | undefined {
  const value = record[key];
  return typeof value === 'string' ? instantMs(value) : undefined;
}

const isReached = (record: JsonObject, key: string): boolean => instantOf(record, key) !== undefined;

/**
 * A field that was not sent (another version of the API, a part of a record) is not one that says "not yet", and one
 * that cannot be read is not either.
 */
const isOpen = (record: JsonObject, key: string): boolean => record[key] === null || record[key] === '';
