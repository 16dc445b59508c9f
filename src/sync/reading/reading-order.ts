// In which order the pages of a window are read, and what may be in the queue. A pinned window is read last page first:
// a deletion then only repeats rows. A list that cannot be pinned is read first page first: new rows only repeat. Where
// the API does not say how many pages there are, one follows the other until one lies beyond the end.
import type { Window } from '../../db/ledger.js';

export type ReadingOrder = 'ascending' | 'descending';

export const readingOrder = (window: Pick<Window, 'to_at'>): ReadingOrder =>
  window.to_at === null ? 'ascending' : 'descending';

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

/** The last page of the list as far as is known: what was said, and no page beyond its end. null = nothing is known. */
export function lastPageOf({ page_count, end_below }: Pick<Window, 'page_count' | 'end_below'>): number | null {
  const end = end_below === null ? null : end_below - 1;
  const known = page_count === null ? end : end === null ? page_count : Math.min(page_count, end);
  return known === null ? null : Math.max(1, known);
}

type Extent = Pick<Window, 'pages_again' | 'page_count' | 'end_below'>;

/** How many pages the current pass has, without those that lie beyond the end; null while that is not known. */
export function pagesOfPass(window: Extent): number | null {
  const last = lastPageOf(window);
  const { pages_again: again } = window;
  return again === null || last === null ? (again?.length ?? last) : again.filter((page) => page <= last).length;
}

/** Can every page of the current pass be in the ledger? Only the ledger itself knows: some may lie beyond the end. */
export function mayBeReadToTheEnd(window: Extent & Pick<Window, 'pages_read' | 'pages_failed'>): boolean {
  const pages = pagesOfPass(window);
  return pages !== null && window.pages_read + window.pages_failed >= pages;
}
