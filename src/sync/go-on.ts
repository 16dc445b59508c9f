// After a page: the next pages of its window, the other windows of its run, or the end of both. Everything here may be
// done twice: each step asks the ledger first.
import { closeRun, closeWindow, readsOf, readWindows, startNextPass, sumUp, type Window } from '../db/ledger.js';
import { judge } from './certificate.js';
import { collectionOf, type SyncContext } from './context.js';
import { firstPages, isReadToTheEnd, pageAfter, readingOrder } from './reading-order.js';
import { enqueueHeads } from './start-run.js';
import type { PageRead } from './stitch.js';

/** @param pageCountBefore what the window's page_count was before this page was entered */
export async function goOn(
  context: SyncContext,
  window: Window,
  page: number,
  pageCountBefore: number | null,
): Promise<void> {
  if (page === 1 && window.pass === 1) await enqueueHeads(context, window.run_id, 'all');
  const pageCount = window.page_count;
  if (pageCount === null || isReadToTheEnd(window)) {
    await finishWindow(context, window);
    return;
  }
  // A pass over chosen pages was queued whole.
  if (window.pages_again !== null) return;
  const order = readingOrder(collectionOf(context, window.collection));
  const next =
    page === 1 ? firstPages(pageCount, order, context.frontier) : pageAfter(page, pageCount, order, context.frontier);
  const grown =
    page !== 1 && pageCountBefore !== null && pageCount > pageCountBefore
      ? Array.from({ length: pageCount - pageCountBefore }, (_, i) => pageCountBefore + 1 + i)
      : [];
  await context.enqueue(
    [...new Set([...next, ...grown])].map((n) => ({
      windowId: window.id,
      pass: window.pass,
      page: n,
      priority: window.priority,
    })),
  );
}

/** Judges a window whose pages are all in the ledger: certifies it, reads on where it moved, or closes it uncertified. */
export async function finishWindow(context: SyncContext, window: Window): Promise<void> {
  const { distinctIds, outOfOrder } = await sumUp(context.db, window);
  const log = context.log.child({ run: window.run_id, window: window.id, collection: window.collection });
  if (outOfOrder) log.warn('the list was not sorted by created_at, newest first');
  const judgement = judge(window, { distinctIds, reads: window.moved ? await readListing(context, window) : [] });
  if (judgement.is === 'read again') {
    const next = await startNextPass(context.db, window, judgement.pages);
    if (next === undefined) return;
    log.info({ because: judgement.because, pages: judgement.pages ?? 'all', pass: next.pass }, 'pages are read again');
    const { id: windowId, pass, priority } = next;
    await context.enqueue((judgement.pages ?? [1]).map((page) => ({ windowId, pass, page, priority })));
    return;
  }
  const reason = judgement.is === 'certified' ? null : judgement.because;
  if (await closeWindow(context.db, window, { state: judgement.is, reason, distinctIds })) {
    log.info({ state: judgement.is, reason, records: distinctIds }, 'window finished');
  }
  await finishRun(context, window.run_id);
}

const readListing = async ({ db }: SyncContext, window: Window): Promise<PageRead[]> =>
  (await readsOf(db, window)).map((read) => ({
    page: read.page,
    itemCount: read.item_count,
    itemsPerPage: read.items_per_page,
    pageCount: read.page_count ?? 1,
    ids: read.ids,
    requestedAt: read.requested_at.getTime(),
    answeredAt: read.committed_at.getTime(),
  }));

/** Ends the run when all of its windows have ended. */
export async function finishRun(context: SyncContext, runId: number): Promise<void> {
  const windows = await readWindows(context.db, runId);
  if (windows.some(({ state }) => state === 'waiting' || state === 'reading')) return;
  const open = windows.filter(({ state }) => state !== 'certified');
  const letters = windows.reduce((sum, window) => sum + window.dead_letters, 0);
  const reasons = [
    ...open.map(({ collection, reason }) => `${collection}: ${reason}`),
    ...(letters > 0 ? [`${letters} dead letter${letters === 1 ? '' : 's'}`] : []),
  ];
  const state = reasons.length === 0 ? ('complete' as const) : ('incomplete' as const);
  if (await closeRun(context.db, runId, { state, reason: reasons.join('; ') || null })) {
    context.log.info({ run: runId, state, reasons }, 'run finished');
  }
}
