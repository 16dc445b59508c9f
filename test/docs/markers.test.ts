// Promise: no text in the project holds what a merge left behind.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
/** As git writes them, and as formatters make quotations and table rows of them. */
const MARKER = /^[\s|>]*(<{7}|>( ?>){6}|\|{7})( |$)/m;

test('no file holds a marker of a merge', () => {
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);
  const holding = files.filter((file) => MARKER.test(readFileSync(path.join(root, file), 'utf8')));
  expect(holding).toEqual([]);
});

test.each(['<<<<<<< HEAD', '>>>>>>> topic', '> > > > > > > topic', '| <<<<<<< HEAD |'])('%s is one', (line) => {
  expect(MARKER.test(`above\n${line}\nbelow`)).toBe(true);
});
