// A record in wire form → rows. Only the id is demanded; every other field lands where it can, and what did not fit is
// reported as schema drift. A record is refused (dead letter) when it has no id, when it is beyond the bounds, or when a
// list of its parts is not a list of objects: rows without their parts would be silently short.
import { type Field, type Fields, kinds } from '../../db/columns.js';
import type { Row, StorableRecord } from '../../db/stored-record.js';
import { describe } from '../../errors.js';
import type { Child, Collection, IndexSpec } from '../collection.js';
import { DEEPEST, isDeeperThan, keptAsText, LARGEST_BYTES } from './bounds.js';
import { canonicalJson, contentHash } from './content-hash.js';
import { isObject, type JsonObject, pathsOf, unexpectedFields } from './known-fields.js';
import { mostTelling } from './letter-texts.js';
import { toStorable } from './storable.js';

/** Something about a record that the collection's description does not know. Holds no value that may be personal. */
export interface Drift {
  readonly path: string;
  readonly kind: 'unknown_field' | 'type' | 'value' | 'unstorable_text';
  /** The type, or for `value` the unknown value of an enumeration. */
  readonly seen: string;
  readonly expected: string | null;
  /** The value's form, with every letter as a and every digit as 9; null when it says nothing. */
  readonly sample: string | null;
}

export interface ParsedRecord extends StorableRecord {
  /** Epoch milliseconds; undefined when the record carries none. */
  readonly createdAt: number | undefined;
  readonly drift: readonly Drift[];
}

export type ParseResult =
  | { readonly ok: true; readonly record: ParsedRecord }
  | {
      readonly ok: false;
      readonly id: number | undefined;
      readonly errors: readonly string[];
      /** What can be stored of the payload: all of it, or beyond the bounds KeptText. */
      readonly raw: unknown;
      readonly hash: string;
    };

/** Never throws: what cannot be read is an answer too. */
export function parseRecord(collection: Collection, payload: unknown): ParseResult {
  try {
    if (isDeeperThan(payload, DEEPEST)) return beyondBounds(payload, `it is nested more than ${DEEPEST} times`);
    const canonical = canonicalJson(payload);
    // No character takes more than three bytes for each of its units.
    const bytes = 3 * canonical.length > LARGEST_BYTES ? Buffer.byteLength(canonical) : 0;
    if (bytes > LARGEST_BYTES) return beyondBounds(payload, `it has more than ${LARGEST_BYTES} bytes: ${bytes}`);
    return parseWithin(collection, payload, canonical);
  } catch (error) {
    return beyondBounds(payload, `it could not be read: ${describe(error)}`);
  }
}

function beyondBounds(payload: unknown, problem: string): ParseResult {
  const id = isObject(payload) ? kinds.id.schema.safeParse(payload.id) : undefined;
  const raw = keptAsText(payload);
  return { ok: false, id: id?.data, errors: [problem], raw, hash: contentHash(raw.json) };
}

function parseWithin(collection: Collection, payload: unknown, canonical: string): ParseResult {
  const { value: raw, escaped } = toStorable(payload, canonical);
  const hash = contentHash(canonical);
  const refused = (id: number | undefined, errors: readonly string[]): ParseResult => ({
    ok: false,
    id,
    errors,
    raw,
    hash,
  });
  if (!isObject(raw)) return refused(undefined, [`expected an object, got ${typeOf(raw)}`]);

  const drift: Drift[] = [
    ...escaped.map((path) => ({
      path: cut(path, LONGEST_PATH),
      kind: 'unstorable_text' as const,
      seen: 'NUL or lone surrogate',
      expected: 'text',
      sample: null,
    })),
    ...unexpectedFields(collection, raw).map(({ path, value, expected }) => ({
      path: cut(path, LONGEST_PATH),
      kind: expected === null ? ('unknown_field' as const) : ('type' as const),
      seen: typeOf(value),
      expected,
      sample: formOf(value),
    })),
  ];
  const id = kinds.id.schema.safeParse(raw.id);
  if (!id.success) return refused(undefined, [`id: expected an integer, got ${typeOf(raw.id)}`]);

  const row = readFields(collection, raw, '', drift);
  const children: Record<string, Row[]> = {};
  const errors: string[] = [];
  for (const child of collection.children) readChildren(child, raw, '', undefined, { children, drift, errors });
  if (errors.length > 0) return refused(id.data, mostTelling(errors));
  const createdAt = typeof row.created_at === 'string' ? Date.parse(row.created_at) : undefined;
  return { ok: true, record: { id: id.data, row, children, raw, hash, createdAt, drift } };
}

interface Found {
  readonly children: Record<string, Row[]>;
  readonly drift: Drift[];
  readonly errors: string[];
}

function readChildren(child: Child, parent: JsonObject, prefix: string, link: number | undefined, found: Found): void {
  const path = `${prefix}${child.from}`;
  found.children[child.table] ??= [];
  const rows = found.children[child.table] ?? [];
  const list = parent[child.from] ?? [];
  // One of the API's pages calls a list an object: a lone object is a list of one.
  const elements = Array.isArray(list) ? list : [list];
  if (!Array.isArray(list) && isObject(list)) {
    found.drift.push({ path, kind: 'type', seen: 'object', expected: 'array of objects', sample: null });
  }
  for (const element of elements) {
    if (!isObject(element)) {
      found.errors.push(
        `${path}: expected ${Array.isArray(list) ? 'objects in the list' : 'a list of objects'}, got ${typeOf(element)}`,
      );
      return;
    }
    // Positions run over the whole record, so that (record, position) is a key for parts of parts too.
    const position = rows.length + 1;
    const linked = child.link === undefined || link === undefined ? {} : { [child.link]: link };
    rows.push({ position, ...linked, ...readFields(child, element, `${path}[].`, found.drift) });
    for (const inner of child.children) readChildren(inner, element, `${path}[].`, position, found);
  }
}

/** A table: the records' own or one of parts. */
type Table = { readonly fields: Fields; readonly indexes?: readonly IndexSpec[] | undefined };

function readFields(table: Table, object: JsonObject, prefix: string, drift: Drift[]): Row {
  const row: Record<string, unknown> = {};
  for (const [column, field] of Object.entries(table.fields)) {
    const { value, path } = pick(column, field, object);
    if (value === undefined || value === null) row[column] = null;
    else if (isTooLong(table, column, value)) {
      drift.push({ path: prefix + path, kind: 'type', seen: 'long text', expected: SHORT_TEXT, sample: formOf(value) });
      row[column] = null;
    } else row[column] = readValue(field, value, prefix + path, drift);
  }
  return row;
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

/** The first value that is there, with the path that it stands at. */
function pick(column: string, field: Field, object: JsonObject): { value: unknown; path: string } {
  const paths = pathsOf(column, field);
  for (const path of paths) {
    let at: unknown = object;
    for (const key of path.split('.')) at = isObject(at) ? at[key] : undefined;
    if (at !== undefined && at !== null) return { value: at, path };
  }
  return { value: null, path: paths[0] ?? column };
}

const NUMERIC = /^-?\d+(\.\d+)?$/;

function readValue(field: Field, given: unknown, path: string, drift: Drift[]): unknown {
  const kind = kinds[field.kind];
  if (field.kind === 'json') return given;
  // The API writes an empty string where it has nothing; only a text can be empty.
  if (given === '' && field.kind !== 'text') return null;
  const value = field.each === undefined ? given : eachOf(given, field.each);
  const result = kind.schema.safeParse(value);
  if (result.success) {
    if (field.values !== undefined && typeof value === 'string' && !Object.hasOwn(field.values, value)) {
      drift.push({
        path,
        kind: 'value',
        seen: cut(value, LONGEST_SEEN),
        expected: Object.keys(field.values).join(' | '),
        sample: null,
      });
    }
    return result.data;
  }
  drift.push({ path, kind: 'type', seen: typeOf(given), expected: kind.expected, sample: formOf(given) });
  return converted(field, value);
}

/** A value of another type lands when it says the same: "12" for 12, 12 for "12". Else the column is null. */
function converted({ kind }: Field, value: unknown): unknown {
  if (kind === 'text' && (typeof value === 'number' || typeof value === 'boolean')) return String(value);
  if (typeof value !== 'string' || !NUMERIC.test(value)) return null;
  const result = kinds[kind].schema.safeParse(Number(value));
  return result.success ? result.data : null;
}

const eachOf = (value: unknown, key: string): unknown =>
  Array.isArray(value) ? value.map((element) => (isObject(element) ? element[key] : element)) : value;

/** Both are part of a key, which PostgreSQL keeps short. */
const LONGEST_PATH = 200;
const LONGEST_SEEN = 80;

/** The start of a text, not ending in half a character. */
const cut = (text: string, length: number): string => text.slice(0, length).replace(/[\ud800-\udbff]$/, '');

/** The form of a value, never its content. */
function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) return 'number with decimals';
    return Number.isSafeInteger(value) ? 'integer' : 'integer beyond 2^53';
  }
  return typeof value === 'string' && UNSAFE_INTEGER.test(value) ? 'integer beyond 2^53' : typeof value;
}

const UNSAFE_INTEGER = /^-?\d{16,}$/;
const LONGEST_SAMPLE = 60;

/** What a value looks like, so that somebody can describe it, with nothing of what it says. */
const formOf = (value: unknown): string =>
  cut(canonicalJson(value), LONGEST_SAMPLE).replace(/\p{L}/gu, 'a').replace(/\p{N}/gu, '9');
