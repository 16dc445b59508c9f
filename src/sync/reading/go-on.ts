// After a page: the next pages of its window, the other windows of its run, or the end of the window. Everything here
// may be done twice: each step asks the ledger first.
import { addWindows, closeWindow, type Window } from '../../db/ledger.js';
import { deepestPage, type Entered, missingPages } from '../../db/ledger-pages.js';
import {
  countsMoreThanItsWhole,
  endAtRepeat,
  endAtSame,
  probeBetween,
  searchedSpan,
  showsNothingNew,
} from '../../db/list-ends.js';
import type { SyncContext } from '../context.js';
import { halves, LONGEST_RANGE } from '../runs/plan.js';
import { enqueueWaiting, tasksOf } from '../runs/send-out.js';
import { firstPages, lastPageOf, mayBeReadToTheEnd, pageAfter, pagesOfPass, readingOrder } from './reading-order.js';
import { endWindow } from './retried-page.js';

export async function goOn(
  context: SyncContext,
  { window: entered, pageCountBefore, isRepeat, isFull }: Entered,
  page: number,
): Promise<void> {
  const window = isRepeat ? await endAtSame(context.db, entered, page) : await endAtRepeat(context.db, entered);
  const left = (pagesOfPass(window) ?? Number.POSITIVE_INFINITY) - window.pages_read - window.pages_failed;
  const isFirst = window.pages_read + window.pages_failed === 1;
  if (window.kind === 'counted' || (await isReadToTheEnd(context, window))) {
    await endWindow(context, window);
    return;
  }
  // A page that is not full has told by that how long its range is, whatever it counts.
  const isLong = window.kind === 'range' && (window.page_count ?? 0) > LONGEST_RANGE && isFull;
  if (isLong && !(await countsMoreThanItsWhole(context.db, window)) && (await split(context, window))) {
    await enqueueWaiting(context, window.run_id, 'all');
    return;
  }
  await context.enqueue(tasksOf(window, await nextPages(context, window, page, pageCountBefore)));
  // Those that are left are in the queue: the next window begins while they are read.
  if (left === context.frontier || (isFirst && left < context.frontier)) {
    await enqueueWaiting(context, window.run_id, 'all');
  }
}

/** Is nothing left to be read in this pass? */
export async function isReadToTheEnd({ db }: Pick<SyncContext, 'db'>, window: Window): Promise<boolean> {
  if (window.pages_again === null && window.page_count === null) {
    // Nobody knows how many pages there are: a page that cannot be had, or that lies beyond, is the end.
    return (
      window.pages_failed > 0 || (window.end_below !== null && (await deepestPage(db, window)) >= window.end_below - 1)
    );
  }
  if (window.pages_again === null && (await showsNothingNew(db, window))) return true;
  if (!mayBeReadToTheEnd(window)) return false;
  const found = { order: readingOrder(window), last: lastPageOf(window), limit: 1 };
  return (await missingPages(db, window, found)).length === 0;
}

async function nextPages(
  context: SyncContext,
  window: Window,
  page: number,
  pageCountBefore: number | null,
): Promise<number[]> {
  const { frontier } = context;
  if (window.pages_again !== null) {
    const next = window.pages_again[window.pages_again.indexOf(page) + frontier];
    return next === undefined ? [] : [next];
  }
  const isAsExpected =
    window.end_below === null && window.page_count !== null && (page === 1 || window.page_count === pageCountBefore);
  if (!isAsExpected) return pagesToSend(context, window);
  const order = readingOrder(window);
  return page === 1
    ? firstPages(window.page_count ?? 1, order, frontier)
    : pageAfter(page, window.page_count ?? 1, order, frontier);
}

/** What may be in the queue of a window, as the ledger tells: at most the frontier, whatever was said of the list. */
export async function pagesToSend(
  { db, frontier }: Pick<SyncContext, 'db' | 'frontier'>,
  window: Window,
): Promise<number[]> {
  const last = lastPageOf(window);
  if (pagesOfPass(window) === null) return [(await deepestPage(db, window)) + 1];
  if (window.pages_again === null && window.end_below !== null) {
    const span = await searchedSpan(db, window, last ?? 1);
    const probe = span.endBelow - span.deepest > 2 * frontier ? await probeBetween(db, window, span) : undefined;
    if (probe !== undefined) return [probe];
    return missingPages(db, window, { order: readingOrder(window), last: span.endBelow - 1, limit: frontier });
  }
  return missingPages(db, window, { order: readingOrder(window), last, limit: frontier });
}

/** A range that turned out long is read as two, so that a disturbance repeats little. False = it cannot be halved. */
async function split(context: SyncContext, window: Window): Promise<boolean> {
  const parts = halves(window);
  if (parts === undefined) return false;
  await context.db.transaction(async (tx) => {
    if (!(await closeWindow(tx, window, { state: 'split', reason: null, distinctIds: null }))) return;
    const { run_id: id, account, collection, priority } = window;
    const ranges = parts.map(([from, to]) => ({ collection, kind: 'range' as const, from, to, priority }));
    await addWindows(tx, { id, account }, ranges);
  });
  return true;
}
