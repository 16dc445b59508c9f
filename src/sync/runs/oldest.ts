// Where a list begins: the created_at of its oldest record, for two requests.
import { readClock } from '../../db/ledger.js';
import type { Collection } from '../collection.js';
import type { SyncContext } from '../context.js';
import { parseRecord } from '../records/parse.js';

/** undefined = the list is empty, or its records carry no created_at. */
export async function readOldest(
  { client, db }: Pick<SyncContext, 'client' | 'db'>,
  collection: Collection,
  signal?: AbortSignal,
): Promise<Date | undefined> {
  const pinned = { 'created_at[lte]': (await readClock(db)).toISOString() };
  const first = await client.list(collection.path, { ...pinned, page: 1 }, signal);
  const pageCount = first.body.pageCount ?? 1;
  const last = pageCount > 1 ? await client.list(collection.path, { ...pinned, page: pageCount }, signal) : first;
  const times = last.body.records.flatMap((payload) => {
    const result = parseRecord(collection, payload);
    return result.ok ? (result.record.createdAt ?? []) : [];
  });
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}
