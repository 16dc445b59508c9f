// One answer to a request for a page, as proofs look at it, and all answers of a window. The ids of the records stay in
// the database: a proof needs only to know which answers share one, and of 50,000 pages that is little.
import type { Db } from '../../db/database.js';
import type { Window } from '../../db/ledger.js';
import { listingOf } from '../../db/listing.js';

/** The API's page length where no answer has told. */
const DOCUMENTED_PER_PAGE = 20;

export interface PageRead {
  readonly page: number;
  /** How many it showed. */
  readonly records: number;
  readonly itemCount: number | null;
  readonly itemsPerPage: number | null;
  /** As this answer said; null when it said nothing that can be believed. */
  readonly pageCount: number | null;
  /** Ids of its last two records that have a usable one. */
  readonly lastIds: readonly number[];
  /** created_at of its records, epoch milliseconds; null where they carry none. */
  readonly newestAt: number | null;
  readonly oldestAt: number | null;
  /** The answer was made between these two, epoch milliseconds. */
  readonly requestedAt: number;
  readonly answeredAt: number;
}

/** Every answer since a window was last read from its first page. */
export interface Listing {
  /** In the order of their requests. */
  readonly reads: readonly PageRead[];
  /** Groups of answers, as places in `reads`, ascending, that have a record in common. */
  readonly shared: readonly (readonly number[])[];
  /** A read that began so long after every answer before it may have met another list, whatever the count says. */
  readonly pauseMs: number;
}

export const perPageOf = ({ items_per_page: told }: Pick<Window, 'items_per_page'>): number =>
  told ?? DOCUMENTED_PER_PAGE;

/** A page_count that leaves out records which the same answer counts ends nothing. */
export const isLastPage = ({ page, pageCount, itemCount, itemsPerPage }: PageRead): boolean =>
  pageCount !== null &&
  page >= pageCount &&
  (itemCount === null || itemsPerPage === null || page * itemsPerPage >= itemCount);

/** Did it show fewer records than its own numbers say? One that is left out by an answer stands in no page. */
export const isShort = ({ page, records, itemCount, itemsPerPage }: PageRead): boolean =>
  itemCount !== null &&
  itemsPerPage !== null &&
  records < Math.min(itemsPerPage, Math.max(0, itemCount - (page - 1) * itemsPerPage));

/** The newest read of each page, by page. @param reads in the order of their requests */
export const newestByPage = (reads: readonly PageRead[]): PageRead[] =>
  [...new Map(reads.map((read) => [read.page, read])).values()].sort((a, b) => a.page - b.page);

export const readListing = async (db: Db, window: Window, pauseMs: number): Promise<Listing> => ({
  ...(await listingOf(db, window)),
  pauseMs,
});
