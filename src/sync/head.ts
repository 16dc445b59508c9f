// The newest part of a list that takes no filter: read from page 1 down to what is certified already, in steps that
// double, so that a worker that was away for a month needs few of them.
import { sql } from 'drizzle-orm';
import type { Db } from '../db/database.js';
import { readsOf, type Window } from '../db/ledger.js';
import { type Judgement, MOST_PASSES } from './certificate.js';
import type { Collection } from './collection.js';
import { headReachesTo } from './plan.js';

export async function judgeHead(
  db: Db,
  collection: Collection,
  window: Window,
  watermark: Date | undefined,
): Promise<Judgement> {
  if (window.pages_failed > 0)
    return { is: 'uncertified', because: 'a page of the head could not be read, see dead letters' };
  const reads = await readsOf(db, window);
  const deepest = reads.reduce((deep, read) => (read.page > deep.page ? read : deep), reads[0] ?? { page: 0 });
  if (!('ids' in deepest) || watermark === undefined)
    return { is: 'uncertified', because: 'there is nothing certified to reach down to' };
  const isBottom = deepest.page >= (deepest.page_count ?? 1);
  if (isBottom || (await reachesWatermark(db, collection, window.account, deepest, watermark)))
    return { is: 'certified' };
  if (window.pass >= MOST_PASSES) return { is: 'uncertified', because: 'the head is too long, a full sync is needed' };
  // Every step begins with the last page again: rows that came meanwhile have moved others down.
  const pages = Array.from({ length: deepest.page + 1 }, (_, i) => deepest.page + i).filter(
    (page) => page <= (deepest.page_count ?? page),
  );
  return { is: 'read again', pages, because: 'the head goes further down' };
}

async function reachesWatermark(
  db: Db,
  collection: Collection,
  account: string,
  page: { oldest_at: Date | null; ids: number[] },
  watermark: Date,
): Promise<boolean> {
  if (page.oldest_at !== null) return page.oldest_at < headReachesTo(watermark);
  // No created_at in this collection: the whole page must have been there when it was last certified.
  const [row] = await db.execute<{ known: number }>(sql`
    select count(*) as known from ${collection.pgTable}
    where account = ${account} and id = any(${`{${page.ids.join(',')}}`}::bigint[])
      and _first_seen_at <= (select max(w.finished_at) from sync.windows w
        where w.account = ${account} and w.collection = ${collection.name} and w.state = 'certified')`);
  return page.ids.length > 0 && row?.known === page.ids.length;
}
