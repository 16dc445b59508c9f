// pino: one JSON line per event, on stderr. Results of commands go to stdout, so both can be used together.
import { setTimeout as after } from 'node:timers';
import { type Logger, pino } from 'pino';
import { visible } from './visible.js';

export type { Logger } from 'pino';

/** How long equal lines are counted before they are told of. */
const FOLD_MS = 10_000;
/** What trouble repeats is few; beyond that lines are written as they come. */
const MOST_KINDS = 1_000;

/**
 * Equal lines are folded, whoever writes them: the first is written at once, then, every ten seconds, the last of those
 * that followed, with how many there were. flush() writes what is held back: whoever ends calls it.
 */
export function openLog(level: string, stream: NodeJS.WritableStream, foldMs = FOLD_MS): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    folded((line) => void stream.write(visible(line)), foldMs),
  );
}

interface Repeated {
  /** Equal lines since one was written. */
  times: number;
  last: string;
  readonly timer: NodeJS.Timeout;
}

/** What differs between two lines about the same thing. */
const PASSING = /"(?:time|attempt)":(?:"[^"]*"|\d+),?/g;

function folded(write: (line: string) => void, foldMs: number) {
  const repeated = new Map<string, Repeated>();
  const tell = ({ times, last }: Repeated): void => {
    if (times === 0) return;
    write(times === 1 ? last : last.replace(/\}\n?$/, `,"times":${times},"withinS":${foldMs / 1_000}}\n`));
  };
  /** Begins to count, and goes on as long as there is something to count. */
  const count = (key: string): void => {
    const timer = after(() => {
      const one = repeated.get(key);
      repeated.delete(key);
      if (one === undefined || one.times === 0) return;
      tell(one);
      count(key);
    }, foldMs);
    timer.unref();
    repeated.set(key, { times: 0, last: '', timer });
  };
  return {
    write(line: string): void {
      const key = line.replace(PASSING, '');
      const known = repeated.get(key);
      if (known !== undefined) {
        known.times += 1;
        known.last = line;
        return;
      }
      write(line);
      if (repeated.size < MOST_KINDS) count(key);
    },
    flush(done?: () => void): void {
      for (const one of repeated.values()) {
        clearTimeout(one.timer);
        tell(one);
      }
      repeated.clear();
      done?.();
    },
  };
}
