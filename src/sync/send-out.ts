// Sends work of the ledger to the queue: the beginning of windows and the lookups that wait.
import { readWindows, type Window } from '../db/ledger.js';
import { waitingLookups } from '../db/lookups.js';
import type { PageTask, SyncContext } from './context.js';

export const tasksOf = ({ id, pass, priority }: Window, pages: readonly number[]): PageTask[] =>
  pages.map((page) => ({ windowId: id, pass, page, priority }));

/** The pages that a pass begins with: page 1, which tells how many there are, or the chosen ones. */
export const firstTasks = (window: Window, frontier: number): PageTask[] =>
  tasksOf(window, window.pages_again?.slice(0, frontier) ?? [1]);

/** Sends out what waits in a run: one request only as a scout, or the beginning of every window and the lookups. */
export async function enqueueWaiting(context: SyncContext, runId: number, which: 'scout' | 'all'): Promise<void> {
  const waiting = (await readWindows(context.db, runId)).filter(({ state }) => state === 'waiting');
  const beginnings = openTogether(waiting).flatMap((window) => firstTasks(window, context.frontier));
  const lookups = (await waitingLookups(context.db, runId, context.frontier)).map(({ id, priority }) => ({
    lookupId: id,
    priority,
  }));
  await context.enqueue(which === 'scout' ? [...beginnings, ...lookups].slice(0, 1) : [...beginnings, ...lookups]);
}

/** Ranges of one collection are read one after another, newest first: a long backfill must not fill the queue. */
function openTogether(waiting: readonly Window[]): Window[] {
  const begun = new Set<string>();
  return waiting.filter(({ kind, collection }) => {
    if (kind !== 'range') return true;
    if (begun.has(collection)) return false;
    begun.add(collection);
    return true;
  });
}
