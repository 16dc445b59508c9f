// Promise: what docs/operations.md says that it was run on has a test that exists.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const page = readFileSync(path.join(root, 'docs/operations.md'), 'utf8');
const [, section = ''] = /^## What it was run on\n([\s\S]*?)^## /m.exec(page) ?? [];
const rows = section
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| -'))
  .slice(1)
  .map((line) => line.split(' | ').map((cell) => cell.replaceAll(/^\|\s*|\s*\|$/g, '').trim()));

test('each row names its tests, or that it was not run', () => {
  expect(rows.length).toBeGreaterThan(10);
  for (const [what = '', tried, , tests = ''] of rows) {
    const files = [...tests.matchAll(/`(test\/[^`]+\.test\.ts)`/g)].map(([, file = '']) => file);
    if (tried === 'not run') expect(files, what).toEqual([]);
    else expect(files.length, what).toBeGreaterThan(0);
    for (const file of files) expect(existsSync(path.join(root, file)), file).toBe(true);
  }
});
