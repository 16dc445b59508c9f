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
  const beginnings = beginningNow(await readWindows(context.db, runId)).flatMap((window) =>
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

/** The waiting windows whose turn it is. Ranges are read newest first, a few at a time: a long backfill must not fill the queue. */
function beginningNow(windows: readonly Window[]): Window[] {
  const open = new Map<string, number>();
  const takesPlace = ({ collection }: Window): boolean => {
    const before = open.get(collection) ?? 0;
    open.set(collection, before + 1);
    return before < RANGES_TOGETHER;
  };
  for (const window of windows) if (window.kind === 'range' && window.state === 'reading') takesPlace(window);
  return windows.filter((window) => window.state === 'waiting' && (window.kind !== 'range' || takesPlace(window)));
}
