// The certificate: what proves that a window was read completely, and what to do when the proof fails.
// Proof: all pages of one pass said the same count, and as many distinct records were seen as that count says.
import type { Window } from '../db/ledger.js';

/** A window that moves while it is read is read again, but not for ever: an uncertified end says so. */
export const MOST_PASSES = 4;

export type Judgement =
  | { readonly is: 'certified' }
  | { readonly is: 'read again'; readonly because: string }
  | { readonly is: 'uncertified'; readonly because: string };

/**
 * @param window after its last page, with the sums of its current pass
 * @param distinctIds distinct ids in the pages of that pass
 */
export function judge(window: Window, distinctIds: number): Judgement {
  if (window.pages_failed > 0) {
    return { is: 'uncertified', because: `${pagesInWords(window.pages_failed)} could not be read, see dead letters` };
  }
  const said = window.last_item_count;
  if (said === null) return { is: 'uncertified', because: "the API's item_count cannot be used as proof" };
  const seen = distinctIds + window.without_id;
  if (!window.moved && seen === said) return { is: 'certified' };
  const because = window.moved
    ? `the list moved while it was read: ${window.first_item_count} records at first, ${said} at last, ${seen} seen`
    : `the API counts ${said} records, ${seen} were seen`;
  return window.pass < MOST_PASSES ? { is: 'read again', because } : { is: 'uncertified', because };
}

const pagesInWords = (n: number): string => (n === 1 ? '1 page' : `${n} pages`);
