// Tries dead letters again: what needs no request is done at once, the rest becomes one run of the account.
import type { Db } from '../../db/database.js';
import { type NewRun, type NewWindow, type Run, readClock } from '../../db/ledger.js';
import type { Collection } from '../collection.js';
import type { SyncContext } from '../context.js';
import { PRIORITY, planWhole } from '../runs/plan.js';
import { startLookups } from '../runs/start-run.js';
import { type Planned, readPayloadAgain } from './retry-letters.js';

/** What can be done without a request. @returns by letter, why one stays open */
export async function retryStored(
  db: Db,
  collections: readonly Collection[],
  planned: readonly Planned[],
): Promise<Map<number, string>> {
  const because = new Map<number, string>();
  for (const { letter, plan } of planned) {
    const problem =
      plan.do === 'leave'
        ? plan.because
        : plan.do === 'read payload'
          ? await readPayloadAgain(db, collections, letter)
          : undefined;
    if (problem !== undefined) because.set(letter.id, problem);
  }
  return because;
}

export const needsRequests = ({ plan }: Planned): boolean =>
  plan.do === 'ask for record' || plan.do === 'read pages' || plan.do === 'read list';

/** One run for all letters of the account that need requests; undefined when none does. */
export async function startRetry(
  context: SyncContext,
  planned: readonly Planned[],
  trigger: NewRun['trigger'],
): Promise<Run | undefined> {
  const byCollection = new Map<string, number[]>();
  const windows = new Map<string, NewWindow>();
  const lists = new Map<string, NewWindow>();
  const now = await readClock(context.db);
  for (const { letter, plan } of planned.filter(({ letter }) => letter.account === context.account)) {
    if (plan.do === 'ask for record') {
      const ids = byCollection.get(letter.collection) ?? [];
      ids.push(plan.recordId);
      byCollection.set(letter.collection, ids);
    }
    // Two letters of one page (first a timeout, then a 503) are one request.
    if (plan.do === 'read pages') {
      windows.set(`${letter.collection} ${plan.window.from?.toISOString()} ${letter.page}`, plan.window);
    }
    if (plan.do === 'read list') lists.set(letter.collection, planWhole(plan.collection, now, PRIORITY.full));
  }
  // The whole list holds its pages.
  const pages = [...windows.values()].filter(({ collection }) => !lists.has(collection));
  if (byCollection.size + pages.length + lists.size === 0) return undefined;
  const wanted = [...byCollection].map(([collection, ids]) => ({ collection, ids }));
  return startLookups(context, 'retry', wanted, [...pages, ...lists.values()], trigger);
}
