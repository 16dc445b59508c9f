// Fields and types that the API sent and that the collection's description did not know, counted.
import { sql } from 'drizzle-orm';
import type { Executor } from './database.js';

export interface DriftEntry {
  readonly path: string;
  readonly kind: string;
  readonly seen: string;
  readonly expected: string | null;
  readonly sample: string | null;
}

/** Different entries of one call, and of a collection in all: keys that are data (ids, texts) must not fill the table. */
const MOST_AT_ONCE = 500;
const MOST_IN_ALL = 2_000;

/** Adds to the counts, in the transaction of the caller. Where a collection has MOST_IN_ALL, only known ones are counted. */
export async function recordDrift(
  tx: Executor,
  account: string,
  collection: string,
  entries: readonly DriftEntry[],
): Promise<void> {
  if (entries.length === 0) return;
  const counted = new Map<string, DriftEntry & { count: number }>();
  for (const entry of entries) {
    const key = JSON.stringify([entry.path, entry.kind, entry.seen]);
    if (counted.size === MOST_AT_ONCE && !counted.has(key)) continue;
    counted.set(key, { ...entry, count: (counted.get(key)?.count ?? 0) + 1 });
  }
  // In one order for everybody, as every page of a collection meets the same rows.
  const rows = [...counted].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  await tx.execute(sql`
    insert into sync.schema_drift as known (account, collection, path, kind, seen, expected, sample, count)
    select ${account}, ${collection}, path, kind, seen, expected, sample, count
    from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
      as r(path text, kind text, seen text, expected text, sample text, count bigint)
    where (select count(*) from sync.schema_drift d where d.account = ${account} and d.collection = ${collection}) < ${MOST_IN_ALL}
      or exists (select from sync.schema_drift d where d.account = ${account} and d.collection = ${collection}
        and d.path = r.path and d.kind = r.kind and d.seen = r.seen)
    on conflict (account, collection, path, kind, seen) do update
    set count = known.count + excluded.count, last_seen_at = now(), expected = excluded.expected,
      sample = excluded.sample`);
}
