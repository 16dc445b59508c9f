// Closing what talks to a queue server that has gone: BullMQ may wait for a connection that never comes.
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for `closing`, at most so long. What is still open then ends with the process; locks and leases run out. */
export async function inTime(ms: number, closing: Promise<unknown>): Promise<void> {
  const ended = new AbortController();
  const deadline = sleep(ms, undefined, { signal: ended.signal }).catch(() => {});
  try {
    await Promise.race([closing, deadline]);
  } finally {
    ended.abort();
  }
}
