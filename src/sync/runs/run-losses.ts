// What a run says of values that could not be read: many make it incomplete, few are only said.
import type { RunLoss } from '../../db/losses.js';
import { counted, inThousands } from '../../words.js';

/** More than that is no odd record any more: the API has changed its form, or we are wrong about it. */
const MOST = 0.01;

export const isLarge = ({ lost, records }: RunLoss): boolean => lost > MOST * records;

/** Paths of one sentence. */
const NAMED = 6;

/** One sentence per collection and number of records. */
export function lossesInWords(losses: readonly RunLoss[]): string[] {
  const groups = new Map<string, RunLoss[]>();
  for (const loss of losses) {
    const key = `${loss.collection} ${loss.lost}`;
    groups.set(key, [...(groups.get(key) ?? []), loss]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const paths = group.slice(0, NAMED).map(({ path }) => path);
    const more = group.length > NAMED ? ` and ${group.length - NAMED} more` : '';
    return `${first.collection}: ${paths.join(', ')}${more} could not be read in ${inThousands(first.lost)} of ${counted(first.records, 'record')}; the last good values are kept`;
  });
}
