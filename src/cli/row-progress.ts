// How many rows a command has gone through: a bar per collection on a terminal, a line now and then elsewhere.
import { MultiBar, type SingleBar } from 'cli-progress';
import { onStandstill } from '../standstill.js';
import { inThousands } from '../words.js';
import { sayAbove } from './say-above.js';

export interface RowProgress {
  show(name: string, done: number, total: number): void;
  close(): void;
}

const LINE_EVERY_MS = 5_000;

export function openRowProgress(stream: NodeJS.WriteStream): RowProgress {
  if (!stream.isTTY) return openLines(stream);
  const bars = new MultiBar({
    stream,
    format: '{name} {bar} {value}/{total} rows',
    barsize: 20,
    hideCursor: true,
    emptyOnZero: true,
    linewrap: false,
    clearOnComplete: false,
    forceRedraw: true,
    fps: 4,
  });
  const known = new Map<string, SingleBar>();
  const listened = onStandstill((sentence) => sayAbove(bars, stream, sentence));
  return {
    show(name, done, total) {
      const bar = known.get(name) ?? bars.create(1, 0);
      known.set(name, bar);
      bar.setTotal(Math.max(total, done, 1));
      bar.update(done, { name: name.padEnd(20) });
    },
    close() {
      listened();
      bars.stop();
    },
  };
}

function openLines(stream: NodeJS.WriteStream): RowProgress {
  let lastAt = performance.now();
  return {
    show(name, done, total) {
      if (performance.now() - lastAt < LINE_EVERY_MS) return;
      lastAt = performance.now();
      stream.write(`${name}: ${inThousands(done)} of ${inThousands(total)} rows\n`);
    },
    close() {},
  };
}
