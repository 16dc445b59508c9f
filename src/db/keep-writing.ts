// Can it still be written? A worker without work would not notice that it cannot: a primary that has become a standby, a
// full disk. So it tries, on the pool that it works with.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe } from '../errors.js';
import type { Logger } from '../log.js';
import { writeAndUndo } from './checks/writes.js';
import type { Db } from './database.js';

export const WRITE_EVERY_MS = 10_000;

/** Until `signal` fires: a row is written and rolled back. @param came told each time that this worked */
export async function keepWriting(
  db: Db,
  {
    signal,
    log,
    came,
  }: { readonly signal: AbortSignal; readonly log: Pick<Logger, 'warn'>; readonly came: () => void },
): Promise<void> {
  while (!signal.aborted) {
    try {
      await writeAndUndo(db);
      came();
    } catch (error) {
      if (!signal.aborted) log.warn({ problem: describe(error) }, 'a row could not be written, trying again');
    }
    await sleep(WRITE_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}
