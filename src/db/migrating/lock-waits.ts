// A migration needs locks that a reader's open transaction holds, and whoever asks for the same table after it waits
// behind it. So it gives up after a few seconds, lets the others pass, and tries again; and it says whom it waits for.
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { describe, ServiceUnavailableError } from '../../errors.js';
import { hasCode, isConflict } from '../../service-trouble.js';
import type { Db } from '../database.js';
import { type Holder, holdersInWords, holdersOf } from '../locks/holders.js';

export interface LockPatience {
  /** How long one try waits for a lock, in milliseconds. Default: 3,000. */
  readonly lockMs?: number;
  /** Between two tries, in milliseconds. Default: 2,000. */
  readonly pauseMs?: number;
  /** Default: 12, which is about a minute. */
  readonly tries?: number;
  /** Told whom it waits for, once for each answer that differs. */
  readonly waiting?: (sentence: string) => void;
  /** Ends the waiting between two tries. */
  readonly signal?: AbortSignal | undefined;
}

/** Another process brings the schema in step at this moment. */
export class OtherMigrationError extends Error {
  override readonly name = 'OtherMigrationError';
}

const LOCK_NOT_AVAILABLE = '55P03';
const LOOK_EVERY_MS = 250;

/**
 * Runs a transaction that gives up on locks by itself, until it is through.
 * @param watcher a connection that is free meanwhile
 * @param act watches the backend that it names until it ends
 * @throws ServiceUnavailableError when a lock was not to be had in all tries; another process that migrates is waited
 *   for without end
 */
export async function throughLocks<T>(
  watcher: Db,
  { lockMs = 3_000, pauseMs = 2_000, tries = 12, waiting = () => {}, signal }: LockPatience,
  act: (lockMs: number, watch: (pid: number) => void) => Promise<T>,
): Promise<T> {
  let said = '';
  const say = (sentence: string) => {
    if (sentence !== said) waiting(sentence);
    said = sentence;
  };
  for (let attempt = 1; ; attempt += 1) {
    const watch = watchHolders(watcher, (holders) => say(`The schema waits for a lock that is held by ${holders}.`));
    try {
      return await act(lockMs, watch.follow);
    } catch (error) {
      const other = error instanceof OtherMigrationError;
      if (other) say('Another process brings the schema in step; this one waits for it.');
      if (!other && !hasCode(error, (code) => code === LOCK_NOT_AVAILABLE) && !isConflict(error)) throw error;
      if (!other && attempt >= tries) {
        throw new ServiceUnavailableError(
          `The schema could not be brought in step: ${attempt} times a lock was not to be had, which is held by ${watch.holders() ?? 'another session'}. End that session, or wait until it has ended, then try again.`,
          { cause: error },
        );
      }
      if (other) attempt -= 1;
    } finally {
      await watch.stop();
    }
    await sleep(pauseMs, undefined, signal === undefined ? {} : { signal });
  }
}

function watchHolders(db: Db, tell: (holders: string) => void) {
  const ended = new AbortController();
  let holders: string | undefined;
  let pid: number | undefined;
  const watching = (async () => {
    while (!ended.signal.aborted) {
      await sleep(LOOK_EVERY_MS, undefined, { signal: ended.signal }).catch(() => {});
      if (ended.signal.aborted) return;
      if (pid === undefined) continue;
      const now = await readHolders(db, pid);
      if (now === undefined) continue;
      holders = now;
      tell(now);
    }
  })().catch((error: unknown) => tell(`others (who, cannot be seen: ${describe(error)})`));
  return {
    follow: (one: number) => {
      pid = one;
    },
    holders: () => holders,
    async stop() {
      ended.abort();
      await watching;
    },
  };
}

const readHolders = async (db: Db, pid: number): Promise<string | undefined> =>
  holdersInWords(await db.execute<Holder>(sql.raw(holdersOf([pid]))));
