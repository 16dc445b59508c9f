// Waiting for something that announces itself only by being there: a file, a dead process.
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Resolves with the first value of `look` that is not undefined, or with undefined once `forMs` milliseconds have passed.
 * Looks every `everyMs` milliseconds (default 5), the first time at once.
 */
export async function poll<T>(look: () => T | undefined, forMs: number, everyMs = 5): Promise<T | undefined> {
  const deadline = performance.now() + forMs;
  for (;;) {
    const seen = look();
    if (seen !== undefined) return seen;
    if (performance.now() > deadline) return undefined;
    await sleep(everyMs);
  }
}
