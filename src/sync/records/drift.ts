// What is reported of a value that a collection's description does not know: its form, and nothing of what it says.
import { fitsInt8, isUnsafeInteger } from '../../db/columns.js';
import { canonicalJson } from './content-hash.js';

/** Something about a record that the collection's description does not know. Holds no value that may be personal. */
export interface Drift {
  readonly path: string;
  /** `type` = of another type, and landed all the same; `loss` = given, and nothing of it landed. */
  readonly kind: 'unknown_field' | 'type' | 'loss' | 'value' | 'unstorable_text';
  /** The type, or for `value` the unknown value of an enumeration. */
  readonly seen: string;
  readonly expected: string | null;
  /** The value's form, with every letter as a and every digit as 9; null when it says nothing. */
  readonly sample: string | null;
}

const LONGEST_SAMPLE = 60;

/** The start of a text, not ending in half a character. */
export const cut = (text: string, length: number): string => text.slice(0, length).replace(/[\ud800-\udbff]$/, '');

/** What kind of value it is. */
export function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) return 'number with decimals';
    return Number.isSafeInteger(value) ? 'integer' : 'integer beyond 2^53';
  }
  if (typeof value !== 'string' || !isUnsafeInteger(value)) return typeof value;
  return fitsInt8(value) ? 'integer beyond 2^53' : 'integer beyond 2^63';
}

/** Its text with every letter as a and every digit as 9. */
export const formOf = (value: unknown): string =>
  cut(canonicalJson(value), LONGEST_SAMPLE).replace(/\p{L}/gu, 'a').replace(/\p{N}/gu, '9');
