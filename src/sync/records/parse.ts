// A record in wire form → rows. Only the id is demanded; every other field lands where it can, and what did not fit is
// reported as schema drift, and as lost where its column stays null. A record is refused (dead letter) when it has no id,
// when it is beyond the bounds, or when a list of its parts is not a list of objects: rows without their parts would be
// silently short.
import type { LostPart, Row, StorableRecord } from '../../db/stored-record.js';
import { describe } from '../../errors.js';
import { mostTelling } from '../../hive/body.js';
import type { Child, Collection } from '../collection.js';
import { DEEPEST, isDeeperThan, keptAsText, LARGEST_BYTES } from './bounds.js';
import { canonicalJson, contentHash } from './content-hash.js';
import { cut, type Drift, formOf, typeOf } from './drift.js';
import { isObject, type JsonObject, unexpectedFields } from './known-fields.js';
import { type Report, readFields } from './read-fields.js';
import { readRecordId } from './record-id.js';
import { toStorable } from './storable.js';

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
  const id = isObject(payload) ? readRecordId(payload.id) : undefined;
  const raw = keptAsText(payload);
  return { ok: false, id, errors: [problem], raw, hash: contentHash(raw.json) };
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

  const id = readRecordId(raw.id);
  if (id === undefined)
    return refused(undefined, [`id: expected an integer of at most 2^53 - 1, got ${typeOf(raw.id)}`]);
  const found: Found = { children: {}, drift: [], hiding: new Set(), lost: [], lostParts: [], errors: [] };
  const { row, lost } = readFields(collection, raw, '', found);
  for (const child of collection.children) readChildren(child, raw, '', undefined, found);
  const { children, lostParts, errors } = found;
  if (errors.length > 0) return refused(id, mostTelling(errors));
  const drift = [...escaped.map(escapedText), ...driftBeside(collection, raw, found.hiding), ...found.drift];
  const createdAt = typeof row.created_at === 'string' ? Date.parse(row.created_at) : undefined;
  const allLost = [...new Set([...lost, ...found.lost])].sort();
  return { ok: true, record: { id, row, children, raw, hash, createdAt, drift, lost: allLost, lostParts } };
}

/** It is part of a key, which PostgreSQL keeps short. */
const LONGEST_PATH = 200;

const escapedText = (path: string): Drift => ({
  path: cut(path, LONGEST_PATH),
  kind: 'unstorable_text',
  seen: 'NUL or lone surrogate',
  expected: 'text',
  sample: null,
});

/** Fields that no column takes, and what stands where an object belongs. */
const driftBeside = (collection: Collection, raw: JsonObject, hiding: ReadonlySet<string>): Drift[] =>
  unexpectedFields(collection, raw).map(({ path, value, expected }) => ({
    path: cut(path, LONGEST_PATH),
    kind: expected === null ? 'unknown_field' : hiding.has(path) ? 'loss' : 'type',
    seen: typeOf(value),
    expected,
    sample: formOf(value),
  }));

interface Found extends Report {
  readonly children: Record<string, Row[]>;
  readonly lost: string[];
  readonly lostParts: LostPart[];
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
    const { row, lost } = readFields(child, element, `${path}[].`, found);
    rows.push({ position, ...linked, ...row });
    if (lost.length > 0) {
      found.lostParts.push({ table: child.table, position, columns: lost });
      found.lost.push(...lost.map((column) => `${child.table}.${column}`));
    }
    for (const inner of child.children) readChildren(inner, element, `${path}[].`, position, found);
  }
}
