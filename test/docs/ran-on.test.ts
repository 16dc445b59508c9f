// Promise: what the pages say that was tried has a test that exists: what hive-sync was run on, and the threats.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

/** The cells of the rows of the one table of a section. */
function rowsOf(page: string, heading: string): string[][] {
  const text = readFileSync(path.join(root, page), 'utf8');
  const [, section = ''] = new RegExp(`^## ${heading}\\n([\\s\\S]*?)^## `, 'm').exec(text) ?? [];
  return section
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| -'))
    .slice(1)
    .map((line) => line.split(' | ').map((cell) => cell.replaceAll(/^\|\s*|\s*\|$/g, '').trim()));
}

test.each([
  ['docs/operations.md', 'What it was run on'],
  ['SECURITY.md', 'Threats, and what stands against them'],
])('each row of %s, "%s", names its tests, or that it was not run', (page, heading) => {
  const rows = rowsOf(page, heading);
  expect(rows.length).toBeGreaterThan(10);
  for (const row of rows) {
    const [what = '', tried] = row;
    const files = [...(row.at(-1) ?? '').matchAll(/`((?:test|faults)\/[^`]+\.(?:test|faults)\.ts)`/g)].map(
      ([, file = '']) => file,
    );
    if (tried === 'not run') expect(files, what).toEqual([]);
    else expect(files.length, what).toBeGreaterThan(0);
    for (const file of files) expect(existsSync(path.join(root, file)), file).toBe(true);
  }
});
