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
import { firstPageOf, readsOfPass } from '../../db/ledger-pages.js';
import { transact } from '../../db/transact.js';
import { collectionOf, type SyncContext } from '../context.js';
import { PRIORITY, planWhole } from '../runs/plan.js';
import { enqueueWaiting, firstTasks } from '../runs/send-out.js';
import { endCounted } from './count-check.js';
import { finishWindow } from './finish-window.js';
import { perPageOf } from './page-read.js';
import { lastPageOf } from './reading-order.js';

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
    /** Epoch milliseconds. */
    readonly requestedAt: number;
    readonly answeredAt: number;
  }[];
  /** As the last answer said. */
  readonly pageCount: number;
  readonly perPage: number;
  /** So long between two answers, and the list may be another one: see SyncContext. */
  readonly pauseMs: number;
}

export type RetryJudgement =
  | { readonly is: 'read' }
  | { readonly is: 'read on'; readonly pages: readonly number[] }
  /** Nothing on file tells where its records are. */
  | { readonly is: 'read list' };

/** The end of any window; that of a page that is tried again only when what stood there has been read. */
export async function endWindow(context: SyncContext, window: Window): Promise<void> {
  const { db } = context;
  if (window.kind === 'counted') return endCounted(context, window);
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
  await transact(db, async (tx) => {
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

async function judgeRetry({ db, pauseMs }: SyncContext, window: Window): Promise<RetryJudgement> {
  const page = (await firstPageOf(db, window.id)) ?? 1;
  const { account, collection, from_at: from } = window;
  const failed = await lastFailure(db, { account, collection, from, page });
  if (failed === undefined || failed.to?.getTime() !== window.to_at?.getTime()) return { is: 'read list' };
  const now = await readsOfPass(db, window);
  const stretch: Stretch = {
    reads: now.map((read) => ({
      page: read.page,
      ids: read.ids,
      itemCount: read.item_count,
      itemsPerPage: read.items_per_page,
      requestedAt: read.requested_at.getTime(),
      answeredAt: (read.answered_at ?? read.committed_at).getTime(),
    })),
    pageCount: lastPageOf(window) ?? Math.max(1, ...now.map((read) => read.page_count ?? 1)),
    perPage: perPageOf(window),
    pauseMs,
  };
  const neighbours = await neighboursOf(db, failed);
  return neighbours === undefined ? { is: 'read list' } : judgeStretch(failed, neighbours, stretch, window.pass);
}

/** Are these neighbours in one and the same list? Then no record stands in two of them, and no time lies between. */
function areOfOneList(reads: Stretch['reads'], pauseMs: number): boolean {
  const [first] = reads;
  const ids = reads.flatMap((read) => [...new Set(read.ids)]);
  const asked = reads.toSorted((a, b) => a.requestedAt - b.requestedAt);
  const isPaused = asked.some(({ requestedAt }, i) => {
    const before = asked.slice(0, i).map(({ answeredAt }) => answeredAt);
    return before.length > 0 && requestedAt - Math.max(...before) > pauseMs;
  });
  return (
    !isPaused &&
    reads.every((read) => read.itemCount === first?.itemCount && read.itemsPerPage === first?.itemsPerPage) &&
    new Set(ids).size === ids.length
  );
}

export function judgeStretch(
  { page, itemCount }: Pick<FailedPage, 'page' | 'itemCount'>,
  { above, below }: Neighbours,
  { reads, pageCount, perPage, pauseMs }: Stretch,
  pass: number,
): RetryJudgement {
  const [first, last] = [reads[0], reads.at(-1)];
  if (first === undefined || last === undefined || last.itemCount === null) return { is: 'read list' };
  const top = first.page === 1 ? 1 : reads.find(({ ids }) => ids.some((id) => above.has(id)))?.page;
  const bottom =
    last.page >= pageCount ? last.page : reads.findLast(({ ids }) => ids.some((id) => below.has(id)))?.page;
  if (areOfOneList(reads, pauseMs) && top !== undefined && bottom !== undefined && top <= bottom) return { is: 'read' };
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
