// Waits for Ctrl-C or SIGTERM. The timer keeps Node alive: a signal alone does not.
import { setTimeout as sleep } from 'node:timers/promises';

const LONGEST_TIMER_MS = 2 ** 31 - 1;

export async function untilAborted(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await sleep(LONGEST_TIMER_MS, undefined, { signal }).catch(() => {});
}
