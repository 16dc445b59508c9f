// Instants on their way out of a statement: epoch milliseconds, whatever the session's time zone and style of dates.
import { type SQL, sql } from 'drizzle-orm';

/** @param column or expression of SQL: a timestamptz, or an interval */
export const ms = (column: string): SQL => sql.raw(`extract(epoch from ${column})::float8 * 1000`);

export const toDate = (at: number | null): Date | null => (at === null ? null : new Date(at));
