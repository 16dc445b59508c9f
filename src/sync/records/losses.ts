// What an answer's records have lost, counted for the ledger.
import type { Losses } from '../../db/losses.js';
import type { ParsedRecord } from './parse.js';

/** Of how many records something could not be read, by dotted path; null = of none. */
export function lossesOf(records: readonly Pick<ParsedRecord, 'drift'>[]): Losses | null {
  const counts = new Map<string, number>();
  for (const { drift } of records) {
    const paths = new Set(drift.flatMap(({ kind, path }) => (kind === 'loss' ? [path] : [])));
    for (const path of paths) counts.set(path, (counts.get(path) ?? 0) + 1);
  }
  return counts.size === 0 ? null : Object.fromEntries(counts);
}
