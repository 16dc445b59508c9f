// The page of what became of all troubles. Its parts are carried out by themselves and kept in files; it has them all.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Finding } from './run.js';
import { NEEDED, SIZES } from './scenario.js';

/** Packets that vanished on some of the flows of a worker. */
export interface Swallowed {
  readonly flows: string;
  /** What becomes of new ones meanwhile. */
  readonly also: 'new ones pass' | 'nothing passes';
  readonly minutes: number;
  /** Without the end of a run, seconds. */
  readonly longestStall: number;
  /** Seconds from the end of it to the end of the next run. */
  readonly wentOnAfter: number;
  readonly readyz: string;
  readonly logLinesPerMinute: number;
  /** The first line of the log about it. */
  readonly firstLine: string;
  readonly cpuSeconds: number;
}

/** In this order on the page. */
const SCENARIO_PARTS = ['answers', 'drift', 'crashes'] as const;
export type ScenarioPart = (typeof SCENARIO_PARTS)[number];
const SWALLOWED = 'blackholes';

const results = path.resolve(import.meta.dirname, 'results');
const fileOf = (part: string): string => path.join(results, `${part}.json`);

/** Keeps what a part found, and writes the page when all parts have been carried out once. */
export function keep(part: ScenarioPart | typeof SWALLOWED, findings: readonly Finding[] | readonly Swallowed[]): void {
  mkdirSync(results, { recursive: true });
  writeFileSync(fileOf(part), `${JSON.stringify(findings, null, 2)}\n`);
  if (![...SCENARIO_PARTS, SWALLOWED].every((one) => existsSync(fileOf(one)))) return;
  const read = (one: string) => JSON.parse(readFileSync(fileOf(one), 'utf8'));
  const rows: Finding[] = SCENARIO_PARTS.flatMap(read);
  writeFileSync(path.resolve(import.meta.dirname, '../docs/faults.md'), inMarkdown(rows, read(SWALLOWED)));
}

const cell = (text: string | number): string => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');

function inMarkdown(rows: readonly Finding[], swallowed: readonly Swallowed[]): string {
  const sizes = Object.entries(SIZES).map(([name, n]) => `${n} ${name.replaceAll('_', ' ')}`);
  const sum = (of: (row: Finding) => number) => rows.reduce((total, row) => total + of(row), 0);
  return [
    '# Fault report',
    '',
    '<!-- Written by `npm run faults`. Do not edit. -->',
    '',
    `Each row is a full sync of an account of its own (${sizes.join(', ')}: ${NEEDED} requests when nothing goes wrong), with`,
    'one trouble injected by the simulator or from outside. When the sync does not end with 0, the trouble is taken away and',
    '`hive-sync sync --full` is called again, as a schedule would. At the end every field of every row is compared with what',
    'the API holds.',
    '',
    `**${rows.length} troubles: ${sum(({ lost }) => lost)} records lost, ${sum(({ doubled }) => doubled)} rows doubled,`,
    `${sum(({ missedByCertificate: missed }) => missed)} records missing from what was called complete.**`,
    '',
    '“Certificate” is what the first sync said of its collections; “wasted” are requests beyond the needed ones until the',
    'first complete sync (a second full sync needs all of them again).',
    '',
    ...[...new Set(rows.map(({ group }) => group))].flatMap((group) => [
      `## ${group}`,
      '',
      '| injected | what happened | lost | doubled | certificate | wasted |',
      '| --- | --- | --- | --- | --- | --- |',
      ...rows
        .filter((row) => row.group === group)
        .map((row) =>
          [row.trouble, row.happened, row.lost, row.doubled, row.certificate, row.wasted].map(cell).join(' | '),
        )
        .map((line) => `| ${line} |`),
      '',
    ]),
    ...inMarkdownOf(swallowed),
  ].join('\n');
}

function inMarkdownOf(swallowed: readonly Swallowed[]): string[] {
  const seconds = (n: number) => `${Math.round(n)} s`;
  return [
    '## Packets that vanish',
    '',
    'A worker with a run every ten seconds and default settings. Packets of its flows to one server vanish for a while and',
    'nobody is told; a stall is the time without the end of a run. Once as after a failover, when new flows pass, and once when',
    'nothing passes at all.',
    '',
    '| flows to | new flows | minutes | longest stall | went on after it | /readyz | log lines a minute | the first of them | CPU |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...swallowed
      .map((one) => [
        one.flows,
        one.also === 'new ones pass' ? 'pass' : 'vanish, too',
        one.minutes,
        seconds(one.longestStall),
        seconds(one.wentOnAfter),
        one.readyz,
        Math.round(one.logLinesPerMinute),
        one.firstLine,
        seconds(one.cpuSeconds),
      ])
      .map((row) => `| ${row.map(cell).join(' | ')} |`),
    '',
  ];
}
