// A record that a certified list should have shown, did not show, and that the API shows when it is asked for by its id:
// it refutes the list. The list is read once more; what leaves the record out again is not certified. Where whole lists
// of runs that lie an hour apart leave out the same record, the API does so on purpose (it is archived, say).
import {
  addWindows,
  lockRun,
  type NewWindow,
  type Run,
  readWindows,
  refuteWindow,
  type Window,
} from '../../db/ledger.js';
import { dropLookups, type Unlisted, unlistedIn, windowsWithout } from '../../db/refuting.js';
import { transact } from '../../db/transact.js';
import { collectionOf, type SyncContext } from '../context.js';

/** The last thing before a run ends. @returns whether a list is read again, so that the run goes on */
export async function refuteLists(context: SyncContext, run: Run): Promise<boolean> {
  const { db, log } = context;
  const unlisted = await unlistedIn(db, run.id);
  let isRead = false;
  for (const [name, ids] of byCollection(unlisted)) {
    const refuted = await windowsWithout(db, run.id, collectionOf(context, name), ids);
    if (refuted.length === 0) continue;
    const because = `${ids.length} ${ids.length === 1 ? 'record is' : 'records are'} shown one by one and not listed`;
    const again = await transact(db, async (tx) => {
      await lockRun(tx, run.id);
      const windows = await readWindows(tx, run.id);
      const planned: NewWindow[] = [];
      for (const window of windows.filter(({ id }) => refuted.includes(id))) {
        const isFirst = !windows.some((one) => one.state === 'split' && isSame(one, window));
        if (!(await refuteWindow(tx, window, isFirst ? null : because))) continue;
        if (isFirst) planned.push(sameAgain(window));
      }
      if (planned.length > 0) await dropLookups(tx, run.id, name, ids);
      await addWindows(tx, run, planned);
      return planned.length > 0;
    });
    log.warn({ run: run.id, collection: name, because, again }, 'a list is not believed');
    isRead ||= again;
  }
  return isRead;
}

function byCollection(unlisted: readonly Unlisted[]): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const { collection, record_id: id } of unlisted) found.set(collection, [...(found.get(collection) ?? []), id]);
  return found;
}

const isSame = (one: Window, other: Window): boolean =>
  one.collection === other.collection &&
  one.kind === other.kind &&
  one.from_at?.getTime() === other.from_at?.getTime() &&
  one.to_at?.getTime() === other.to_at?.getTime();

const sameAgain = ({ collection, kind, from_at: from, to_at: to, priority }: Window): NewWindow => ({
  collection,
  kind: kind as NewWindow['kind'],
  from,
  to,
  priority,
  ...(kind === 'head' ? { pages: [1] } : {}),
});
