// An account in one sentence: the worst that there is to say.
import { counted, inAge } from '../../words.js';
import { freshnessOf, wholeFreshnessOf } from './freshness.js';
import type { Tone } from './marks.js';
import type { AccountView } from './read-account.js';

export type HeadlineView = {
  readonly budget: Pick<AccountView['budget'], 'haltedAt'>;
  readonly openLetters: number;
  readonly collections: readonly (Pick<
    AccountView['collections'][number],
    'collection' | 'certifiedUpTo' | 'newRecordsUpTo' | 'missing'
  > & { readonly losses: Pick<AccountView['collections'][number]['losses'], 'rows'> })[];
  readonly underWay: readonly {
    readonly windows: readonly { readonly collection: string; readonly state: string }[];
  }[];
};

/** @param everyMs how often an incremental run begins; undefined = none does by itself */
export function headline(
  { budget, openLetters, collections, underWay }: HeadlineView,
  { now, everyMs }: { readonly now: Date; readonly everyMs: number | undefined },
): { tone: Tone; sentence: string } {
  if (budget.haltedAt !== null) return { tone: 'bad', sentence: 'Halted: the API refuses the key' };
  const losing = collections.filter(({ losses }) => losses.rows > 0);
  const lost = losing.length > 0 ? `, values of ${namesOf(losing)} could not be read` : '';
  const letters = `${openLetters > 0 ? `, ${counted(openLetters, 'open dead letter')}` : ''}${lost}`;
  const never = collections.filter(({ certifiedUpTo }) => certifiedUpTo === null);
  const stale = collections.filter(
    ({ certifiedUpTo, newRecordsUpTo }) =>
      freshnessOf(newRecordsUpTo, now, everyMs) === 'stale' || wholeFreshnessOf(certifiedUpTo, now) === 'stale',
  );
  const isBeingRead = ({ collection }: { readonly collection: string }) =>
    underWay.some(({ windows }) =>
      windows.some((one) => one.collection === collection && ['waiting', 'reading'].includes(one.state)),
    );
  if (never.length === collections.length) {
    return never.some(isBeingRead)
      ? { tone: 'busy', sentence: `The first sync is under way${letters}` }
      : { tone: 'calm', sentence: `Nothing is certified yet${letters}` };
  }
  if (never.length > 0 && stale.length === 0 && letters === '' && never.every(isBeingRead)) {
    return { tone: 'busy', sentence: `The first sync of ${namesOf(never)} is under way` };
  }
  const behind = collections.filter((one) => never.includes(one) || stale.includes(one));
  if (behind.length > 0) return { tone: 'warn', sentence: `Behind: ${namesOf(behind)}${letters}` };
  const oldest = (instants: readonly (Date | null)[]): string =>
    `${inAge(now.getTime() - Math.min(...instants.map((at) => at?.getTime() ?? 0)))} ago`;
  const proved = `Complete as of ${oldest(collections.map((one) => one.certifiedUpTo))}, new records up to ${oldest(collections.map((one) => one.newRecordsUpTo))}`;
  const differing = collections.filter(({ missing }) => missing !== null && missing !== 0);
  const differs = differing.length === 0 ? '' : `, not as many rows as the API counts: ${namesOf(differing)}`;
  return { tone: letters === '' && differs === '' ? 'good' : 'warn', sentence: proved + differs + letters };
}

const namesOf = (some: readonly { readonly collection: string }[]): string =>
  some.map(({ collection }) => collection).join(', ');
