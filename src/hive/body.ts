// Reads a response body within bounds, and finds the API's `errors` array in whatever came.
import { inShort } from '../words.js';

/** Largest body that is read. A page of 20 records is about 60 kB; this leaves room for odd ones. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** Most values of one body, those within others too. A page of 20 records has about 2,000; each takes memory many times its text. */
export const MOST_VALUES = 500_000;
/** Of what went wrong, and characters of each; what is cut says so. A thousand that are all wrong are wrong in one way. */
const MOST_ERRORS = 20;
const LONGEST_ERROR = 2_000;
const EXCERPT_LENGTH = 500;

/** The body as text, or undefined when it is longer than `maxBytes` (the rest is not read). */
export async function readText(response: Response, maxBytes: number): Promise<string | undefined> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > maxBytes) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(value);
  }
  // Not toString(): a byte order mark is no part of the text, and JSON does not take one.
  return new TextDecoder().decode(Buffer.concat(chunks));
}

/**
 * JSON, or undefined when the text is none or holds more than MOST_VALUES. Takes time and memory in proportion to the
 * text, whatever stands in it. What a number would change comes as text, as it is written: integers that it
 * cannot hold exactly, and amounts of cents with decimals (123.00 would become 123 cents).
 */
export function tryJson(text: string): { value: unknown } | undefined {
  if (holdsTooMany(text)) return undefined;
  try {
    return { value: JSON.parse(quoteDecimalCents(MANY_DIGITS.test(text) ? quoteUnsafeIntegers(text) : text)) };
  } catch {
    return undefined;
  }
}

const MANY_DIGITS = /\d{16}/;
const NUMBERS = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Strings are left alone. They are found by hand: a pattern that takes one of many megabytes overflows its stack. */
function quoteUnsafeIntegers(text: string): string {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    const opens = text.indexOf('"', at);
    const outside = opens === -1 ? text.slice(at) : text.slice(at, opens);
    pieces.push(
      outside.replace(NUMBERS, (token) =>
        /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token,
      ),
    );
    if (opens === -1) break;
    at = endOfString(text, opens);
    pieces.push(text.slice(opens, at));
  }
  return pieces.join('');
}

/** Does a text hold more values than are read from one? Commas and opening brackets outside strings are counted. */
export function holdsTooMany(text: string): boolean {
  if (text.length < MOST_VALUES) return false;
  let values = 1;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === '"') at = endOfString(text, at) - 1;
    else if (sign === ',' || sign === '[' || sign === '{') values += 1;
    if (values > MOST_VALUES) return true;
  }
  return false;
}

const CENTS = '_in_cents';
/** Inside a string the quote would have a backslash before it. */
const DECIMAL_CENTS = /_in_cents\w*"\s*:\s*(-?\d+(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+))/y;
const REST_OF_WORD = /\w*/y;

/** Looked for word by word: a pattern that begins again within a word that it has seen takes the square of its length. */
function quoteDecimalCents(text: string): string {
  const pieces: string[] = [];
  let done = 0;
  for (let at = text.indexOf(CENTS); at !== -1; at = text.indexOf(CENTS, REST_OF_WORD.lastIndex)) {
    DECIMAL_CENTS.lastIndex = at;
    const number = DECIMAL_CENTS.exec(text)?.[1];
    if (number !== undefined) {
      pieces.push(text.slice(done, DECIMAL_CENTS.lastIndex - number.length), `"${number}"`);
      done = DECIMAL_CENTS.lastIndex;
    }
    REST_OF_WORD.lastIndex = at;
    REST_OF_WORD.test(text);
  }
  return done === 0 ? text : pieces.join('') + text.slice(done);
}

/** Where the string ends that begins with the quote at `opens`. */
function endOfString(text: string, opens: number): number {
  for (let closes = text.indexOf('"', opens + 1); closes !== -1; closes = text.indexOf('"', closes + 1)) {
    let backslashes = 0;
    while (text[closes - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return closes + 1;
  }
  return text.length;
}

/**
 * The `errors` array of an unsuccessful body, word for word as far as mostTelling() goes; empty when there is none. What is
 * no text comes as JSON.
 */
export function errorsOf(body: unknown): string[] {
  if (typeof body !== 'object' || body === null || !('errors' in body) || !Array.isArray(body.errors)) return [];
  return mostTelling(body.errors);
}

/** The first ones, each cut where it is longer than anybody reads, and how many there are beside them. */
export function mostTelling(errors: readonly unknown[]): string[] {
  const first = errors
    .slice(0, MOST_ERRORS)
    .map((entry) => inShort(typeof entry === 'string' ? entry : shown(entry), LONGEST_ERROR));
  return errors.length > MOST_ERRORS ? [...first, `and ${errors.length - MOST_ERRORS} more`] : first;
}

function shown(entry: unknown): string {
  try {
    return JSON.stringify(entry);
  } catch {
    return 'an entry that is nested too deep to be shown';
  }
}

/** The start of a body that could not be used, for people. */
export const excerptOf = (text: string): string | undefined =>
  text.trim() === '' ? undefined : text.trim().slice(0, EXCERPT_LENGTH);
