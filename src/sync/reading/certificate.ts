// The certificate: what proves that a window was read completely, and what to do while the proof is missing.
// A list that stood still and was read without a pause is proved by its count: as many distinct records were seen as the
// API says there are. Any other is proved by stitching its pages together; where there is a gap, only the pages around
// it are read again.
import type { Window } from '../../db/ledger.js';
import type { Listing, PageRead } from './page-read.js';
import { lastPageOf } from './reading-order.js';
import { endOfList, stitch } from './stitch.js';

/** A window that keeps moving is not read for ever: an uncertified end says so. */
export const MOST_PASSES = 8;
/** Gaps are closed in portions, as the pages of a pass stand in the window's row. */
const MOST_PAGES_AGAIN = 1_000;

export type Judgement =
  /** `isWhole`: a head that came down to the end of the list has shown all of it. */
  | { readonly is: 'certified'; readonly isWhole?: boolean }
  /** `pages`: only these; null: the whole window. */
  | { readonly is: 'read again'; readonly pages: readonly number[] | null; readonly because: string }
  | { readonly is: 'uncertified'; readonly because: string };

export interface Evidence {
  /** Different records in all reads, those without a usable id among them. */
  readonly distinctIds: number;
  /** Is each page sorted, newest first, by created_at or else by id? Only looked at when the list moved. */
  readonly isSorted?: boolean;
  /** Only needed when the list moved, or there was a pause. */
  readonly listing: Listing | undefined;
}

/** @param window after the last page of a pass */
export function judge(window: Window, { distinctIds: seen, isSorted = true, listing }: Evidence): Judgement {
  if (window.pages_failed > 0) {
    return { is: 'uncertified', because: `${pagesInWords(window.pages_failed)} could not be read, see dead letters` };
  }
  const said = listing?.reads.at(-1)?.itemCount ?? window.last_item_count;
  if (said === null) return { is: 'uncertified', because: "the API's item_count cannot be used as proof" };
  if (!window.moved) {
    if (seen === said) return { is: 'certified' };
    const end = window.pass === window.base_pass ? doubtfulEnd(window) : [];
    return again(window, end.length > 0 ? end : null, `the API counts ${said} records, ${seen} were seen`);
  }
  const because = `the list moved while it was read, or there was a pause: ${window.first_item_count} records at first, ${said} at last, ${seen} seen`;
  if (listing === undefined) return again(window, null, because);
  // In an order that changes nothing tells what was passed over. It may stand still when it is read once more.
  if (!isSorted) {
    const unsorted = `${because}; it is sorted neither by created_at nor by id, so nothing tells what was left out`;
    return window.base_pass === 1 ? again(window, null, unsorted) : { is: 'uncertified', because: unsorted };
  }
  const stitching = stitch(listing, endOfList(lastPageOf(window) ?? 1));
  if (!stitching.isWhole) {
    return again(window, [...stitching.readAgain, ...doubtfulEnd(window)].slice(0, MOST_PAGES_AGAIN), because);
  }
  // Records that came meanwhile may be outside. Fewer than the rest means that the order of equals is not stable.
  return seen >= said - increases(listing.reads) ? { is: 'certified' } : again(window, null, because);
}

/** Where an empty page ended the list and the newest answer says that it goes on: that page is asked for again. */
const doubtfulEnd = ({ end_below: end, page_count: said }: Window): number[] =>
  end !== null && said !== null && said >= end ? [end] : [];

const again = (window: Window, pages: readonly number[] | null, because: string): Judgement =>
  window.pass < MOST_PASSES ? { is: 'read again', pages, because } : { is: 'uncertified', because };

const increases = (reads: readonly PageRead[]): number =>
  reads.reduce(
    (sum, { itemCount }, i) => sum + Math.max(0, (itemCount ?? 0) - (reads[i - 1]?.itemCount ?? itemCount ?? 0)),
    0,
  );

const pagesInWords = (n: number): string => (n === 1 ? '1 page' : `${n} pages`);
