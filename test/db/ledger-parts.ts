// Runs, windows and pages for the tests of the ledger.
import type { Database, Executor } from '../../src/db/database.js';
import { createRun, type NewWindow, readWindows, type Window } from '../../src/db/ledger.js';
import { enterPage, type PageEntry } from '../../src/db/ledger-pages.js';

/** As by default. */
export const PAUSE_MS = 5_000;
export const NO_SUMS = { inserted: 0, updated: 0, unchanged: 0, deadLetters: 0 };

/** A page of a window of 45 records in 3 pages. */
export const entry = (window: Window, page: number, more: Partial<PageEntry> = {}): PageEntry => ({
  window_id: window.id,
  pass: window.pass,
  page,
  state: 'read',
  page_count: 3,
  item_count: 45,
  items_per_page: 20,
  ids: [page],
  requested_at: new Date(),
  answered_at: new Date(),
  ...more,
});

export function ledgerOf({ db }: Database) {
  let accounts = 0;

  async function newRun(windows: readonly Partial<NewWindow>[] = [{}], account = `ledger ${++accounts}`) {
    const planned = windows.map(
      (window): NewWindow => ({ collection: 'orders', kind: 'whole', from: null, to: null, priority: 3, ...window }),
    );
    const collections = [...new Set(planned.map(({ collection }) => collection))];
    const run = await createRun(db, { account, mode: 'full', trigger: 'cli', collections }, planned);
    return { account, run, windows: await readWindows(db, run.id) };
  }

  async function newWindow(): Promise<Window> {
    const [window] = (await newRun()).windows;
    if (window === undefined) throw new Error('the run has no window');
    return window;
  }

  return {
    newRun,
    newWindow,
    enter: (window: Window, page: number, more?: Partial<PageEntry>, executor: Executor = db) =>
      executor.transaction((tx) => enterPage(tx, entry(window, page, more), NO_SUMS, PAUSE_MS)),
    /** The window as it stands now. */
    again: async (window: Window): Promise<Window> =>
      (await readWindows(db, window.run_id)).find(({ id }) => id === window.id) ?? window,
  };
}
