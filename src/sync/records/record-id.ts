// A record's own id. It is a number wherever ids are compared and listed, so one that a number cannot hold exactly is
// refused: two records would be taken for one.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { isObject } from './known-fields.js';

const schema = z.int();

/** undefined = it is none. */
export function readRecordId(given: unknown): number | undefined {
  const result = schema.safeParse(given);
  return result.success ? result.data : undefined;
}

const LONGEST = 100;

/**
 * What stands for the identity of a record without a usable id: what it has instead, which all of its versions have, or its
 * content. "N/A" is no identity, as it stands for many records. @param hash of its content
 */
export function identityOf(payload: unknown, hash: string): string {
  const id = isObject(payload) ? payload.id : undefined;
  const isOwn = typeof id === 'number' || (typeof id === 'string' && /\d/.test(id) && id.length <= LONGEST);
  return isOwn ? `with id ${id}` : hash;
}

/** A negative number by which such a record is counted as one, however often it is shown. Hive's ids are positive. */
export const standInFor = (identity: string): number =>
  -createHash('sha256').update(identity).digest().readUIntBE(0, 6) - 1;
