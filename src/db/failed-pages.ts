// What the ledger knows of a page that failed: where, and what stood on the pages around it.
import { sql } from 'drizzle-orm';
import type { Executor } from './database.js';
import type { WindowKind } from './ledger.js';

/** A page by what all occurrences of its trouble share: see pageTrouble(). */
export interface PageAddress {
  readonly account: string;
  readonly collection: string;
  readonly from: Date | null;
  readonly page: number;
}

/** The page of one window that failed. */
export interface FailedPage {
  readonly windowId: number;
  readonly pass: number;
  readonly page: number;
  readonly kind: WindowKind;
  readonly to: Date | null;
  /** The API's count when the pages around it were read; null when it is not known, or they disagree. */
  readonly itemCount: number | null;
  /** The length of the pages around it; null when the API did not say, undefined when they disagree. */
  readonly itemsPerPage: number | null | undefined;
}

/** The occurrence that a retry is about: see lastFailures(). */
export const lastFailure = async (db: Executor, address: PageAddress): Promise<FailedPage | undefined> =>
  (await lastFailures(db, [address]))[0];

/**
 * The occurrences that retries are about, in the order of the addresses; undefined where there is none on file, or more
 * than one that it would have to be about. A list that was read whole leaves nothing of an earlier one: what had been
 * missed then stood on its other pages. What the whole collection was certified after is over, and a retry that failed
 * has lost nothing more.
 */
export async function lastFailures(
  db: Executor,
  addresses: readonly PageAddress[],
): Promise<(FailedPage | undefined)[]> {
  if (addresses.length === 0) return [];
  const wanted = addresses.map((address, nth) => ({ ...address, nth, from: address.from?.toISOString() ?? null }));
  const rows = await db.execute<FailureRow>(sql`
    select a.nth, failed.* from jsonb_to_recordset(${JSON.stringify(wanted)}::text::jsonb)
        as a(nth integer, account text, collection text, "from" timestamptz, page integer)
      cross join lateral (
        select w.id as window_id, p.pass, p.page, w.kind, w.state,
          (select jsonb_agg(distinct other.items_per_page) from sync.pages other
            where other.window_id = w.id and other.pass = p.pass and other.state = 'read') as lengths,
          extract(epoch from w.to_at)::float8 * 1000 as to_ms,
          case when not w.moved then w.last_item_count end as item_count, p.committed_at
        from sync.windows w join sync.runs r on r.id = w.run_id join sync.pages p on p.window_id = w.id
        where w.account = a.account and w.collection = a.collection and w.pages_failed > 0 and r.mode <> 'retry'
          and w.from_at is not distinct from a."from" and p.page = a.page and p.state = 'failed'
          and p.committed_at >= coalesce((
            select max(least(c.to_at, cr.started_at)) from sync.windows c join sync.runs cr on cr.id = c.run_id
            where c.account = a.account and c.collection = a.collection and c.kind = 'whole' and c.state = 'certified'),
            '-infinity')
        order by p.committed_at desc limit 2) as failed
    order by a.nth, failed.committed_at desc`);
  const byAddress = new Map<number, FailureRow[]>();
  for (const row of rows) byAddress.set(row.nth, [...(byAddress.get(row.nth) ?? []), row]);
  return addresses.map((_, nth) => failureOf(byAddress.get(nth) ?? []));
}

interface FailureRow extends Record<string, unknown> {
  nth: number;
  window_id: number;
  pass: number;
  page: number;
  kind: WindowKind;
  state: string;
  to_ms: number | null;
  item_count: number | null;
  lengths: (number | null)[] | null;
}

/** @param rows the last two, or those that there are; newest first */
function failureOf([last, before]: readonly FailureRow[]): FailedPage | undefined {
  if (last === undefined) return undefined;
  // One that was cut short (a refused key) did not come to its other pages.
  const isReadWhole = last.kind === 'whole' && last.state === 'uncertified';
  if (before !== undefined && !isReadWhole) return undefined;
  const { window_id: windowId, pass, page, kind, to_ms, item_count: itemCount, lengths } = last;
  const itemsPerPage = lengths?.length === 1 ? lengths[0] : undefined;
  return { windowId, pass, page, kind, to: to_ms === null ? null : new Date(to_ms), itemCount, itemsPerPage };
}

/** Ids that stood in the list before and after a page. */
export interface Neighbours {
  readonly above: ReadonlySet<number>;
  readonly below: ReadonlySet<number>;
}

/** So many pages on each side: a record that is deleted later must not be the only one. */
const PAGES_EACH_SIDE = 5;

/**
 * What the pages around it showed in the same pass. undefined when the list lost records between them: then one that was
 * read before may have shown what stood below one that was read after.
 */
export async function neighboursOf(
  db: Executor,
  { windowId, pass, page }: FailedPage,
): Promise<Neighbours | undefined> {
  const read = sql`select page, ids, item_count, requested_at from sync.pages
    where window_id = ${windowId} and pass = ${pass} and state = 'read'`;
  const rows = await db.execute<{ page: number; ids: number[]; item_count: number | null }>(sql`
    select page, to_jsonb(ids) as ids, item_count from (
      (${read} and page < ${page} order by page desc limit ${PAGES_EACH_SIDE})
      union all (${read} and page > ${page} order by page limit ${PAGES_EACH_SIDE})) as around
    order by requested_at, page`);
  const counts = rows.map((row) => row.item_count);
  if (counts.some((count, i) => count === null || count < (counts[i - 1] ?? 0))) return undefined;
  const idsWhere = (isOnSide: (other: number) => boolean) =>
    new Set(rows.flatMap((row) => (isOnSide(row.page) ? row.ids : [])));
  return { above: idsWhere((other) => other < page), below: idsWhere((other) => other > page) };
}
