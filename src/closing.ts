// Closing what may hang on a server that has gone. Every part is closed, whatever the others throw; none is waited for
// for ever; and what was not written is said.
import { describe } from './errors.js';
import type { Logger } from './log.js';
import { LateError, within } from './within.js';

export interface Part {
  /** As the log calls it. */
  readonly part: string;
  close(): Promise<unknown>;
  /** What it means when that fails: a clause for the log. Default: nothing is lost by it. */
  readonly otherwise?: string;
  /** Default: 2,000. */
  readonly withinMs?: number;
}

const WITHIN_MS = 2_000;

/** Closes parts that do not need each other, all at once. Never throws. @returns after the longest of their times */
export async function closeAll(log: Pick<Logger, 'error'>, parts: readonly Part[]): Promise<void> {
  const problemOf = async ({ close, withinMs = WITHIN_MS }: Part): Promise<string | undefined> => {
    try {
      return (await inTime(withinMs, close())) ? undefined : `it did not end within ${withinMs} ms`;
    } catch (error) {
      return describe(error);
    }
  };
  await Promise.all(
    parts.map(async (one) => {
      const problem = await problemOf(one);
      if (problem === undefined) return;
      const { part, otherwise = 'nothing is lost by it' } = one;
      log.error({ part, problem, otherwise }, 'not closed properly');
    }),
  );
}

/**
 * Waits for `closing`, at most so long. What is still open then ends with the process; locks and leases run out.
 * @returns whether it has ended. @throws what it throws, unless that is too late
 */
export async function inTime(ms: number, closing: Promise<unknown>): Promise<boolean> {
  try {
    await within(ms, closing);
    return true;
  } catch (error) {
    if (error instanceof LateError) return false;
    throw error;
  }
}

/**
 * Waits for something to open until `signal` fires. What opens after that is closed again, which is waited for a while.
 * @throws AbortError when the signal fires
 */
export async function unlessStopped<T>(
  signal: AbortSignal | undefined,
  opening: Promise<T>,
  close: (late: T) => Promise<unknown> = async () => {},
): Promise<T> {
  if (signal === undefined) return opening;
  const over = new AbortController();
  const stopped = new Promise<'stopped'>((resolve) => {
    if (signal.aborted) resolve('stopped');
    signal.addEventListener('abort', () => resolve('stopped'), { once: true, signal: over.signal });
  });
  try {
    const first = await Promise.race([opening.then((opened) => ({ opened })), stopped]);
    if (first !== 'stopped') return first.opened;
  } finally {
    over.abort();
  }
  await inTime(LATE_MS, opening.then(close)).catch(() => {});
  signal.throwIfAborted();
  return opening;
}

/** An embedded PostgreSQL is up by then, and a connection that does not come is given up. */
const LATE_MS = 6_000;
