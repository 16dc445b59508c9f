// The kinds of field that the API sends: how each is stored (PostgreSQL column) and how a value of it is read (zod).
// A collection's file says what a field means with these functions; nothing else knows about types.
import {
  bigint,
  boolean,
  date,
  doublePrecision,
  integer as int4,
  jsonb,
  text as pgText,
  timestamp,
} from 'drizzle-orm/pg-core';
import { z } from 'zod';
import { dayOf, instantMs } from './instants.js';

const INT4_MAX = 2_147_483_647;
const INT8_MIN = -(2n ** 63n);
const INT8_MAX = 2n ** 63n - 1n;

/** Digits of an integer that a number cannot hold exactly: as such the client hands it on (hive/body.ts). */
export const isUnsafeInteger = (text: string): boolean =>
  /^-?[1-9]\d{15,}$/.test(text) && !Number.isSafeInteger(Number(text));

/** Does PostgreSQL's bigint hold it? @param digits an integer in digits */
export const fitsInt8 = (digits: string): boolean => BigInt(digits) >= INT8_MIN && BigInt(digits) <= INT8_MAX;

/** What a number cannot hold stays text: the cast in the statement takes it exactly. */
const int8 = z.union([z.int(), z.string().refine((text) => isUnsafeInteger(text) && fitsInt8(text))]);

/** In UTC, as PostgreSQL knows no offset beyond 15:59 and no fraction of a hundred digits. */
const instantInUtc = readText((text) => {
  const ms = instantMs(text);
  return ms === undefined ? undefined : new Date(ms).toISOString();
});

/** A text that `read` understands. */
function readText(read: (text: string) => string | undefined) {
  return z.string().transform((text, context) => {
    const value = read(text);
    if (value !== undefined) return value;
    context.addIssue('not understood');
    return z.NEVER;
  });
}

/**
 * One entry per kind. `column` makes the PostgreSQL column, `schema` accepts the wire form and returns what is stored,
 * `expected` is the wire form in words, for messages about values that do not fit.
 */
export const kinds = {
  id: { column: () => bigint({ mode: 'number' }), schema: int8, expected: 'integer' },
  integer: {
    column: () => int4(),
    schema: z.int().min(-INT4_MAX).max(INT4_MAX),
    expected: 'integer of at most 32 bits',
  },
  cents: { column: () => bigint({ mode: 'number' }), schema: int8, expected: 'integer (cents)' },
  number: { column: () => doublePrecision(), schema: z.number(), expected: 'number' },
  boolean: { column: () => boolean(), schema: z.boolean(), expected: 'boolean' },
  text: { column: () => pgText(), schema: z.string(), expected: 'string' },
  texts: { column: () => pgText().array(), schema: z.array(z.string()), expected: 'array of strings' },
  instant: {
    column: () => timestamp({ withTimezone: true, precision: 3 }),
    schema: instantInUtc,
    expected: 'ISO 8601 date-time with offset',
  },
  date: { column: () => date(), schema: readText(dayOf), expected: 'ISO 8601 date' },
  json: { column: () => jsonb(), schema: z.unknown(), expected: 'any JSON' },
} as const;

export type Kind = keyof typeof kinds;

/** What a collection's file says about one field; the column's name is the key under which it stands. */
export interface Field {
  readonly kind: Kind;
  /** Meaning for analysts: unit, when it is null, what it is not. Carried into COMMENT ON COLUMN. */
  readonly comment: string;
  /** Where the value lies in the API's object, as dotted paths, first present wins. Default: the column's own name. */
  readonly from?: readonly string[];
  /** Known values of an enumeration, each with its meaning. An unknown one is stored and reported as schema drift. */
  readonly values?: Readonly<Record<string, string>>;
  /** Is each change of it kept in hive.status_changes? Only in the records' own table. */
  readonly status?: boolean;
  /**
   * Can it tell who somebody is, or where? Said of every text, list of texts and JSON that is no enumeration. What is
   * personal, or does not say, is left out for roles with masked data.
   */
  readonly personal?: boolean;
  /** True where the API's documentation did not show the field and the project assumes it. */
  readonly assumed?: boolean;
  /** Only for `texts`: the API sends objects, and this key of each is the text. */
  readonly each?: string;
}

export type Fields = Readonly<Record<string, Field>>;
type Options = Partial<Pick<Field, 'values' | 'status' | 'personal' | 'assumed' | 'each'>> & {
  from?: string | readonly string[];
};

function field(kind: Kind, comment: string, { from, ...rest }: Options = {}): Field {
  const paths = from === undefined ? {} : { from: typeof from === 'string' ? [from] : from };
  return Object.freeze({ kind, comment, ...paths, ...rest });
}

/** An id that Hive gave (bigint). */
export const id = (comment: string, options?: Options) => field('id', comment, options);
/** A count that fits 32 bits. */
export const integer = (comment: string, options?: Options) => field('integer', comment, options);
/** A sum of counts, which 32 bits may not hold (bigint). */
export const sum = (comment: string, options?: Options) => field('id', comment, options);
/** Money in cents of the currency beside it (bigint). */
export const cents = (comment: string, options?: Options) => field('cents', comment, options);
/** A number with decimals (double precision). */
export const number = (comment: string, options?: Options) => field('number', comment, options);
export const bool = (comment: string, options?: Options) => field('boolean', comment, options);
/** Text, also for merchants' own ids and for statuses: an unknown status must not stop a sync. */
export const text = (comment: string, options?: Options) => field('text', comment, options);
/** A list of texts (text[]). */
export const texts = (comment: string, options?: Options) => field('texts', comment, options);
/** A point in time (timestamptz, milliseconds). */
export const instant = (comment: string, options?: Options) => field('instant', comment, options);
/** A calendar date. */
export const day = (comment: string, options?: Options) => field('date', comment, options);
/** Free-form JSON (jsonb). */
export const json = (comment: string, options?: Options) => field('json', comment, options);

const WORDS: ReadonlySet<Kind> = new Set(['text', 'texts', 'json']);

/** Names of fields that everybody may see: numbers, dates and enumerations always, texts only when that was said. */
export const harmlessOf = (fields: Fields): string[] =>
  Object.entries(fields).flatMap(([name, { kind, values, personal }]) =>
    personal === false || (personal === undefined && (values !== undefined || !WORDS.has(kind))) ? name : [],
  );

/** The whole comment of a column: what its field means, its values, when it is null, and the API's page about it. */
export function commentOf(
  { comment, values, assumed }: Field,
  { docs, isKey = false }: { docs?: string; isKey?: boolean } = {},
): string {
  const meanings = Object.entries(values ?? {}).map(([value, meaning]) => `${value || '(empty text)'} = ${meaning}`);
  return [
    comment,
    values !== undefined && `Values: ${meanings.join('; ')}. New ones can appear.`,
    isKey ? 'Never null.' : docs !== undefined && !/\bnull\b/i.test(comment) && 'Null when Hive sends none.',
    assumed && "Assumed: Hive's public pages do not show this field.",
    docs !== undefined && `See ${docs}`,
  ]
    .filter((sentence) => sentence !== false && sentence !== undefined)
    .join(' ');
}

/** A nested single object, flattened: column `<prefix>_<key>` takes `<object>.<key>`. */
export function flat(prefix: string, object: string, fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, inner]) => [
      `${prefix}_${name}`,
      { ...inner, from: (inner.from ?? [name]).map((path) => `${object}.${path}`) },
    ]),
  );
}
