// What a failed request leaves in its dead letter. A gateway may send anything, and a letter that cannot be filed would
// never let its page or record rest.
import { describe, HiveHttpError } from '../../errors.js';
import { mostTelling } from '../../hive/body.js';
import { toStorable } from './storable.js';

export const storable = <T>(value: T): T => toStorable(value, JSON.stringify(value)).value as T;

/** The API's own errors, word for word as far as they can be kept, or what happened in one sentence. */
export const errorsOf = (error: unknown): string[] =>
  (error instanceof HiveHttpError && error.errors.length > 0 ? error.errors : mostTelling([describe(error)])).map(
    storable,
  );
