// Waits for a condition instead of for a time.
import { setTimeout as sleep } from 'node:timers/promises';

/** Polls until `check` returns something other than undefined or false. @throws after `deadlineMs` */
export async function until<T>(
  what: string,
  check: () => Promise<T | undefined | false> | T | undefined | false,
  deadlineMs = 100_000,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const result = await check();
    if (result !== undefined && result !== false) return result;
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms in vain: ${what}`);
    await sleep(20);
  }
}
