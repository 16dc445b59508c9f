// Which stretches of a collection's time are proved, and as of when. The newest part of a list proves what is new and
// nothing else, so it is told apart from stretches that were read whole.
import { sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Executor } from './database.js';
import { ms, toDate } from './epoch.js';

export interface Coverage {
  /** created_at of the oldest row; null = no rows, or records without that field. */
  readonly oldest: Date | null;
  /** As of when the whole list was last proved; null = never. It is the first stretch, from the beginning on. */
  readonly wholeAsOf: Date | null;
  /**
   * Stretches that were read from end to end: every record of them that existed when they were read is in the table. In
   * order, without overlaps; null as a beginning = as far back as there is anything.
   */
  readonly certified: readonly { readonly from: Date | null; readonly to: Date }[];
  /** Up to when new records are in the table; null = nothing is proved. */
  readonly newUpTo: Date | null;
}

interface SpanRow extends Record<string, unknown> {
  oldest: number | null;
  whole: number | null;
  new_up_to: number | null;
  from_ms: number | null;
  to_ms: number | null;
}

/** Months of a backfill end a millisecond before the next begins. */
const SEAM = sql.raw("interval '1 millisecond'");

export async function readCoverage(
  db: Executor,
  account: string,
  { name, pgTable, fields }: { name: string; pgTable: PgTable; fields: Readonly<Record<string, unknown>> },
): Promise<Coverage> {
  const oldest =
    'created_at' in fields
      ? sql`(select extract(epoch from min(created_at))::float8 * 1000 from ${pgTable} where account = ${account})`
      : sql`null::float8`;
  const [first, ...more] = await db.execute<SpanRow>(sql`
    select o.oldest, ${ms('p.whole_as_of')} as whole, ${ms('p.new_up_to')} as new_up_to,
      ${ms('lower(span)')} as from_ms, ${ms('upper(span)')} as to_ms
    from (select ${oldest} as oldest) as o
    left join sync.proofs p on p.account = ${account} and p.collection = ${name}
    left join lateral unnest((
      select range_agg(stretch) from (
        select tstzrange(null, p.whole_as_of + ${SEAM}) as stretch where p.whole_as_of is not null
        union all
        select tstzrange(w.from_at, least(w.to_at, w.as_of) + ${SEAM}) from sync.windows w
        where w.account = ${account} and w.collection = ${name} and w.kind = 'range' and w.state = 'certified'
          and w.as_of is not null and least(w.to_at, w.as_of) >= w.from_at) as stretches)) as span on true`);
  return {
    oldest: toDate(first?.oldest ?? null),
    wholeAsOf: toDate(first?.whole ?? null),
    newUpTo: toDate(first?.new_up_to ?? null),
    certified: [first, ...more].flatMap((row) =>
      row?.to_ms == null ? [] : [{ from: toDate(row.from_ms), to: new Date(row.to_ms) }],
    ),
  };
}
