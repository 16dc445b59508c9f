// How fast the API was asked over the last hour, from the exact log of the rate budget: it keeps its slots that long.
import { sql } from 'drizzle-orm';
import type { Executor } from './database.js';

export interface MinuteOfRequests {
  /** Its first moment, by PostgreSQL's clock. */
  readonly minute: Date;
  /** Sent by all processes together. At most the limit, when HIVE_RATE_WINDOW_MS is a minute. */
  readonly requests: number;
  /** Of these, answered with 429. */
  readonly rejected: number;
}

/**
 * The last 60 minutes, oldest first and without gaps; the last one is under way. What they are to be held against is
 * `limit` of readBudgetStatus() (status.ts): that many per window, so limit · 60 000 / windowMs per minute.
 */
export async function requestsPerMinute(db: Executor, account: string): Promise<MinuteOfRequests[]> {
  const rows = await db.execute<{ minute: number; requests: number; rejected: number }>(sql`
    select extract(epoch from m)::float8 * 1000 as minute, count(s.n) as requests,
      count(s.n) filter (where s.rejected) as rejected
    from generate_series(date_trunc('minute', clock_timestamp()) - interval '59 minutes',
        date_trunc('minute', clock_timestamp()), interval '1 minute') as m
      left join (
        select n, rejected, date_trunc('minute', at) as minute from sync.rate_slots
        where account = ${account} and at > clock_timestamp() - interval '61 minutes' and at <= clock_timestamp()
      ) as s on s.minute = m
    group by m order by m`);
  return rows.map(({ minute, requests, rejected }) => ({ minute: new Date(minute), requests, rejected }));
}
