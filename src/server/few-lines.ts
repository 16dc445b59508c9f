// Log lines of which others decide how many there are: so many a minute are written, the others are counted and told of in
// one line. Equal ones are folded by log.ts already; these differ, in the address for one.
import { setTimeout as after, clearTimeout } from 'node:timers';
import type { Logger } from '../log.js';

const MINUTE_MS = 60_000;

export interface FewLines {
  write(fields: Readonly<Record<string, unknown>>, sentence: string): void;
  /** Tells of those that were only counted. */
  close(): void;
}

/** @param mostPerMinute lines, beside the one that counts the others */
export function openFewLines(log: Logger, level: 'info' | 'warn', mostPerMinute: number): FewLines {
  let written = 0;
  const unwritten = new Map<string, number>();
  let minute: NodeJS.Timeout | undefined;
  const end = (): void => {
    clearTimeout(minute);
    minute = undefined;
    for (const [sentence, times] of unwritten)
      log[level]({ times, withinS: MINUTE_MS / 1_000 }, `${sentence}: so many more`);
    unwritten.clear();
    written = 0;
  };
  return {
    write(fields, sentence) {
      minute ??= after(end, MINUTE_MS).unref();
      written += 1;
      if (written <= mostPerMinute) log[level](fields, sentence);
      else unwritten.set(sentence, (unwritten.get(sentence) ?? 0) + 1);
    },
    close: end,
  };
}
