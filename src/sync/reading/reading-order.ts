// In which order the pages of a window are read, and what may be in the queue. A pinned window is read last page first:
// a deletion then only repeats rows. A list that cannot be pinned is read first page first: new rows only repeat.
import type { Window } from '../../db/ledger.js';
import type { Collection } from '../collection.js';

export type ReadingOrder = 'ascending' | 'descending';

export const readingOrder = (collection: Pick<Collection, 'filtersByCreatedAt'>): ReadingOrder =>
  collection.filtersByCreatedAt ? 'descending' : 'ascending';

/** The pages that may be queued once page 1 has told how many there are. Page 1 itself has been read. */
export function firstPages(pageCount: number, order: ReadingOrder, frontier: number): number[] {
  const length = Math.max(0, Math.min(frontier, pageCount - 1));
  return Array.from({ length }, (_, i) => (order === 'ascending' ? 2 + i : pageCount - i));
}

/** The page that takes the place of a finished one: the frontier keeps its width without anybody counting. */
export function pageAfter(page: number, pageCount: number, order: ReadingOrder, frontier: number): number[] {
  const next = order === 'ascending' ? page + frontier : page - frontier;
  return next >= 2 && next <= pageCount ? [next] : [];
}

/** How many pages the current pass has; null until its first page told. */
export const pagesOfPass = ({ pages_again, page_count }: Pick<Window, 'pages_again' | 'page_count'>): number | null =>
  pages_again?.length ?? page_count;

/** Is every page of the current pass in the ledger? */
export function isReadToTheEnd(window: Window): boolean {
  const pages = pagesOfPass(window);
  return pages !== null && window.pages_read + window.pages_failed >= pages;
}
