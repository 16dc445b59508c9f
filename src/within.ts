// Deadlines for what may never end: for a promise, which is left to itself after it, and as a signal that gives up what is
// under way.
import { clearTimeout, setTimeout } from 'node:timers';
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

export interface Deadline {
  /** Aborted when the time is up, or with the signal that it follows. */
  readonly signal: AbortSignal;
  /** Was it the time? */
  isOver(): boolean;
  /** Nothing more is waited for. */
  end(): void;
}

/**
 * In place of AbortSignal.any([signal, AbortSignal.timeout(ms)]): Node 20 may collect that timeout before it fires, and what
 * waits for it waits for ever (a tenth to a half of them, when memory is collected meanwhile).
 * @param ms undefined = as long as `signal` lets it
 */
export function openDeadline(ms: number | undefined, signal?: AbortSignal): Deadline {
  const given = new AbortController();
  let isOver = false;
  const timer =
    ms === undefined
      ? undefined
      : setTimeout(() => {
          isOver = true;
          given.abort(new LateError(`no answer within ${ms} ms`));
        }, ms).unref();
  const follow = (): void => given.abort(signal?.reason);
  signal?.addEventListener('abort', follow, { once: true });
  if (signal?.aborted === true) follow();
  return {
    signal: given.signal,
    isOver: () => isOver,
    end() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', follow);
    },
  };
}
