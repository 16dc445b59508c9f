// Sends work of the ledger to the queue: the beginning of windows and the lookups that wait.
import { readWindows, type Window } from '../../db/ledger.js';
import { waitingLookups } from '../../db/lookups.js';
import type { PageTask, SyncContext } from '../context.js';

export const tasksOf = ({ id, pass, priority }: Window, pages: readonly number[]): PageTask[] =>
  pages.map((page) => ({ windowId: id, pass, page, priority }));

/** The pages that a pass begins with: page 1, which tells how many there are, or the chosen ones. */
export const firstTasks = (window: Window, frontier: number): PageTask[] =>
  tasksOf(window, window.pages_again?.slice(0, frontier) ?? [1]);

/** Sends out what waits in a run: one request only as a scout, or the beginning of every window and the lookups. */
export async function enqueueWaiting(context: SyncContext, runId: number, which: 'scout' | 'all'): Promise<void> {
  const beginnings = beginningNow(await readWindows(context.db, runId), context.frontier).flatMap((window) =>
    firstTasks(window, context.frontier),
  );
  const lookups = (await waitingLookups(context.db, runId, context.frontier)).map(({ id, priority }) => ({
    lookupId: id,
    priority,
  }));
  await context.enqueue(which === 'scout' ? [...beginnings, ...lookups].slice(0, 1) : [...beginnings, ...lookups]);
}

/** Ranges of one collection that are under way at a time: the next begins while the last pages of one are read. */
const RANGES_TOGETHER = 2;

/**
 * The waiting windows whose turn it is. The next list begins when the last pages of the one before it are in the queue:
 * so the pages of a list are read one right after the other, which is what its proof rests on, and the queue stays short.
 * A window of chosen pages need not wait. Ranges are read newest first, two at a time.
 */
function beginningNow(windows: readonly Window[], frontier: number): Window[] {
  const beginning: Window[] = [];
  /** Of each collection: windows with pages that are not in the queue yet. */
  const busy = new Map<string, number>();
  for (const window of windows.filter(({ state }) => state === 'waiting' || state === 'reading')) {
    const { collection, kind, state, pages_again: chosen } = window;
    const own = busy.get(collection) ?? 0;
    const hasRoom = busy.size === 0 || (busy.has(collection) && busy.size === 1 && kind === 'range');
    const isItsTurn = chosen !== null || (hasRoom && own < (kind === 'range' ? RANGES_TOGETHER : 1));
    if (state === 'waiting' && !isItsTurn) continue;
    if (state === 'waiting') beginning.push(window);
    const left = leftOf(window);
    if (left === null || left > frontier) busy.set(collection, own + 1);
  }
  return beginning;
}

/** Pages of the current pass that are not in the ledger; null while nobody knows. */
const leftOf = ({ pages_again: again, page_count: count, pages_read: read, pages_failed: failed }: Window) =>
  again === null && count === null ? null : (again?.length ?? count ?? 0) - read - failed;
