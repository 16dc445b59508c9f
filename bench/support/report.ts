// What a benchmark leaves behind: a table on the terminal, and JSON with the machine and the settings beside it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, platform, release, totalmem } from 'node:os';
import path from 'node:path';
import Table from 'cli-table3';
import { inFigures, type Kept, writePage } from './page.js';

/** The short form, for CI: sizes that show that it works, not how fast it is. Its results are not kept. */
export const isShort = process.env.BENCH_SHORT !== undefined;

const results = path.resolve(import.meta.dirname, '../results');

export interface Report {
  readonly name: string;
  /** What was measured and against which goal, in a sentence. */
  readonly what: string;
  /** Everything that one must know to repeat it: seed, sizes, settings. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly rows: readonly Readonly<Record<string, string | number>>[];
}

/** Prints the report and, unless it is the short form, writes bench/results/<name>.json and docs/benchmarks.md. */
export function report({ name, what, settings, rows }: Report): void {
  const head = Object.keys(rows[0] ?? {});
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const row of rows) table.push(head.map((column) => inFigures(row[column])));
  console.log(`\n${name}: ${what}\n${table.toString()}`);
  if (isShort) return;
  mkdirSync(results, { recursive: true });
  const kept: Kept = { name, what, at: new Date().toISOString(), machine: machine(), settings, rows };
  writeFileSync(path.join(results, `${name}.json`), `${JSON.stringify(kept, null, 2)}\n`);
  writePage(results, path.resolve(import.meta.dirname, '../../docs/benchmarks.md'));
}

function machine() {
  const { version } = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../../package.json'), 'utf8'));
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
    node: process.version,
    postgres: versionOf('psql'),
    redis: versionOf('redis-server'),
    hiveSync: version,
  };
}

function versionOf(program: string): string {
  try {
    return execFileSync(program, ['--version'], { encoding: 'utf8' }).trim();
  } catch {
    return 'not installed';
  }
}
