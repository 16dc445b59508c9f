// How far a run is, and how long it will take.
import type { RunStatus } from './run-status.js';
import type { BudgetStatus } from './status.js';

/** The total is null until every window knows its pages. */
export function progressOf({ windows }: Pick<RunStatus, 'windows'>): { pagesDone: number; pagesTotal: number | null } {
  return {
    pagesDone: windows.reduce((sum, { pagesDone }) => sum + pagesDone, 0),
    pagesTotal: windows.some(({ pages }) => pages === null)
      ? null
      : windows.reduce((sum, { pages }) => sum + (pages ?? 0), 0),
  };
}

/** What somebody saw of a run: so many pages and single records in so many milliseconds. */
export interface Pace {
  readonly done: number;
  readonly ms: number;
}

/**
 * Milliseconds until a run ends: while there are free slots at the pace so far, else what it waits for them. Off by up to
 * a window, as nobody knows in which moments of it the slots will be free. null = not known yet.
 */
export function etaMs(
  run: Pick<RunStatus, 'windows' | 'lookups'>,
  { limit, used, nextFreeMs }: Pick<BudgetStatus, 'limit' | 'used' | 'nextFreeMs'>,
  windowMs: number,
  pace: Pace = { done: limit, ms: windowMs },
): number | null {
  const { pagesDone, pagesTotal } = progressOf(run);
  if (pagesTotal === null) return null;
  const left = Math.max(0, pagesTotal - pagesDone + run.lookups.total - run.lookups.done);
  const waiting = left - Math.max(0, limit - used);
  if (waiting > 0) return Math.ceil(nextFreeMs + ((waiting - 1) / limit) * windowMs);
  return pace.done === 0 ? null : Math.ceil((pace.ms / pace.done) * left);
}
