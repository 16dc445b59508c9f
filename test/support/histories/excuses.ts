// Everything that the oracle of random histories forgives. Each is a limit that the documents state; it is counted when
// it is used, and printed.
import type { CollectionName } from '../../../src/simulator/index.js';
import type { Script } from './script.js';
import type { CertifiedWindow } from './stored.js';
import { SLACK_MS } from './true-past.js';
import type { Entry } from './world.js';

export const excuses = {
  hole: 'a record came and another went between the same two answers (docs/design.md 4.5)',
  moved: 'its created_at was changed while the list was read, which Hive does not do (docs/design.md 4.5)',
  'old head': 'the same, in a head since the last whole list',
  'in doubt': 'a webhook about the record waits for an answer (docs/decisions/0009)',
  'late webhook':
    'a webhook that came after the proof brought an older state, as nothing was stored to compare it with',
} as const;

export type Excuse = keyof typeof excuses;

/**
 * A change that falls into a longer gap than this between two answers must be noticed, whatever the counts say: a pause
 * (5 s), and an answer on each side of it that was no slower than that.
 */
export const LONGEST_GAP_MS = 15_000;

/**
 * Did the list change between two answers of the window in a way that no count shows? Only changes inside the window
 * count, as others are not in its counts.
 */
export function fellIntoTheHole(
  window: CertifiedWindow,
  { journal, script }: { readonly journal: readonly Entry[]; readonly script: Pick<Script, 'ignoresFilters'> },
): boolean {
  const places = window.reads
    .map((read) =>
      journal.findLastIndex(
        (entry) =>
          entry.what === 'read' &&
          entry.in === window.collection &&
          entry.page === read.page &&
          entry.at >= read.from - SLACK_MS &&
          entry.at <= read.to + SLACK_MS,
      ),
    )
    .filter((place) => place >= 0)
    .sort((a, b) => a - b);
  return places.some((place, i) => {
    const next = places[i + 1];
    if (next === undefined) return false;
    const [first, last] = [journal[place], journal[next]];
    if (first === undefined || last === undefined || last.at - first.at > LONGEST_GAP_MS) return false;
    const between = journal.slice(place + 1, next).filter((entry) => isInside(window, entry, script));
    return between.some(({ what }) => what === 'came') && between.some(({ what }) => what === 'went');
  });
}

const filtered: readonly CollectionName[] = ['orders', 'skus'];

function isInside(
  { collection, from_at: from, to_at: to }: CertifiedWindow,
  entry: Entry,
  { ignoresFilters }: Pick<Script, 'ignoresFilters'>,
): boolean {
  if (entry.what === 'read' || entry.in !== collection) return false;
  if (ignoresFilters || !filtered.includes(entry.in) || entry.createdAt === undefined) return true;
  return (from === null || entry.createdAt >= from) && (to === null || entry.createdAt <= to);
}
