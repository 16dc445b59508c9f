// A deadline for what may never end. What was begun is left to itself after it.
import { setTimeout as sleep } from 'node:timers/promises';

export class LateError extends Error {
  override readonly name = 'LateError';
}

/** @throws LateError after so many milliseconds; what `act` throws before */
export async function within<T>(ms: number, act: Promise<T>): Promise<T> {
  const done = new AbortController();
  const late = sleep(ms, undefined, { signal: done.signal }).then(() => {
    throw new LateError(`no answer within ${ms} ms`);
  });
  // Either may still fail when nobody waits for it any more.
  late.catch(() => {});
  act.catch(() => {});
  try {
    return await Promise.race([act, late]);
  } finally {
    done.abort();
  }
}
