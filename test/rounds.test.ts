// Promise: a loop that does not get round is told of once, and when it goes on.
import { expect, test } from 'vitest';
import { openRounds } from '../src/rounds.js';
import { until } from './support/until.js';

test('who stands still is told of once in the log, and to who asks as long as it lasts', async () => {
  const told: unknown[] = [];
  const write = (fields: unknown, words: unknown) => void told.push([(fields as { loop: string }).loop, words]);
  const rounds = openRounds({ error: write, info: write } as never, 120);
  const loop = rounds.open('queue', 'an-account', 1);
  const slow = rounds.open('schedule', undefined, 3_600_000);
  const still = () => rounds.states().filter(({ standsStill }) => standsStill);
  expect(still()).toEqual([]);
  await until('it is told of', () => told.length > 0);
  expect(still()).toMatchObject([{ loop: 'queue', account: 'an-account' }]);
  loop.came();
  expect(still()).toEqual([]);
  expect(told).toEqual([
    ['queue', 'a loop stands still'],
    ['queue', 'a loop goes on'],
  ]);
  loop.end();
  slow.end();
  expect(rounds.states()).toEqual([]);
  rounds.close();
});
