// Holds the API's own count against ours. Where the two differ, the place is looked for: the list is cut in halves by
// created_at, and only halves whose counts differ are asked about again, down to a few pages, which are read. So a record
// that an incremental run cannot see (back-dated, or deleted long after it closed) costs a few requests.
import {
  addWindows,
  closeWindow,
  lockRun,
  type NewWindow,
  readRun,
  readWindows,
  type Window,
} from '../../db/ledger.js';
import { addLookups } from '../../db/lookups.js';
import { type Counted, enterOwnCount, medianOf, ownCount } from '../../db/own-count.js';
import { transact } from '../../db/transact.js';
import type { Collection } from '../collection.js';
import { collectionOf, type SyncContext } from '../context.js';
import { isRoot, isTooFar } from '../runs/compare-counts.js';
import { finishRun } from '../runs/finish-run.js';
import { planCounted, planUnfiltered } from '../runs/plan.js';
import { enqueueWaiting } from '../runs/send-out.js';
import { lastPageOf } from './reading-order.js';
import { suspectsOf } from './tombstones.js';

/** A part of a list with so many pages is read instead of being cut further. */
const PAGES_READ = 4;
/** Parts of one collection that a run asks about: differences in many places are left to the next full run. */
const MOST_PARTS = 120;
/** A list that cannot be cut by created_at is read as a whole when it is no longer than that, else by the next full run. */
const SHORT_LIST = 128;
/** Rows of a part that are asked for one by one; where more are missing, the next full run reads it. */
const MOST_GONE = 200;

/** What follows from the count of a part, which its first page has just told. Its records are stored already. */
export async function endCounted(context: SyncContext, window: Window): Promise<void> {
  const { db } = context;
  const collection = collectionOf(context, window.collection);
  const counted: Counted = { account: window.account, collection, from: window.from_at, to: window.to_at };
  const own = await ownCount(db, counted);
  const api = window.pages_failed > 0 ? null : window.last_item_count;
  // So many missing at once are not believed, and therefore not looked for (compare-counts.ts says so).
  const isSearched = api !== null && api !== own && !isTooFar(await readRun(db, window.run_id), { api, own });
  const gone = isSearched && lastPageOf(window) === 1 ? await goneOf(context, window, collection) : [];
  const lookups = gone.length > MOST_GONE ? [] : gone;
  const middle = isSearched && collection.filtersByCreatedAt ? await medianOf(db, counted) : null;
  await transact(db, async (tx) => {
    await lockRun(tx, window.run_id);
    const others = (await readWindows(tx, window.run_id)).filter((one) => one.collection === window.collection);
    if (!(await closeWindow(tx, window, { state: 'done', reason: null, distinctIds: null }))) return;
    if (api === null) return;
    await enterOwnCount(tx, window.id, own);
    if (!isSearched) return;
    const owner = { id: window.run_id, account: window.account };
    await addLookups(tx, owner, { collection: collection.name, reason: 'suspect', priority: window.priority }, lookups);
    await addWindows(tx, owner, partsOf(collection, window, others, middle));
  });
  if (isSearched) {
    context.log.info(
      { run: window.run_id, window: window.id, collection: collection.name, api, own },
      'the counts differ, looking for the place',
    );
  }
  await enqueueWaiting(context, window.run_id, 'all');
  await finishRun(context, window.run_id);
}

/** The part has one page, which has shown all of it. */
const goneOf = ({ db }: SyncContext, window: Window, collection: Collection): Promise<number[]> =>
  suspectsOf(db, collection, window, {
    span: { from: window.from_at, to: window.to_at },
    before: window.counted_at ?? new Date(0),
  });

/** What is asked about, or read, to find the place where the counts differ. */
function partsOf(collection: Collection, window: Window, others: readonly Window[], middle: Date | null): NewWindow[] {
  const pages = lastPageOf(window);
  const isLaterRoot = isRoot(window) && others.some((one) => isRoot(one) && one.id < window.id);
  if (isLaterRoot || pages === null || pages === 1) return [];
  const { priority, from_at: from, to_at: to } = window;
  if (!collection.filtersByCreatedAt) {
    // One that moved, or was read with a pause, may still show what has gone since.
    const whole = others.filter(({ kind }) => kind === 'whole');
    const isRead = whole.length > 1 || whole.some(({ moved }) => !moved);
    return isRead || pages > SHORT_LIST ? [] : [planUnfiltered(collection, priority)];
  }
  if (pages <= PAGES_READ) return [{ collection: collection.name, kind: 'range', from, to, priority }];
  const canBeCut = middle !== null && middle.getTime() !== from?.getTime() && middle.getTime() !== to?.getTime();
  if (!canBeCut || others.filter(({ kind }) => kind === 'counted').length >= MOST_PARTS) return [];
  return [planCounted(collection, priority, middle, to), planCounted(collection, priority, from, middle)];
}
