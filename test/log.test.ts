// Promise: a trouble that repeats is told of at once, then as a number.
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { openLog } from '../src/log.js';
import { until } from './support/until.js';

function open(foldMs: number) {
  const stream = new PassThrough();
  const lines: Record<string, unknown>[] = [];
  stream.on('data', (chunk: Buffer) => {
    for (const line of chunk.toString().trimEnd().split('\n')) lines.push(JSON.parse(line));
  });
  return { log: openLog('info', stream, foldMs), lines };
}

test('equal lines are folded, whatever logger of the process writes them; others are not', async () => {
  const { log, lines } = open(300);
  const child = log.child({ account: 'a' });
  for (let attempt = 1; attempt <= 1_000; attempt += 1) {
    log.warn({ attempt, problem: 'refused' }, 'trouble');
    child.warn({ problem: 'refused' }, 'trouble');
  }
  log.warn({ problem: 'another' }, 'trouble');
  await until('the first lines are there', () => lines.length >= 3);
  expect(lines.map(({ account, problem, attempt, times }) => [account, problem, attempt, times])).toEqual([
    [undefined, 'refused', 1, undefined],
    ['a', 'refused', undefined, undefined],
    [undefined, 'another', undefined, undefined],
  ]);
  await until('those that followed are told of', () => lines.length >= 5);
  expect(lines.slice(3).map(({ account, attempt, times, withinS }) => [account, attempt, times, withinS])).toEqual([
    [undefined, 1_000, 999, 0.3],
    ['a', undefined, 999, 0.3],
  ]);
});

test('what is held back when the process ends is written by then', async () => {
  const { log, lines } = open(3_600_000);
  for (let i = 0; i < 3; i += 1) log.warn('trouble');
  log.flush();
  await until('both are there', () => lines.length === 2);
  expect(lines[1]).toMatchObject({ msg: 'trouble', times: 2 });
});
