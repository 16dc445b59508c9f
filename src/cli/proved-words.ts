// What the end of a run may claim: as of when its collections are proved, the oldest of them speaking for all.
import { collections } from '../collections/index.js';
import type { Proved } from '../db/proofs.js';
import { differenceInWords, inUtc } from '../words.js';

/** What a run that ended complete has brought. */
export function claimOf(mode: string, names: readonly string[], proofs: ReadonlyMap<string, Proved>): string {
  const whole = oldest(names, proofs, 'wholeAsOf');
  if (mode === 'full' && whole !== null) {
    const read = collections.every(({ name }) => names.includes(name)) ? '' : ' that it read';
    return `every collection${read} is certified as of ${inUtc(whole)}`;
  }
  const known = provedInWords(names, proofs);
  return mode === 'incremental' ? known : `all that it set out to read is in, and certified; ${known}`;
}

/** What is proved, whether the run ended complete or not. */
export function provedInWords(names: readonly string[], proofs: ReadonlyMap<string, Proved>): string {
  const [whole, newUpTo] = [oldest(names, proofs, 'wholeAsOf'), oldest(names, proofs, 'newUpTo')];
  const newest = newUpTo === null ? '' : `new records up to ${inUtc(newUpTo)}; `;
  return `${newest}${whole === null ? 'the whole list was never proved' : `the whole list was last proved as of ${inUtc(whole)}`}`;
}

/** Where the API's count and our own differ, a sentence each. */
export const differencesOf = (names: readonly string[], proofs: ReadonlyMap<string, Proved>): string[] =>
  names.flatMap((name) => {
    const proved = proofs.get(name);
    const difference = differenceInWords(proved?.missing ?? null, proved?.countedAt ?? null);
    return difference === undefined ? [] : [`${name}: ${difference}.`];
  });

/** null = one of them has none. */
function oldest(
  names: readonly string[],
  proofs: ReadonlyMap<string, Proved>,
  what: 'wholeAsOf' | 'newUpTo',
): Date | null {
  const instants = names.map((name) => proofs.get(name)?.[what]?.getTime());
  return instants.length === 0 || instants.includes(undefined)
    ? null
    : new Date(Math.min(...instants.map((at) => at ?? 0)));
}
