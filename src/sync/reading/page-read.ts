// One answer to a request for a page, as proofs look at it.
import type { Db } from '../../db/database.js';
import type { Window } from '../../db/ledger.js';
import { readsOf } from '../../db/ledger-pages.js';

/** The API's page length where no answer has told. */
const DOCUMENTED_PER_PAGE = 20;

export interface PageRead {
  readonly page: number;
  readonly itemCount: number | null;
  readonly itemsPerPage: number | null;
  /** As this answer said. */
  readonly pageCount: number;
  readonly ids: readonly number[];
  /** created_at of its records, epoch milliseconds; null where they carry none. */
  readonly newestAt: number | null;
  readonly oldestAt: number | null;
  /** The answer was made between these two, epoch milliseconds. */
  readonly requestedAt: number;
  readonly answeredAt: number;
}

export const perPageOf = ({ items_per_page: told }: Pick<Window, 'items_per_page'>): number =>
  told ?? DOCUMENTED_PER_PAGE;

/** A page_count that leaves out records which the same answer counts ends nothing. */
export const isLastPage = ({ page, pageCount, itemCount, itemsPerPage }: PageRead): boolean =>
  page >= pageCount && (itemCount === null || itemsPerPage === null || page * itemsPerPage >= itemCount);

export function shareRecord(a: PageRead | undefined, b: PageRead | undefined): boolean {
  const ids = new Set(a?.ids);
  return b?.ids.some((id) => ids.has(id)) ?? false;
}

/** The newest read of each page, by page. @param reads in the order of their requests */
export const newestByPage = (reads: readonly PageRead[]): PageRead[] =>
  [...new Map(reads.map((read) => [read.page, read])).values()].sort((a, b) => a.page - b.page);

/** Every answer since the window was last read from its first page, in the order of the requests. */
export const readListing = async (db: Db, window: Window): Promise<PageRead[]> =>
  (await readsOf(db, window)).map((read) => ({
    page: read.page,
    itemCount: read.item_count,
    itemsPerPage: read.items_per_page,
    pageCount: read.page_count ?? 1,
    ids: read.ids,
    newestAt: read.newest_at?.getTime() ?? null,
    oldestAt: read.oldest_at?.getTime() ?? null,
    requestedAt: read.requested_at.getTime(),
    answeredAt: read.committed_at.getTime(),
  }));
