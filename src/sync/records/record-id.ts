// A record's own id. It is a number wherever ids are compared and listed, so one that a number cannot hold exactly is
// refused: two records would be taken for one.
import { z } from 'zod';

const schema = z.int();

/** undefined = it is none. */
export function readRecordId(given: unknown): number | undefined {
  const result = schema.safeParse(given);
  return result.success ? result.data : undefined;
}
