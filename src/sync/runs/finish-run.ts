// The end of a run: when all of its windows and lookups have ended.
import { closeRun, closeWindow, readRun, readWindows, type Window } from '../../db/ledger.js';
import { countLetters, grownLetters, supersedeByCertificate } from '../../db/letter-ends.js';
import { countLookups, countUnconfirmed } from '../../db/lookups.js';
import { readRunLosses } from '../../db/losses.js';
import { sumUp } from '../../db/rollups/sum-up.js';
import { inLockOrder, transact } from '../../db/transact.js';
import { describe } from '../../errors.js';
import type { SyncContext } from '../context.js';
import { compareCounts } from './compare-counts.js';
import { refuteLists } from './refute.js';
import { isLarge, lossesInWords } from './run-losses.js';
import { enqueueWaiting } from './send-out.js';

export async function finishRun(context: SyncContext, runId: number): Promise<void> {
  const run = await readRun(context.db, runId);
  if (run?.state !== 'running') return;
  if (hasOpen(await readWindows(context.db, runId))) return;
  const lookups = await countLookups(context.db, runId);
  if ((lookups.waiting ?? 0) > 0) return;
  if (await refuteLists(context, run)) return enqueueWaiting(context, runId, 'all');
  await supersedeLetters(context, await readWindows(context.db, runId));
  const behind = await compareCounts(context, run);
  if (behind === 'ask') return enqueueWaiting(context, runId, 'all');
  const windows = await readWindows(context.db, runId);
  if (hasOpen(windows)) return;
  await addUp(context, runId);
  const unconfirmed = await countUnconfirmed(context.db, runId);
  const losses = await readRunLosses(context.db, runId);
  const filed = windows.reduce((sum, window) => sum + window.dead_letters, 0) + (lookups.failed ?? 0);
  // Several windows may have met the same one.
  const letters = filed > 1 ? Math.max(1, Math.min(filed, await countLetters(context.db, runId))) : filed;
  const reasons = [
    ...windows.flatMap(({ collection, reason }) => (reason === null ? [] : [`${collection}: ${reason}`])),
    ...behind,
    ...(letters > 0 ? [inWords(letters, 'dead letter')] : []),
    ...(unconfirmed.suspects > 0
      ? [`${inWords(unconfirmed.suspects, 'row')} no longer listed, which the API cannot confirm one by one`]
      : []),
    ...(unconfirmed.others > 0
      ? [`${inWords(unconfirmed.others, 'record')} answered with 404, which nothing confirms: what is stored stays`]
      : []),
    ...lossesInWords(losses.filter(isLarge)),
  ];
  const state = reasons.length === 0 ? ('complete' as const) : ('incomplete' as const);
  if (await endRun(context, runId, { state, reason: reasons.join('; ') || null })) {
    context.log.info({ run: runId, state, reasons, lookups }, 'run finished');
    const slight = losses.filter((loss) => !isLarge(loss));
    if (slight.length > 0) {
      context.log.warn({ run: runId, losses: lossesInWords(slight) }, 'values of a few records could not be read');
    }
    const grown = await grownLetters(context.db, runId);
    if (grown.length > 0) context.log.warn({ run: runId, grown }, 'more open dead letters than before this run');
  }
}

/** Not before all suspects have answered: until then no list is believed. */
async function supersedeLetters({ db }: SyncContext, windows: readonly Window[]): Promise<void> {
  for (const window of windows.filter(({ kind, state }) => kind === 'whole' && state === 'certified')) {
    await transact(db, (tx) => inLockOrder({ deadLetters: () => supersedeByCertificate(tx, window) }));
  }
}

/**
 * Views count by themselves what is not added up yet, so nobody waits for this to see the truth, and no run either: the
 * next one tries again. When the database is away, the next statement of the end says so.
 */
async function addUp({ db, log }: SyncContext, runId: number): Promise<void> {
  try {
    await sumUp(db);
  } catch (error) {
    log.warn({ run: runId, problem: describe(error) }, 'the rollups could not be added up, the next run tries again');
  }
}

/** Ends a run that cannot go on, with all of its windows, loudly. */
export async function failRun(
  context: Pick<SyncContext, 'db' | 'observer' | 'log'>,
  runId: number,
  reason: string,
): Promise<void> {
  for (const window of await readWindows(context.db, runId)) {
    await closeWindow(context.db, window, { state: 'failed', reason, distinctIds: null });
  }
  if (await endRun(context, runId, { state: 'failed', reason })) context.log.error({ run: runId }, reason);
}

/** Closes a run and tells the observer. @returns false when it had ended before */
export async function endRun(
  { db, observer }: Pick<SyncContext, 'db' | 'observer'>,
  runId: number,
  end: Parameters<typeof closeRun>[2],
): Promise<boolean> {
  const closed = await closeRun(db, runId, end);
  if (closed === undefined) return false;
  const durationMs = (closed.finished_at ?? closed.started_at).getTime() - closed.started_at.getTime();
  observer.runEnded({ mode: closed.mode, state: closed.state, durationMs });
  return true;
}

const hasOpen = (windows: readonly Window[]): boolean =>
  windows.some(({ state }) => state === 'waiting' || state === 'reading');

const inWords = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
