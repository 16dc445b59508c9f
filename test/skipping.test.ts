// A test that is skipped without a word is a promise that nobody keeps.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const SKIPS = /\b(?:describe|it|test)\.(?:only|runIf|skip|skipIf|todo)\b/;

test('no test is left out but through needing(), which says what it lacks', () => {
  const files = ['test', 'faults', 'bench'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => path.join(folder, file)),
  );
  const tests = files.filter((file) => file.endsWith('.ts'));
  expect(tests.length).toBeGreaterThan(100);
  expect(tests.filter((file) => SKIPS.test(readFileSync(path.join(root, file), 'utf8')))).toEqual([]);
});
