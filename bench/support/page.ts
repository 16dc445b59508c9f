// docs/benchmarks.md: the kept results as tables, in the order in which a reader asks.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const ORDER = ['budget', 'incremental', 'ingest', 'scale', 'proof', 'webhooks', 'start', 'views', 'indexes'];

export interface Kept {
  readonly name: string;
  readonly what: string;
  readonly at: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly rows: readonly Readonly<Record<string, string | number>>[];
}

/** @param folder of the results as JSON, one file each */
export function writePage(folder: string, file: string): void {
  const found = readdirSync(folder).map((file) => path.parse(file).name);
  const names = [...ORDER.filter((name) => found.includes(name)), ...found.filter((name) => !ORDER.includes(name))];
  const kept = names
    .map((name) => path.join(folder, `${name}.json`))
    .map((json) => JSON.parse(readFileSync(json, 'utf8')) as Kept);
  const text = [
    '# Benchmarks',
    '',
    '<!-- Written by `npm run bench`. Do not edit. -->',
    '',
    'Figures, not promises: taken against the simulator, which answers from memory, with all servers on one small machine.',
    'In production the limit of the API (100 requests a minute, 20 records each) is reached long before any of these.',
    '`npm run bench` takes them again; [bench/results](../bench/results) has them as JSON.',
    '',
    ...kept.flatMap(inMarkdown),
  ].join('\n');
  writeFileSync(file, text);
}

function inMarkdown({ name, what, at, machine, settings, rows }: Kept): string[] {
  const head = Object.keys(rows[0] ?? {});
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    `## ${name}`,
    '',
    `${what[0]?.toUpperCase()}${what.slice(1)}.`,
    '',
    line(head),
    line(head.map((column) => (typeof rows[0]?.[column] === 'number' ? '---:' : '---'))),
    ...rows.map((row) => line(head.map((column) => inFigures(row[column])))),
    '',
    `${at.slice(0, 10)}, ${machine.cores} cores (${machine.cpu}), ${machine.memoryGiB} GiB, Node ${machine.node}; ${inWords(settings)}.`,
    '',
  ];
}

const inWords = (settings: Kept['settings']): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name} ${typeof value === 'number' ? inFigures(value) : String(value)}`)
    .join(', ');

export const inFigures = (value: string | number | undefined): string =>
  typeof value === 'number'
    ? value.toLocaleString('en', { maximumFractionDigits: Math.abs(value) < 10 ? 2 : 0 })
    : (value ?? '');
