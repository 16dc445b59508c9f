// Ids in a statement: one parameter whatever their number, so that the statement stays the same text.
import { type SQL, sql } from 'drizzle-orm';

export const idList = (ids: readonly number[]): SQL => sql`${`{${ids.join(',')}}`}::bigint[]`;
