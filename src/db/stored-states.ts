// Rows as the ordering rule of webhooks sees them: what they hold and how new it is.
import { sql } from 'drizzle-orm';
import type { Executor } from './database.js';
import { idList } from './id-list.js';
import type { UpsertTarget } from './upsert.js';

export interface StoredRow {
  readonly hash: string;
  readonly raw: unknown;
  /** Epoch milliseconds, like all instants here. */
  readonly fetchedAt: number;
  readonly source: string;
  readonly deletedAt: number | undefined;
}

/** Locks the rows in the order of ids, like every writer. */
export async function lockStoredRows(
  tx: Executor,
  { pgTable }: Pick<UpsertTarget, 'pgTable'>,
  account: string,
  ids: readonly number[],
): Promise<Map<number, StoredRow>> {
  const rows = await tx.execute<{
    id: number;
    hash: string;
    raw: unknown;
    fetched_at: number;
    source: string;
    deleted_at: number | null;
  }>(sql`
    select id, _content_hash as hash, _raw as raw, _source as source,
      extract(epoch from _fetched_at)::float8 * 1000 as fetched_at,
      extract(epoch from _deleted_at)::float8 * 1000 as deleted_at
    from ${pgTable} where account = ${account} and id = any(${idList(ids)})
    order by id for no key update`);
  return new Map(
    rows.map(({ id, hash, raw, source, fetched_at, deleted_at }) => [
      id,
      { hash, raw, source, fetchedAt: Math.round(fetched_at), deletedAt: deleted_at ?? undefined },
    ]),
  );
}

/** The same content was seen again, later: a read that began before that must not replace it. */
export async function markSeen(
  tx: Executor,
  { pgTable }: Pick<UpsertTarget, 'pgTable'>,
  { account, source, at }: { account: string; source: 'page' | 'record' | 'webhook'; at: number },
  ids: readonly number[],
): Promise<void> {
  if (ids.length === 0) return;
  const seenAt = new Date(at).toISOString();
  await tx.execute(sql`
    update ${pgTable} set _fetched_at = ${seenAt}::timestamptz, _source = ${source}
    where account = ${account} and id = any(${idList(ids)})
      and _fetched_at < ${seenAt}::timestamptz and _deleted_at is null`);
}
