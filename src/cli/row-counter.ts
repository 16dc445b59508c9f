// Counts the rows of an export as it passes by.
import { Transform } from 'node:stream';
import type { ExportFormat } from '../db/export.js';

const QUOTE = 0x22;
const NEWLINE = 0x0a;

export interface RowCounter {
  readonly through: Transform;
  /** Rows that have passed; a heading is none. */
  rows(): number;
  bytes(): number;
}

export function openRowCounter(format: ExportFormat): RowCounter {
  let lines = 0;
  let bytes = 0;
  let isQuoted = false;
  const through = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      for (const byte of chunk) {
        // A quote within quotes is doubled, so it turns twice.
        if (byte === QUOTE && format === 'csv') isQuoted = !isQuoted;
        else if (byte === NEWLINE && !isQuoted) lines += 1;
      }
      done(null, chunk);
    },
  });
  return { through, rows: () => Math.max(0, lines - (format === 'csv' ? 1 : 0)), bytes: () => bytes };
}
