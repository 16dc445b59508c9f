// A command does not wait for ever for work that stands still: after a while it ends, with what was in the way.
import { ServiceUnavailableError } from '../errors.js';
import { inWords } from '../words.js';

export interface Patience {
  /** Something came, or is waited for with good reason: from now on it counts anew. */
  came(): void;
  /** What is in the way, in a sentence. */
  told(sentence: string): void;
  /** Rejects with a ServiceUnavailableError when nothing came for so long; otherwise never settles. */
  readonly over: Promise<never>;
  end(): void;
}

/** A retry with its pause is no standstill, milliseconds. */
const SHORTEST_MS = 20_000;

/** @param ms SYNC_OUTAGE_PATIENCE */
export function openPatience(ms: number): Patience {
  const patienceMs = Math.max(SHORTEST_MS, ms);
  let because = 'LOG_LEVEL=debug says why.';
  let giveUp = (_: Error) => {};
  const over = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  over.catch(() => {}); // nobody may be waiting for it
  const timer = setTimeout(() => {
    giveUp(
      new ServiceUnavailableError(
        `Nothing was read for ${inWords(patienceMs)}. ${because} What was read is kept, and the same command, or the worker, goes on from there.`,
      ),
    );
  }, patienceMs);
  return {
    came: () => void timer.refresh(),
    told(sentence) {
      because = sentence;
    },
    over,
    end: () => clearTimeout(timer),
  };
}
