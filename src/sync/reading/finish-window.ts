// The end of a window: certified, read on where it moved, or uncertified with the reason. Then what follows from it:
// the pages with open records after a head, lookups of suspects after a whole collection, halves of too long a range.
import { readHeadMark, readTurnEnd } from '../../db/head-marks.js';
import {
  addWindows,
  closeWindow,
  type NewWindow,
  proveBelow,
  type Run,
  readRun,
  readWindows,
  startNextPass,
  type Window,
} from '../../db/ledger.js';
import { areIdsInOrder, countSeen, deepestPage, earliestRequest } from '../../db/ledger-pages.js';
import { resolvePageLetters } from '../../db/letter-ends.js';
import { addLookups, countSuspects, dropSuspects } from '../../db/lookups.js';
import { inLockOrder, transact } from '../../db/transact.js';
import type { Collection } from '../collection.js';
import { collectionOf, type SyncContext } from '../context.js';
import { finishRun } from '../runs/finish-run.js';
import { headReachesTo, planHead } from '../runs/plan.js';
import { isMassDeletion } from '../runs/plausible.js';
import { enqueueWaiting, firstTasks } from '../runs/send-out.js';
import { type Judgement, judge } from './certificate.js';
import { type Turn, takeTurn } from './closed-turn.js';
import { type HeadEvidence, judgeHead } from './head.js';
import { pagesOfWatched, watchedNotSeen } from './open-records.js';
import { perPageOf, readListing } from './page-read.js';
import { lastPageOf } from './reading-order.js';
import { countLiving, type Span, suspectsOf, unseenIn } from './tombstones.js';

export async function finishWindow(context: SyncContext, window: Window): Promise<void> {
  const collection = collectionOf(context, window.collection);
  const log = context.log.child({ run: window.run_id, window: window.id, collection: window.collection });
  const seen = await countSeen(context.db, window);
  const { distinctIds } = seen;
  if (seen.outOfOrder) log.warn('the list was not sorted by created_at, newest first');
  const mark = window.kind === 'head' ? await readHeadMark(context.db, window.account, window.collection) : undefined;
  const run = await readRun(context.db, window.run_id);
  const judgement = await judgeByKind(context, collection, window, { mark, run, ...seen });
  if (judgement.is === 'read again') {
    await readOn(context, window, judgement);
    return;
  }
  if (judgement.is === 'certified' && isEmptyForTheFirstTime(window, distinctIds)) {
    await readOn(context, window, { pages: null, because: 'the list is empty, by one answer' });
    return;
  }
  const follow =
    judgement.is === 'certified'
      ? await whatFollows(context, collection, run, window, { mark, isWhole: judgement.isWhole === true })
      : undefined;
  // One wild answer may have emptied a short list: it is asked again before anything is said.
  if (follow?.tooMany !== undefined && window.base_pass === 1 && (lastPageOf(window) ?? 1) <= SHORT_LIST) {
    await readOn(context, window, { pages: null, because: follow.tooMany });
    return;
  }
  const state = follow?.tooMany !== undefined ? 'uncertified' : stateOf(judgement, window);
  const reason = follow?.tooMany ?? (judgement.is === 'certified' ? null : judgement.because);
  const closed = await transact(context.db, async (tx) => {
    const { ledger } = await inLockOrder({
      deadLetters: async () => {
        if (state === 'done' && run?.mode === 'retry') await resolvePageLetters(tx, window);
      },
      ledger: async () => {
        if (!(await closeWindow(tx, window, { state, reason, distinctIds }))) return false;
        if (state === 'certified' && window.kind === 'head') await proveBelow(tx, window);
        const owner = { id: window.run_id, account: window.account };
        await addWindows(tx, owner, follow?.windows ?? []);
        const asked = { collection: window.collection, priority: window.priority };
        if (follow?.tooMany !== undefined) await dropSuspects(tx, window.run_id, window.collection);
        await addLookups(tx, owner, { ...asked, reason: 'suspect' }, follow?.suspects ?? []);
        await addLookups(tx, owner, { ...asked, reason: 'open' }, follow?.open ?? []);
        return true;
      },
    });
    // Somebody else has ended it: what was resolved above is not ours to say.
    if (!ledger) throw new WindowGoneError();
    return true;
  }).catch((error: unknown) => {
    if (error instanceof WindowGoneError) return false;
    throw error;
  });
  if (closed) log.info({ state, reason, records: distinctIds }, 'window finished');
  await enqueueWaiting(context, window.run_id, 'all');
  await finishRun(context, window.run_id);
}

async function readOn(
  context: SyncContext,
  window: Window,
  { pages, because }: { readonly pages: readonly number[] | null; readonly because: string },
): Promise<void> {
  const next = await startNextPass(context.db, window, pages);
  if (next === undefined) return;
  const place = { run: window.run_id, window: window.id, collection: window.collection };
  context.log.info({ ...place, because, pages: pages ?? 'all', pass: next.pass }, 'reading on');
  await context.enqueue(firstTasks(next, context.frontier));
}

/** That there is nothing is told by a single answer, which nothing beside it confirms: it is asked for twice. */
const isEmptyForTheFirstTime = ({ kind, base_pass: basePass }: Window, distinctIds: number) =>
  (kind === 'whole' || kind === 'range') && basePass === 1 && distinctIds === 0;

const stateOf = (judgement: Exclude<Judgement, { is: 'read again' }>, { kind }: Window) =>
  judgement.is === 'certified' && kind === 'chosen' ? 'done' : judgement.is;

/** Rolls a transaction back. */
class WindowGoneError extends Error {}

async function judgeByKind(
  context: SyncContext,
  collection: Collection,
  window: Window,
  seen: HeadEvidence,
): Promise<Judgement> {
  const { distinctIds } = seen;
  if (window.kind === 'head') return judgeHead(context, collection, window, seen);
  if (window.kind === 'chosen') {
    return window.pages_failed === 0 ? { is: 'certified' } : judge(window, { distinctIds, listing: undefined });
  }
  if (!window.moved) return judge(window, { distinctIds, listing: undefined });
  const listing = await readListing(context.db, window, context.pauseMs);
  return judge(window, {
    distinctIds,
    listing,
    isSorted: !seen.outOfOrder || (await areIdsInOrder(context.db, window)),
  });
}

interface Following {
  readonly windows?: NewWindow[];
  /** Records that a certified list should have shown and did not. */
  readonly suspects?: number[];
  /** Records that are asked for because no page has shown them, which proves nothing. */
  readonly open?: number[];
  /** More rows are missing than can be believed, so the list is not believed either: the sentence that says so. */
  readonly tooMany?: string;
}

/** So many pages are read once more when more rows are missing in them than can be believed. */
const SHORT_LIST = 20;
/** What every sentence about too many missing rows says. */
const TOO_MANY = 'rows are no longer listed, too many to believe';

async function whatFollows(
  context: SyncContext,
  collection: Collection,
  run: Run | undefined,
  window: Window,
  { mark, isWhole }: { readonly mark: Date | undefined; readonly isWhole: boolean },
): Promise<Following> {
  if (window.kind === 'head') {
    const reach = mark === undefined || !('created_at' in collection.fields) ? undefined : headReachesTo(mark);
    // A head that came down to the end of the list has shown all of it.
    const from = isWhole ? null : reach;
    const missing = from === undefined ? {} : await missingIn(context, collection, run, window, { from, to: null });
    if (missing.tooMany !== undefined) return missing;
    // Where the run has just read the whole list, it has seen all below.
    const all = await readWindows(context.db, window.run_id);
    const isReadBelow = all.some(({ kind, collection: name }) => kind === 'whole' && name === collection.name);
    if (run?.mode !== 'incremental' || isReadBelow) return missing;
    return { ...missing, ...(await watchBelow(context, collection, window, reach)) };
  }
  // A retry is about its page and nothing else.
  if (window.kind === 'chosen' && run?.mode !== 'retry') {
    const below = await readTurnEnd(context.db, window);
    return {
      open: await unseen(context, collection, window, { below, downTo: window.closed_down_to?.getTime() ?? null }),
    };
  }
  if (window.kind === 'range') {
    return missingIn(context, collection, run, window, { from: window.from_at, to: window.to_at });
  }
  if (window.kind !== 'whole') return {};
  const missing = await missingIn(context, collection, run, window, { from: null, to: window.to_at });
  if (missing.tooMany !== undefined) return missing;
  const before = await earliestRequest(context.db, window);
  const open = await unseenIn(context.db, collection, window, { last: lastPageOf(window) ?? 1, before });
  // What lies above the pin: records that came since, and those that are dated in the future.
  const isTopOpen = window.to_at !== null && (run?.mode === 'full' || run?.mode === 'incremental');
  return { ...missing, open, windows: isTopOpen ? [planHead(collection, window.priority)] : [] };
}

/**
 * Suspects of a certified stretch of the list, unless there are more than can be believed: in the run so far, whatever
 * parts it has cut the list into, and of all rows of the collection.
 */
async function missingIn(
  { db, account }: SyncContext,
  collection: Collection,
  run: Run | undefined,
  window: Window,
  span: Span,
): Promise<Following> {
  const suspects = await suspectsOf(db, collection, window, { span, before: await earliestRequest(db, window) });
  if (run?.allow_deletes === true || suspects.length === 0) return { suspects };
  const { name } = collection;
  const own = (await readWindows(db, window.run_id)).filter((one) => one.collection === name);
  const isRefused = own.some(({ reason }) => reason?.includes(TOO_MANY));
  const living = await countLiving(db, collection, account);
  // The API's own count tells of those below a head, too.
  const uncounted = window.from_at === null && window.to_at === null ? living - (window.last_item_count ?? living) : 0;
  const missing = Math.max(uncounted, suspects.length + (await countSuspects(db, window.run_id, name)));
  if (!isRefused && !isMassDeletion(missing, living - missing)) return { suspects };
  return {
    tooMany: `${missing} of ${living} ${TOO_MANY}; if they were really deleted, run: hive-sync sync ${name} --full --allow-deletes`,
  };
}

/**
 * The pages with watched records below a head. Where the list can be pinned, ranks are counted from where the head ends,
 * inclusive. @param reach down to where the head reaches; undefined = its records carry no created_at
 */
async function watchBelow(
  context: SyncContext,
  collection: Collection,
  window: Window,
  reach: Date | undefined,
): Promise<Following> {
  const { db, lookbackDays } = context;
  const upTo = collection.filtersByCreatedAt ? (reach ?? null) : null;
  const below = await readTurnEnd(db, window);
  const watch = { account: window.account, lookbackDays, upTo };
  const watched = await pagesOfWatched(db, collection, watch, perPageOf(window));
  const { pages, turn } = takeTurn(watched, { below, most: context.closedPages });
  // Without a filter the head stands in the same list: its pages have been read just now.
  const done = upTo === null ? await deepestPage(db, window) : 0;
  const left = pages.filter((page) => page > done);
  // A watched record may have slid out of the pages that were read just now.
  if (left.length === 0) return { open: await unseen(context, collection, window, turn) };
  const chosen = { from: null, to: upTo, pages: left, closedDownTo: turn.downTo };
  return { windows: [{ collection: collection.name, kind: 'chosen', priority: window.priority, ...chosen }] };
}

/** Watched records, wherever they stand, that no page of the run has shown. */
const unseen = ({ db, lookbackDays }: SyncContext, collection: Collection, window: Window, turn: Turn) =>
  watchedNotSeen(db, collection, { account: window.account, lookbackDays, upTo: null }, { turn, runId: window.run_id });
