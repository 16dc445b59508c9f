// The last question of a full or incremental run: does the API count as many records as are here? Where not, it is asked
// about again, and the place is looked for (reading/count-check.ts); what stays different is said.
import { addWindows, lockRun, type NewWindow, type Run, readWindows, type Window } from '../../db/ledger.js';
import { enterOwnCount, lastDifference, ownCount } from '../../db/own-count.js';
import { transact } from '../../db/transact.js';
import { inUtc } from '../../words.js';
import { collectionOf, type SyncContext } from '../context.js';
import { planCounted } from './plan.js';
import { isMassDeletion } from './plausible.js';

/** The whole list is asked about when the counts differ, and once more after what was found has been mended. */
const MOST_ROOTS = 2;

/** Is it the count of the whole list? */
export const isRoot = ({ kind, from_at: from, to_at: to }: Pick<Window, 'kind' | 'from_at' | 'to_at'>): boolean =>
  kind === 'counted' && from === null && to === null;

/** Does the API count so many records fewer than are here that it is not believed? */
export const isTooFar = (run: Pick<Run, 'allow_deletes'> | undefined, { api, own }: { api: number; own: number }) =>
  run?.allow_deletes !== true && isMassDeletion(own - api, api);

/** @returns why the counts differ, by collection, or 'ask' when it is asked about now, so that the run goes on */
export async function compareCounts(context: SyncContext, run: Run): Promise<readonly string[] | 'ask'> {
  if (run.mode !== 'full' && run.mode !== 'incremental') return [];
  const reasons: string[] = [];
  const asking: NewWindow[] = [];
  const windows = await readWindows(context.db, run.id);
  for (const name of run.collections) {
    const own = windows.filter(({ collection }) => collection === name);
    const told = lastCountOf(own);
    // What is uncertified, or too much to be believed, is said already.
    if (told === undefined || own.some(({ state, reason }) => reason !== null || state === 'failed')) continue;
    const behind = await differenceOf(context, run, name, told);
    if (behind === undefined) continue;
    const collection = collectionOf(context, name);
    const roots = own.filter(isRoot).length;
    if (roots < MOST_ROOTS && !behind.isKnown) asking.push(planCounted(collection, told.priority, null, null));
    else reasons.push(behind.because);
  }
  if (asking.length === 0) return reasons;
  await transact(context.db, async (tx) => {
    await lockRun(tx, run.id);
    const now = await readWindows(tx, run.id);
    const isAsked = ({ collection }: NewWindow) =>
      now.some((one) => one.collection === collection && !windows.some(({ id }) => id === one.id));
    await addWindows(
      tx,
      run,
      asking.filter((one) => !isAsked(one)),
    );
  });
  return 'ask';
}

/** The window with the newest count of the whole list. */
const lastCountOf = (windows: readonly Window[]): Window | undefined =>
  windows
    .filter(
      ({ kind, from_at: from, to_at: to, last_item_count: count }) =>
        from === null && to === null && count !== null && kind !== 'chosen',
    )
    .sort((a, b) => (a.counted_at?.getTime() ?? 0) - (b.counted_at?.getTime() ?? 0))
    .at(-1);

/** undefined = the counts agree. */
async function differenceOf(
  { db, account, ...context }: SyncContext,
  run: Run,
  name: string,
  told: Window,
): Promise<{ because: string; isKnown: boolean } | undefined> {
  const api = told.last_item_count ?? 0;
  if (told.own_count === api) return undefined;
  const collection = collectionOf({ db, account, ...context }, name);
  const own = await ownCount(db, { account, collection, from: null, to: null });
  await enterOwnCount(db, told.id, own);
  if (own === api) return undefined;
  const at = told.counted_at === null ? '' : ` as of ${inUtc(told.counted_at)}`;
  const advice = isTooFar(run, { api, own })
    ? `; if so many were really deleted, run: hive-sync sync ${name} --full --allow-deletes`
    : '';
  return {
    because: `${name}: the API counts ${api} records${at}, ${own} are here${advice}`,
    // It was looked for then, and what was found is mended.
    isKnown:
      run.mode === 'incremental' &&
      (await lastDifference(db, { account, collection: name, runId: run.id })) === api - own,
  };
}
