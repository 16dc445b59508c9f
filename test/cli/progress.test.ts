// Promise: on a terminal a sentence can be read whole, above the bars, which all stay; elsewhere each account speaks for itself.
import { PassThrough } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { openProgress, type Snapshot } from '../../src/cli/progress.js';
import { until } from '../support/until.js';

const COLUMNS = 80;
const SENTENCE = `PostgreSQL keeps a statement waiting for a lock that is held by process 4711 of the server, application_name "a notebook", role analyst, in a transaction since 2026-01-01T00:00:00Z.`;

function openTerminal() {
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: COLUMNS, rows: 24 });
  let written = '';
  stream.on('data', (chunk) => {
    written += chunk;
  });
  return { stream: stream as unknown as NodeJS.WriteStream, screen: () => linesOn(written) };
}

/** What a terminal shows that does not wrap: the movements, clearings and texts that bars are made of. */
function linesOn(written: string): string[] {
  const rows: string[][] = [[]];
  let [row, column] = [0, 0];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a terminal reads
  for (const [token, count, act] of written.matchAll(/\u001b\[\??(\d*)([A-Za-z])|[\s\S]/gu)) {
    if (act === 'A') row -= Number(count);
    else if (act === 'G') column = Number(count) - 1;
    else if (act === 'K') rows[row]?.splice(count === '2' ? 0 : column);
    else if (act !== undefined) continue;
    else if (token === '\n') {
      [row, column] = [row + 1, 0];
      rows[row] ??= [];
    } else if (token !== '\r') {
      const line = rows[row] ?? [];
      while (line.length < column) line.push(' ');
      line[Math.min(column, COLUMNS - 1)] = token;
      column += 1;
    }
  }
  return rows.map((line) => line.join('').trimEnd());
}

const snapshot = {
  account: 'default',
  run: {
    run: 1,
    windows: ['warehouses', 'orders'].map((collection) => ({
      collection,
      state: 'reading',
      pages: 9,
      pagesDone: 3,
      records: 60,
    })),
    lookups: { total: 0, done: 0, failed: 0 },
  },
  budget: { used: 3, limit: 100, blockedUntil: null },
  etaMs: null,
  quietMs: 0,
} as unknown as Snapshot;

test('a sentence stands whole above the bars, although nothing about them changes', async () => {
  const { stream, screen } = openTerminal();
  const progress = openProgress(stream, { accounts: 1 });
  const bars = () =>
    screen()
      .join('\n')
      .match(/^(warehouses|orders) .*3\/9 pages|^3 of 100 requests used$/gm);
  progress.show([snapshot]);
  await until('the bars stand', () => bars()?.length === 3);
  progress.say(SENTENCE);
  progress.show([snapshot]);
  await until('it stands above all of them', () => {
    const text = screen().join('\n').replace(/\s+/g, ' ');
    return text.includes(SENTENCE) && bars()?.length === 3;
  });
  progress.close();
});

test('a sentence that comes before the first bar, or shortly before the end, is shown', () => {
  const { stream, screen } = openTerminal();
  const progress = openProgress(stream, { accounts: 1 });
  progress.say('It waits.');
  expect(screen()).toContain('It waits.');
  progress.show([snapshot]);
  progress.say('It gives up.');
  progress.close();
  expect(screen()).toContain('It gives up.');
});

test('where no terminal is, each account says that nothing is read, once a minute', () => {
  const written: string[] = [];
  const stream = { isTTY: false, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;
  const clock = vi.spyOn(performance, 'now');
  let now = 0;
  clock.mockImplementation(() => now);
  const progress = openProgress(stream, { accounts: 2 });
  const runs = ['de', 'fr'].map((account, i) => ({
    ...snapshot,
    account,
    run: { ...snapshot.run, run: i, windows: [] },
  }));
  for (; now < 130_000; now += 500) progress.show(runs.map((one) => ({ ...one, quietMs: now })));
  clock.mockRestore();
  for (const account of ['de', 'fr']) {
    expect(written.filter((line) => line.startsWith(`${account}: 3 of 100 requests used, nothing read`))).toHaveLength(
      2,
    );
  }
});
