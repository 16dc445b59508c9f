// How a Redis refuses a command, and what to do about it.
import { describe } from '../../errors.js';
import type { Finding } from '../../finding.js';

/** What servers answer → what to do, and whether it may pass. Source: Redis documentation, "Error replies" of its commands. */
const REFUSALS: readonly { readonly sign: RegExp; readonly sentence: string; readonly mayPass: boolean }[] = [
  {
    sign: /OOM command not allowed/,
    sentence: 'Redis is full. Raise its maxmemory, or remove what others keep in it.',
    mayPass: true,
  },
  {
    sign: /READONLY/,
    sentence: 'Redis is a replica, where nothing can be written. REDIS_URL has to name the primary.',
    mayPass: true,
  },
  {
    sign: /MISCONF/,
    sentence: 'Redis writes nothing as it cannot save to its disk. Look at its log and its disk.',
    mayPass: true,
  },
  {
    sign: /NOPERM/,
    sentence: 'the user of REDIS_URL lacks a right. Give it: ~hive-sync-* &* +@all -@admin -@dangerous +info +client.',
    mayPass: false,
  },
];

/** @returns undefined when the server says something else, or it is no answer of a Redis */
export function refused(about: string, error: unknown): Finding | undefined {
  const refusal = REFUSALS.find(({ sign }) => sign.test(describe(error)));
  return refusal && { level: 'stop', about, sentence: refusal.sentence, mayPass: refusal.mayPass };
}
