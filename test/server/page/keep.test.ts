// However many people look, the database is asked rarely.
import { expect, test } from 'vitest';
import { keep } from '../../../src/server/page/keep.js';

test('those who ask together get one answer, and a dear one is kept for twenty times its cost', async () => {
  let at = 0;
  let reads = 0;
  const read = keep(
    async () => {
      at += 100;
      reads += 1;
      return reads;
    },
    { leastMs: 1_000, now: () => at },
  );
  expect(await Promise.all([read(), read(), read()])).toEqual([1, 1, 1]);
  at += 1_999;
  expect(await read()).toBe(1);
  at += 2;
  expect(await read()).toBe(2);
});

test('a failure is not kept', async () => {
  let reads = 0;
  const read = keep(
    async () => {
      reads += 1;
      if (reads === 1) throw new Error('away');
      return reads;
    },
    { leastMs: 1_000 },
  );
  await expect(read()).rejects.toThrow('away');
  expect(await read()).toBe(2);
});
