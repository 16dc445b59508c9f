// The end of a window: certified, read on where it moved, or uncertified with the reason. Then what follows from it:
// the pages with open records after a head, lookups of suspects after a whole collection, halves of too long a range.
import {
  addWindows,
  closeWindow,
  type NewWindow,
  type Run,
  readHeadMark,
  readRun,
  readTurnEnd,
  startNextPass,
  type Window,
} from '../../db/ledger.js';
import { countSeen, deepestPage } from '../../db/ledger-pages.js';
import { resolvePageLetters, supersedeByCertificate } from '../../db/letter-ends.js';
import { addLookups } from '../../db/lookups.js';
import type { Collection } from '../collection.js';
import { collectionOf, type SyncContext } from '../context.js';
import { finishRun } from '../runs/finish-run.js';
import { enqueueWaiting, firstTasks } from '../runs/send-out.js';
import { type Judgement, judge } from './certificate.js';
import { type Turn, takeTurn } from './closed-turn.js';
import { judgeHead } from './head.js';
import { pagesOfWatched, type Watch, watchedNotSeen } from './open-records.js';
import { perPageOf, readListing } from './page-read.js';
import { isMassDeletion, suspectsOf } from './tombstones.js';

export async function finishWindow(context: SyncContext, window: Window): Promise<void> {
  const collection = collectionOf(context, window.collection);
  const log = context.log.child({ run: window.run_id, window: window.id, collection: window.collection });
  const seen = await countSeen(context.db, window);
  const { distinctIds } = seen;
  if (seen.outOfOrder) log.warn('the list was not sorted by created_at, newest first');
  const judgement = await judgeByKind(context, collection, window, seen);
  if (judgement.is === 'read again') {
    const next = await startNextPass(context.db, window, judgement.pages);
    if (next === undefined) return;
    log.info({ because: judgement.because, pages: judgement.pages ?? 'all', pass: next.pass }, 'reading on');
    await context.enqueue(firstTasks(next, context.frontier));
    return;
  }
  const state = judgement.is === 'certified' && window.kind === 'chosen' ? 'done' : judgement.is;
  const run = await readRun(context.db, window.run_id);
  const follow =
    judgement.is === 'certified' ? await whatFollows(context, collection, run, window, distinctIds) : undefined;
  const reason = follow?.reason ?? (judgement.is === 'certified' ? null : judgement.because);
  const closed = await context.db.transaction(async (tx) => {
    if (!(await closeWindow(tx, window, { state, reason, distinctIds }))) return false;
    const owner = { id: window.run_id, account: window.account };
    await addWindows(tx, owner, follow?.windows ?? []);
    if (follow?.lookups !== undefined) await addLookups(tx, owner, follow.lookups, follow.lookups.ids);
    if (state === 'certified' && window.kind === 'whole') await supersedeByCertificate(tx, window);
    if (state === 'done' && run?.mode === 'retry') await resolvePageLetters(tx, window);
    return true;
  });
  if (closed) log.info({ state, reason, records: distinctIds }, 'window finished');
  await enqueueWaiting(context, window.run_id, 'all');
  await finishRun(context, window.run_id);
}

async function judgeByKind(
  context: SyncContext,
  collection: Collection,
  window: Window,
  seen: { readonly distinctIds: number; readonly outOfOrder: boolean },
): Promise<Judgement> {
  const { distinctIds } = seen;
  if (window.kind === 'head' && !collection.filtersByCreatedAt) {
    const mark = await readHeadMark(context.db, window.account, window.collection);
    return judgeHead(context.db, collection, window, { mark, ...seen });
  }
  if (window.kind === 'chosen') {
    return window.pages_failed === 0 ? { is: 'certified' } : judge(window, { distinctIds, reads: [] });
  }
  return judge(window, { distinctIds, reads: window.moved ? await readListing(context.db, window) : [] });
}

interface Following {
  readonly windows?: NewWindow[];
  readonly lookups?: { collection: string; reason: 'open' | 'suspect'; priority: number; ids: number[] };
  /** A problem that does not spoil the certificate but must be told. */
  readonly reason?: string;
}

async function whatFollows(
  context: SyncContext,
  collection: Collection,
  run: Run | undefined,
  window: Window,
  distinctIds: number,
): Promise<Following> {
  const { name } = collection;
  const { priority } = window;
  const unseen = async (watch: Watch, turn: Turn): Promise<Following> => {
    const ids = await watchedNotSeen(context.db, collection, watch, { turn, runId: window.run_id });
    return { lookups: { collection: name, reason: 'open', priority, ids } };
  };
  if (window.kind === 'head') {
    const watch = watchAfter(context, window);
    const below = await readTurnEnd(context.db, window);
    const watched = await pagesOfWatched(context.db, collection, watch, perPageOf(window));
    const { pages, turn } = takeTurn(watched, { below, most: context.closedPages });
    // Without a filter the head stands in the same list: its pages have been read just now.
    const done = collection.filtersByCreatedAt ? 0 : await deepestPage(context.db, window);
    const left = pages.filter((page) => page > done);
    // A watched record may have slid out of the pages that were read just now.
    if (left.length === 0) return unseen(watch, turn);
    const chosen = { from: null, to: watch.upTo, pages: left, closedDownTo: turn.downTo };
    return { windows: [{ collection: name, kind: 'chosen', priority, ...chosen }] };
  }
  // A retry is about its page and nothing else.
  if (window.kind === 'chosen' && run?.mode !== 'retry') {
    const watch = { account: window.account, lookbackDays: context.lookbackDays, upTo: window.to_at };
    const below = await readTurnEnd(context.db, window);
    return unseen(watch, { below, downTo: window.closed_down_to?.getTime() ?? null });
  }
  if (window.kind === 'whole') {
    const ids = await suspectsOf(context.db, collection, window);
    if (run?.allow_deletes !== true && isMassDeletion(ids.length, distinctIds)) {
      return {
        reason: `${ids.length} of ${distinctIds + ids.length} rows are no longer listed, too many to believe; if they were really deleted, run: hive-sync sync ${name} --full --allow-deletes`,
      };
    }
    return { lookups: { collection: name, reason: 'suspect', priority, ids } };
  }
  return {};
}

/** Open records below the head. Where the list can be pinned, ranks are counted from the head's lower end, inclusive. */
const watchAfter = (context: SyncContext, window: Window): Watch => ({
  account: window.account,
  lookbackDays: context.lookbackDays,
  upTo: window.from_at,
});
