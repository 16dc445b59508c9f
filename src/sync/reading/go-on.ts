// After a page: the next pages of its window, the other windows of its run, or the end of the window. Everything here
// may be done twice: each step asks the ledger first.
import { addWindows, closeWindow, type Window } from '../../db/ledger.js';
import { collectionOf, type SyncContext } from '../context.js';
import { halves, LONGEST_RANGE } from '../runs/plan.js';
import { enqueueWaiting, tasksOf } from '../runs/send-out.js';
import { firstPages, isReadToTheEnd, pageAfter, readingOrder } from './reading-order.js';
import { endWindow } from './retried-page.js';

/** @param pageCountBefore what the window's page_count was before this page was entered */
export async function goOn(
  context: SyncContext,
  window: Window,
  page: number,
  pageCountBefore: number | null,
): Promise<void> {
  if (pageCountBefore === null) await enqueueWaiting(context, window.run_id, 'all');
  if (window.page_count === null && window.pages_again === null) {
    // Page 1 could not be had, so nobody knows how many there are.
    await endWindow(context, window);
    return;
  }
  if (isReadToTheEnd(window)) {
    await endWindow(context, window);
    return;
  }
  if (window.kind === 'range' && (window.page_count ?? 0) > LONGEST_RANGE && (await split(context, window))) {
    await enqueueWaiting(context, window.run_id, 'all');
    return;
  }
  await context.enqueue(tasksOf(window, nextPages(context, window, page, pageCountBefore)));
}

function nextPages(context: SyncContext, window: Window, page: number, pageCountBefore: number | null): number[] {
  const { frontier } = context;
  if (window.pages_again !== null) {
    const next = window.pages_again[window.pages_again.indexOf(page) + frontier];
    return next === undefined ? [] : [next];
  }
  const pageCount = window.page_count ?? 1;
  const order = readingOrder(collectionOf(context, window.collection));
  if (page === 1) return firstPages(pageCount, order, frontier);
  const grown =
    pageCountBefore === null || pageCount <= pageCountBefore
      ? []
      : Array.from({ length: pageCount - pageCountBefore }, (_, i) => pageCountBefore + 1 + i);
  return [...new Set([...pageAfter(page, pageCount, order, frontier), ...grown])];
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
