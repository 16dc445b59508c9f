// Has a retry read what once stood on a page that failed? The list has moved since, so the page of that number proves
// nothing by itself. What stood there lies between the records of its neighbours: a stretch of pages that was read while
// the list stood still, and that shows a record of the page before and one of the page after, holds all of it.
import { type FailedPage, lastFailure, type Neighbours, neighboursOf } from '../../db/failed-pages.js';
import {
  addWindows,
  closeWindow,
  readClock,
  readRun,
  readWindows,
  startNextPass,
  type Window,
} from '../../db/ledger.js';
import { readsOf } from '../../db/ledger-pages.js';
import { collectionOf, type SyncContext } from '../context.js';
import { PRIORITY, planWhole } from '../runs/plan.js';
import { enqueueWaiting, firstTasks } from '../runs/send-out.js';
import { finishWindow } from './finish-window.js';
import { perPageOf } from './page-read.js';

/** After so many passes, or at so many pages, the list is read whole: its certificate closes the letter. */
const MOST_PASSES = 6;
const MOST_PAGES = 40;

export interface Stretch {
  /** In the order of the pages, without a gap. */
  readonly reads: readonly {
    readonly page: number;
    readonly ids: readonly number[];
    readonly itemCount: number | null;
    readonly itemsPerPage: number | null;
  }[];
  /** As the last answer said. */
  readonly pageCount: number;
  readonly perPage: number;
}

export type RetryJudgement =
  | { readonly is: 'read' }
  | { readonly is: 'read on'; readonly pages: readonly number[] }
  /** Nothing on file tells where its records are. */
  | { readonly is: 'read list' };

/** The end of any window; that of a page that is tried again only when what stood there has been read. */
export async function endWindow(context: SyncContext, window: Window): Promise<void> {
  const { db } = context;
  if (window.kind !== 'chosen' || window.pages_failed > 0 || (await readRun(db, window.run_id))?.mode !== 'retry') {
    return finishWindow(context, window);
  }
  const judgement = await judgeRetry(context, window);
  if (judgement.is === 'read') return finishWindow(context, window);
  if (judgement.is === 'read on') {
    const next = await startNextPass(db, window, judgement.pages);
    if (next !== undefined) await context.enqueue(firstTasks(next, context.frontier));
    return;
  }
  const list = planWhole(collectionOf(context, window.collection), await readClock(db), PRIORITY.full);
  await db.transaction(async (tx) => {
    if (!(await closeWindow(tx, window, { state: 'done', reason: null, distinctIds: null }))) return;
    const others = await readWindows(tx, window.run_id);
    if (others.some(({ kind, collection }) => kind === 'whole' && collection === window.collection)) return;
    await addWindows(tx, { id: window.run_id, account: window.account }, [list]);
  });
  context.log.info(
    { run: window.run_id, collection: window.collection },
    'the list has moved too far, reading it whole',
  );
  await enqueueWaiting(context, window.run_id, 'all');
}

async function judgeRetry(context: SyncContext, window: Window): Promise<RetryJudgement> {
  const { db } = context;
  const reads = await readsOf(db, window);
  const page = reads.find(({ pass }) => pass === 1)?.page ?? 1;
  const { account, collection, from_at: from } = window;
  const failed = await lastFailure(db, { account, collection, from, page });
  if (failed === undefined || failed.to?.getTime() !== window.to_at?.getTime()) return { is: 'read list' };
  const now = reads.filter(({ pass }) => pass === window.pass).sort((a, b) => a.page - b.page);
  const stretch: Stretch = {
    reads: now.map(({ page, ids, item_count: itemCount, items_per_page: itemsPerPage }) => ({
      ...{ page, ids, itemCount, itemsPerPage },
    })),
    pageCount: Math.max(1, ...now.map((read) => read.page_count ?? 1)),
    perPage: perPageOf(window),
  };
  const isPinned = collectionOf(context, collection).filtersByCreatedAt;
  if (isPinned && hasStoodStill(failed, stretch)) return { is: 'read' };
  const neighbours = await neighboursOf(db, failed);
  return neighbours === undefined ? { is: 'read list' } : judgeStretch(failed, neighbours, stretch, window.pass);
}

/** New rows stay outside of a pinned list, so one with the same count, cut into pages of the same length, has not moved. */
export const hasStoodStill = (
  { page, itemCount, itemsPerPage }: Pick<FailedPage, 'page' | 'itemCount' | 'itemsPerPage'>,
  { reads }: Pick<Stretch, 'reads'>,
): boolean =>
  itemCount !== null &&
  reads.some((read) => read.page === page) &&
  reads.every((read) => read.itemCount === itemCount && read.itemsPerPage === itemsPerPage);

/** Are these neighbours in one and the same list? Then no record stands in two of them. */
function areOfOneList(reads: Stretch['reads']): boolean {
  const [first] = reads;
  const ids = reads.flatMap((read) => [...new Set(read.ids)]);
  return (
    reads.every((read) => read.itemCount === first?.itemCount && read.itemsPerPage === first?.itemsPerPage) &&
    new Set(ids).size === ids.length
  );
}

export function judgeStretch(
  { page, itemCount }: Pick<FailedPage, 'page' | 'itemCount'>,
  { above, below }: Neighbours,
  { reads, pageCount, perPage }: Stretch,
  pass: number,
): RetryJudgement {
  const [first, last] = [reads[0], reads.at(-1)];
  if (first === undefined || last === undefined || last.itemCount === null) return { is: 'read list' };
  const top = first.page === 1 ? 1 : reads.find(({ ids }) => ids.some((id) => above.has(id)))?.page;
  const bottom =
    last.page >= pageCount ? last.page : reads.findLast(({ ids }) => ids.some((id) => below.has(id)))?.page;
  if (areOfOneList(reads) && top !== undefined && bottom !== undefined && top <= bottom) return { is: 'read' };
  const next = pass === 1 ? expected(page, (last.itemCount - (itemCount ?? last.itemCount)) / perPage) : widened();
  const from = Math.max(1, Math.min(next.from, pageCount));
  const to = Math.min(pageCount, Math.max(next.to, from));
  if (pass >= MOST_PASSES || to - from >= MOST_PAGES) return { is: 'read list' };
  return { is: 'read on', pages: Array.from({ length: to - from + 1 }, (_, i) => from + i) };

  function widened(): { from: number; to: number } {
    const step = 2 ** (pass - 2);
    return {
      from: (first?.page ?? 1) - (top === undefined ? step : 0),
      to: (last?.page ?? 1) + (bottom === undefined ? step : 0),
    };
  }
}

/** Where its records are if the count has changed above them alone, and the pages around these. */
const expected = (page: number, pagesFurther: number): { from: number; to: number } => ({
  from: page - 1 + Math.floor(pagesFurther),
  to: page + 1 + Math.ceil(pagesFurther),
});
