// Promise: where no terminal is, lines tell what has changed; what has not is told once a minute.
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openProgress, type Snapshot } from '../../src/cli/progress.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'Date'] }));
afterEach(() => void vi.useRealTimers());

function open() {
  const stream = new PassThrough() as unknown as NodeJS.WriteStream;
  const progress = openProgress(stream, { accounts: 1 });
  return { progress, written: () => String((stream as unknown as PassThrough).read() ?? '') };
}

const snapshotOf = (pagesDone: number, more: Partial<Snapshot> = {}): Snapshot => ({
  account: 'default',
  run: {
    run: 7,
    mode: 'full',
    state: 'running',
    reason: null,
    startedAt: new Date(),
    finishedAt: null,
    windows: [
      {
        collection: 'orders',
        state: 'reading',
        reason: null,
        pages: 12,
        pagesDone,
        records: 20 * pagesDone,
        inserted: 0,
        updated: 0,
        unchanged: 0,
        deadLetters: 0,
        pagesInAll: null,
      },
    ],
    lookups: { total: 0, done: 0, failed: 0 },
  },
  budget: { used: 0, limit: 100, others: 0, blockedUntil: null, nextFreeMs: 0, haltedAt: null },
  etaMs: null,
  quietMs: 0,
  ...more,
});

/** A look each second. @returns the lines of that time */
function look(seconds: number, snapshot: (second: number) => Snapshot): string[] {
  const { progress, written } = open();
  for (let second = 0; second < seconds; second++) {
    vi.advanceTimersByTime(1_000);
    progress.show([snapshot(second)]);
  }
  return written().split('\n').filter(Boolean);
}

test('pages that come are told every five seconds', () => {
  const lines = look(20, (second) => snapshotOf(second)).filter((line) => line.startsWith('orders'));
  expect(lines).toHaveLength(4);
  expect(lines[1]).toBe('orders: 9/12 pages, 180 records');
});

test('a run that stands still is told once, that nothing is read too, and both again after a minute', () => {
  const lines = look(90, (second) => snapshotOf(3, { quietMs: second * 1_000 }));
  expect(lines.filter((line) => line.startsWith('orders'))).toHaveLength(2);
  const quiet = lines.filter((line) => line.includes('nothing read for'));
  expect(quiet.length).toBeGreaterThanOrEqual(1);
  expect(quiet.length).toBeLessThanOrEqual(3);
});

test('a pause that the API asked for is told when it begins and once a minute, not with each second that is left', () => {
  const until = Date.now() + 180_000;
  const blocked = (): Snapshot => {
    const one = snapshotOf(3);
    return { ...one, budget: { ...one.budget, blockedUntil: new Date(until) } };
  };
  const lines = look(120, blocked).filter((line) => line.includes('the API asked for a pause of'));
  expect(lines.length).toBeGreaterThanOrEqual(2);
  expect(lines.length).toBeLessThanOrEqual(4);
});
