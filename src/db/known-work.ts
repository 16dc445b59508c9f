// Does the database know the work that the queue holds? Work of windows and lookups that it does not have was filed by
// another database, or before this one was set back.
import { sql } from 'drizzle-orm';
import type { Executor } from './database.js';

export interface FiledWork {
  /** Ids of sync.windows. */
  readonly windows: readonly number[];
  /** Ids of sync.lookups. */
  readonly lookups: readonly number[];
}

/** How many of these the ledger does not have. */
export async function countUnknownWork(db: Executor, { windows, lookups }: FiledWork): Promise<number> {
  const [row] = await db.execute<{ unknown: number }>(sql`
    select (select count(*) from jsonb_array_elements_text(${JSON.stringify(windows)}::text::jsonb) j (id)
        where not exists (select from sync.windows w where w.id = j.id::int8))
      + (select count(*) from jsonb_array_elements_text(${JSON.stringify(lookups)}::text::jsonb) j (id)
        where not exists (select from sync.lookups l where l.id = j.id::int8)) as unknown`);
  return row?.unknown ?? 0;
}
