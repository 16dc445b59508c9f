// Which stretches of a collection's time are certified: every record created in them is in the table.
import { sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Executor } from './database.js';

export interface Coverage {
  /** created_at of the oldest row; null = no rows, or records without that field. */
  readonly oldest: Date | null;
  /** In order, without overlaps; null as a beginning = as far back as there is anything. */
  readonly certified: readonly { readonly from: Date | null; readonly to: Date }[];
}

interface SpanRow extends Record<string, unknown> {
  oldest: number | null;
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
  // A head is certified only when it reaches down to what is certified below it: it stands for all of that.
  const rows = await db.execute<SpanRow>(sql`
    select o.oldest, extract(epoch from lower(span))::float8 * 1000 as from_ms,
      extract(epoch from upper(span))::float8 * 1000 as to_ms
    from (select ${oldest} as oldest) as o left join lateral unnest((
      select range_agg(tstzrange(case w.kind when 'range' then w.from_at end,
        coalesce(w.to_at, w.started_at) + ${SEAM}))
      from sync.windows w where w.account = ${account} and w.collection = ${name}
        and w.state = 'certified' and w.kind in ('whole', 'head', 'range')
        and coalesce(w.to_at, w.started_at) is not null)) as span on true`);
  return {
    oldest: toDate(rows[0]?.oldest ?? null),
    certified: rows.flatMap(({ from_ms, to_ms }) =>
      to_ms === null ? [] : [{ from: toDate(from_ms), to: new Date(to_ms) }],
    ),
  };
}

const toDate = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));
