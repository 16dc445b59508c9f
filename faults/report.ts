// Carries out scenarios one after another and writes the page of what became of them.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { needing } from '../test/support/needs.js';
import { carryOut, type Finding } from './run.js';
import { NEEDED, type Scenario, SIZES } from './scenario.js';

const isShort = process.env.FAULTS_SHORT !== undefined;
const results = path.resolve(import.meta.dirname, 'results');
/** One file of findings each, written by whoever carried them out; the page has them in this order. */
const PARTS = ['answers', 'drift', 'crashes'] as const;

/** Tests of all scenarios of a part; in the short form of every seventh. */
export function report(part: (typeof PARTS)[number], all: readonly Scenario[]): void {
  const findings: Finding[] = [];
  describe('nothing is lost, nothing doubled, and nothing short is called complete', () => {
    for (const scenario of isShort ? all.filter((_, nth) => nth % 7 === 3) : all) {
      test(`${scenario.group}: ${scenario.trouble}`, needing(...needsOf(scenario)), async () => {
        const finding = await carryOut(scenario);
        findings.push(finding);
        expect(finding).toMatchObject({ lost: 0, doubled: 0, missedByCertificate: 0 });
        expect(finding.happened).toMatch(/exit 0$/);
        if (scenario.mustBeTold === true) expect(finding.happened).not.toMatch(/^exit 0/);
      });
    }
  });
  afterAll(() => {
    if (isShort || findings.length < all.length) return;
    mkdirSync(results, { recursive: true });
    writeFileSync(fileOf(part), `${JSON.stringify(findings, null, 2)}\n`);
    if (!PARTS.every((one) => existsSync(fileOf(one)))) return;
    const rows = PARTS.flatMap((one) => JSON.parse(readFileSync(fileOf(one), 'utf8')) as Finding[]);
    writeFileSync(path.resolve(import.meta.dirname, '../docs/faults.md'), inMarkdown(rows));
  });
}

const needsOf = ({ servers, disk }: Scenario) => [
  ...(servers === undefined ? [] : (['redis-server'] as const)),
  ...(disk === undefined ? [] : (['disks'] as const)),
];

const fileOf = (part: string): string => path.join(results, `${part}.json`);

function inMarkdown(rows: readonly Finding[]): string {
  const sizes = Object.entries(SIZES).map(([name, n]) => `${n} ${name.replaceAll('_', ' ')}`);
  const sum = (of: (row: Finding) => number) => rows.reduce((total, row) => total + of(row), 0);
  const cell = (text: string | number) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');
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
  ].join('\n');
}
