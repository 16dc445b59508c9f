// Tables for people. Colours only where a terminal reads them.
import { styleText } from 'node:util';
import Table from 'cli-table3';
import { inThousands } from '../words.js';

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

/** Breaks text at spaces, for 80 columns. */
export const inLines = (text: string): string => text.replace(/(?![^\n]{1,78}$)([^\n]{1,78})\s/g, '$1\n');
