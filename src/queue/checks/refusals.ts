// How a Redis refuses a command, and what to do about it.
import type { Finding } from '../../finding.js';
import { redisRefusal } from '../../service-trouble.js';

interface Refusal {
  /** What is the matter and what to do. */
  readonly sentence: string;
  readonly mayPass: boolean;
}

/** What servers answer → what to do, and whether it may pass. Source: Redis documentation, "Error replies" of its commands. */
const REFUSALS: readonly ({ readonly sign: RegExp } & Refusal)[] = [
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
    sign: /NOAUTH|WRONGPASS|ERR invalid password/,
    sentence:
      'Redis does not accept the user and password of REDIS_URL, or it has none and Redis wants one. Check them there.',
    mayPass: false,
  },
  {
    sign: /LOADING|MASTERDOWN|NOREPLICAS/,
    sentence: 'Redis is not ready: it loads its data, or has lost its other servers. Wait for it, or look at its log.',
    mayPass: true,
  },
  {
    sign: /max number of clients/,
    sentence: 'Redis takes no more connections. Raise its maxclients, or end what others keep open.',
    mayPass: true,
  },
  {
    sign: /NOPERM/,
    sentence: 'the user of REDIS_URL lacks a right. Give it: ~hive-sync-* &* +@all -@admin -@dangerous +info +client.',
    mayPass: false,
  },
];

/** @returns undefined when the server says something else, or it is no answer of a Redis */
export function refusalIn(error: unknown): Refusal | undefined {
  // Names of people and files, in other errors, may hold the same words.
  const said = redisRefusal(error);
  return said === undefined ? undefined : REFUSALS.find(({ sign }) => sign.test(said));
}

/** The same as a finding. */
export function refused(about: string, error: unknown): Finding | undefined {
  const refusal = refusalIn(error);
  return refusal && { level: 'stop', about, sentence: refusal.sentence, mayPass: refusal.mayPass };
}
