// What a failed request leaves in its dead letter. A gateway may send anything, and a letter that cannot be filed would
// never let its page or record rest.
import { describe, HiveHttpError } from '../../errors.js';
import { inShort } from '../../words.js';
import { toStorable } from './storable.js';

export const storable = <T>(value: T): T => toStorable(value, JSON.stringify(value)).value as T;

/** What a person can read; a list of a thousand parts that are all wrong is wrong in one way. */
const MOST_ERRORS = 20;
const LONGEST_ERROR = 2_000;

/** The first ones, each cut where it is longer than anybody reads, and how many there are beside them: as of the API's own (hive/body.ts). */
export function mostTelling(errors: readonly string[]): string[] {
  const shown = errors.slice(0, MOST_ERRORS).map((error) => inShort(error, LONGEST_ERROR));
  return errors.length > MOST_ERRORS ? [...shown, `and ${errors.length - MOST_ERRORS} more`] : shown;
}

/** The API's own errors, word for word as far as they can be kept, or what happened in one sentence. */
export const errorsOf = (error: unknown): string[] =>
  (error instanceof HiveHttpError && error.errors.length > 0 ? error.errors : mostTelling([describe(error)])).map(
    storable,
  );
