// The end of a run: when all of its windows and lookups have ended.
import { closeRun, readWindows } from '../db/ledger.js';
import { grownLetters } from '../db/letter-ends.js';
import { countLookups } from '../db/lookups.js';
import type { SyncContext } from './context.js';

export async function finishRun(context: SyncContext, runId: number): Promise<void> {
  const windows = await readWindows(context.db, runId);
  if (windows.some(({ state }) => state === 'waiting' || state === 'reading')) return;
  const lookups = await countLookups(context.db, runId);
  if ((lookups.waiting ?? 0) > 0) return;
  const letters = windows.reduce((sum, window) => sum + window.dead_letters, 0) + (lookups.failed ?? 0);
  const reasons = [
    ...windows.flatMap(({ collection, reason }) => (reason === null ? [] : [`${collection}: ${reason}`])),
    ...(letters > 0 ? [inWords(letters, 'dead letter')] : []),
    ...((lookups.unconfirmed ?? 0) > 0
      ? [`${inWords(lookups.unconfirmed ?? 0, 'row')} no longer listed, which the API cannot confirm one by one`]
      : []),
  ];
  const state = reasons.length === 0 ? ('complete' as const) : ('incomplete' as const);
  if (await closeRun(context.db, runId, { state, reason: reasons.join('; ') || null })) {
    context.log.info({ run: runId, state, reasons, lookups }, 'run finished');
    const grown = await grownLetters(context.db, runId);
    if (grown.length > 0) context.log.warn({ run: runId, grown }, 'more open dead letters than before this run');
  }
}

const inWords = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
