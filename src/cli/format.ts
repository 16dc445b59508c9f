// Numbers, durations and tables for people. Colours only where a terminal reads them.
import { styleText } from 'node:util';
import Table from 'cli-table3';

/** 1234567 → "1,234,567". */
export const inThousands = (n: number): string => n.toLocaleString('en-US');

/** Milliseconds → "3.2 s", "1 min 05 s", "2 h 10 min". */
export function inWords(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 60) return `${minutes} min ${String(Math.round(seconds) % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** An instant as people and psql write it, in UTC. */
export const inUtc = (at: Date): string =>
  at
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC');

type Cell = string | number | null;

/** Columns under headings, numbers to the right, no lines: readable in 80 columns and in a log. */
export function tableOf(headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const isNumber = headings.map((_, column) => rows.some((row) => typeof row[column] === 'number'));
  const table = new Table({
    head: [...headings],
    colAligns: isNumber.map((right) => (right ? 'right' : 'left')),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    chars: {
      top: '',
      'top-mid': '',
      'top-left': '',
      'top-right': '',
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: '',
    },
  });
  for (const row of rows) table.push(row.map((cell) => (typeof cell === 'number' ? inThousands(cell) : (cell ?? '–'))));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

type Style = Parameters<typeof styleText>[0];

/** Coloured for a terminal (unless NO_COLOR is set), plain for everything else. */
export const styled = (stream: NodeJS.WriteStream, style: Style, text: string): string =>
  styleText(style, text, { stream, validateStream: true });
