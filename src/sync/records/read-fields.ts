// The fields of one object → the columns of one row. A value lands when it says the same in another type; one that was
// given and does not land is a loss: its column is null here, and named.
import { type Field, type Fields, kinds } from '../../db/columns.js';
import type { Row } from '../../db/stored-record.js';
import type { IndexSpec } from '../collection.js';
import { cut, type Drift, formOf, typeOf } from './drift.js';
import { isObject, type JsonObject, pathsOf } from './known-fields.js';

/** A table: the records' own or one of parts. */
type Table = { readonly fields: Fields; readonly indexes?: readonly IndexSpec[] | undefined };

export interface Report {
  readonly drift: Drift[];
  /** Paths at which something stands that hides the fields below it. */
  readonly hiding: Set<string>;
}

/** @param prefix path of the object, with a dot at its end. @returns the row, and its columns that were lost */
export function readFields(
  table: Table,
  object: JsonObject,
  prefix: string,
  { drift, hiding }: Report,
): { row: Row; lost: string[] } {
  const row: Record<string, unknown> = {};
  const lost: string[] = [];
  for (const [column, field] of Object.entries(table.fields)) {
    const { value, path, hiddenBy } = pick(column, field, object);
    row[column] = null;
    if (value === undefined || value === null) {
      if (hiddenBy === undefined) continue;
      hiding.add(prefix + hiddenBy);
      lost.push(column);
    } else if (isTooLong(table, column, value)) {
      drift.push({ path: prefix + path, kind: 'loss', seen: 'long text', expected: SHORT_TEXT, sample: formOf(value) });
      lost.push(column);
    } else {
      const read = readValue(field, value, prefix + path, drift);
      if (read === LOST) lost.push(column);
      else row[column] = read;
    }
  }
  return { row, lost };
}

/** A row whose indexed text is longer cannot be stored, and with it its page: an index entry takes 2,704 bytes at most. */
const LONGEST_INDEXED_BYTES = 2_500;
const SHORT_TEXT = `text of at most ${LONGEST_INDEXED_BYTES} bytes`;

/** A character has three bytes at most for each of its units, so most texts need no counting. */
const isTooLong = ({ indexes = [] }: Table, column: string, value: unknown): boolean =>
  typeof value === 'string' &&
  3 * value.length > LONGEST_INDEXED_BYTES &&
  Buffer.byteLength(value) > LONGEST_INDEXED_BYTES &&
  indexes.some(({ on }) => on.includes(column));

interface Picked {
  readonly value: unknown;
  readonly path: string;
  /** Where no value was found: the path on the way to it at which something else than an object stands. */
  readonly hiddenBy?: string | undefined;
}

/** The first value that is there, with the path that it stands at. */
function pick(column: string, field: Field, object: JsonObject): Picked {
  const paths = pathsOf(column, field);
  let hiddenBy: string | undefined;
  for (const path of paths) {
    let at: unknown = object;
    const keys = path.split('.');
    for (const [depth, key] of keys.entries()) {
      // The API writes an empty text where it has nothing.
      if (!isObject(at) && at !== undefined && at !== null && at !== '') hiddenBy ??= keys.slice(0, depth).join('.');
      at = isObject(at) ? at[key] : undefined;
    }
    if (at !== undefined && at !== null) return { value: at, path };
  }
  return { value: null, path: paths[0] ?? column, hiddenBy };
}

const LOST = Symbol('lost');
const LONGEST_SEEN = 80;

function readValue(field: Field, given: unknown, path: string, drift: Drift[]): unknown {
  const kind = kinds[field.kind];
  if (field.kind === 'json') return given;
  // The API writes an empty string where it has nothing; only a text can be empty.
  if (given === '' && field.kind !== 'text') return null;
  const value = field.each === undefined ? given : eachOf(given, field.each);
  const result = kind.schema.safeParse(value);
  if (result.success) {
    if (field.values !== undefined && typeof value === 'string' && !Object.hasOwn(field.values, value)) {
      const expected = Object.keys(field.values).join(' | ');
      drift.push({ path, kind: 'value', seen: cut(value, LONGEST_SEEN), expected, sample: null });
    }
    return result.data;
  }
  const landed = converted(field, value);
  const fate = landed === LOST ? 'loss' : 'type';
  drift.push({ path, kind: fate, seen: typeOf(given), expected: kind.expected, sample: formOf(given) });
  return landed;
}

const eachOf = (value: unknown, key: string): unknown =>
  Array.isArray(value) ? value.map((element) => (isObject(element) ? element[key] : element)) : value;

const DIGITS = /^-?\d+$/;
const DECIMALS = /^-?\d+(\.\d+)?$/;

/**
 * A value of another type lands when it says the same: "12" for 12, 12 for "12". "12.00" is not 12 where an integer
 * belongs: in cents it most likely is an amount in whole units.
 */
function converted({ kind }: Field, value: unknown): unknown {
  if (kind === 'text' && (typeof value === 'number' || typeof value === 'boolean')) return String(value);
  if (typeof value !== 'string') return LOST;
  if (kind === 'number') return DECIMALS.test(value) ? landedOr(kind, Number(value)) : LOST;
  if ((kind !== 'id' && kind !== 'cents' && kind !== 'integer') || !DIGITS.test(value)) return LOST;
  const integer = BigInt(value);
  const isSafe = Number.isSafeInteger(Number(integer));
  return landedOr(kind, isSafe ? Number(integer) : String(integer));
}

function landedOr(kind: Field['kind'], value: unknown): unknown {
  const result = kinds[kind].schema.safeParse(value);
  return result.success ? result.data : LOST;
}
