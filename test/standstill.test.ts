// Promise: what keeps work from going on is told, and not over and over.
import { expect, test } from 'vitest';
import { onStandstill, standstill } from '../src/standstill.js';

test('a server that names another file each time is told once, another trouble at once', () => {
  const told: string[] = [];
  const listened = onStandstill((sentence) => told.push(sentence));
  const full = (file: number, block: number) =>
    `PostgreSQL refuses to work (could not extend file "base/5/${file}": wrote only 4096 of 8192 bytes at block ${block}), trying again.`;
  for (let i = 0; i < 100; i += 1) standstill(full(16_400 + (i % 7), i));
  standstill('PostgreSQL refuses to work (cannot execute INSERT in a read-only transaction), trying again.');
  listened();
  standstill('Nobody listens any more.');
  expect(told).toEqual([full(16_400, 0), expect.stringContaining('read-only')]);
});
