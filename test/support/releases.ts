// Releases of before and to come, as folders of migrations.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RELEASED } from '../../src/db/migrating/steps.js';
import { atEndOfFile } from './clean-up.js';

interface Journal {
  entries: { idx: number; version: string; when: number; tag: string; breakpoints: boolean }[];
}

/** A release with this one's migrations up to `tag`. */
export const releaseUpTo = (tag: string): string =>
  release((journal) => {
    journal.entries = journal.entries.slice(0, journal.entries.findIndex((entry) => entry.tag === tag) + 1);
  });

/** A release with all of this one's and one more. */
export const releaseWith = (tag: string, statements: string): string =>
  release((journal, folder) => {
    const last = journal.entries.at(-1);
    if (last === undefined) throw new Error('there are migrations');
    journal.entries.push({ ...last, idx: last.idx + 1, when: last.when + 86_400_000, tag });
    writeFileSync(path.join(folder, `${tag}.sql`), statements);
  });

function release(change: (journal: Journal, folder: string) => void): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'hive-sync-release-'));
  atEndOfFile(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(RELEASED, folder, { recursive: true });
  // It tells of this release.
  rmSync(path.join(folder, 'parts.json'));
  const file = path.join(folder, 'meta', '_journal.json');
  const journal = JSON.parse(readFileSync(file, 'utf8')) as Journal;
  change(journal, folder);
  writeFileSync(file, JSON.stringify(journal));
  return folder;
}
