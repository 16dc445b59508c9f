// After drizzle-kit generate: in the newest migration a view that is dropped and made again is replaced instead, so that
// what analysts built on it stays. PostgreSQL allows that while new columns stand last; where they do not, the tests say
// so at once. With --check: fails when a migration since 0012 drops a view without a line "-- drops <schema>.<view>: why".
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const BREAK = '--> statement-breakpoint\n';
const SINCE = '0012';
const folder = fileURLToPath(new URL('../migrations', import.meta.url));
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.sql') && name >= SINCE)
  .sort();

/** @param {string} text a migration as drizzle-kit wrote it. @returns {string} the same, with views replaced */
export function replaceViews(text) {
  const statements = text.split(BREAK);
  const made = new Set(statements.flatMap((one) => /^\s*CREATE VIEW ("\w+"\."\w+")/.exec(one)?.[1] ?? []));
  const isReplaced = (statement) => made.has(/^\s*DROP VIEW ("\w+"\."\w+");\s*$/.exec(statement)?.[1] ?? '');
  const replaced = new Set(statements.filter(isReplaced).map((one) => /("\w+"\."\w+")/.exec(one)?.[1]));
  return statements
    .filter((statement) => !isReplaced(statement))
    .map((statement) =>
      replaced.has(/^\s*CREATE VIEW ("\w+"\."\w+")/.exec(statement)?.[1])
        ? statement.replace('CREATE VIEW', 'CREATE OR REPLACE VIEW')
        : statement,
    )
    .join(BREAK);
}

/** @param {string} text a migration. @returns {string[]} views that it drops without saying why */
export function unexplainedDrops(text) {
  const dropped = [...text.matchAll(/\bdrop\s+view\s+(?:if\s+exists\s+)?"?(\w+)"?\."?(\w+)"?/gi)];
  return dropped.map(([, schema, view]) => `${schema}.${view}`).filter((view) => !text.includes(`-- drops ${view}: `));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--check')) {
    for (const name of files) {
      for (const view of unexplainedDrops(readFileSync(path.join(folder, name), 'utf8'))) {
        console.error(
          `${name} drops ${view}. Put its new columns last and replace it, or say why: -- drops ${view}: …`,
        );
        process.exitCode = 1;
      }
    }
  } else {
    const newest = path.join(folder, files.at(-1) ?? '');
    const before = readFileSync(newest, 'utf8');
    const after = replaceViews(before);
    if (after !== before) {
      writeFileSync(newest, after);
      console.log(`${path.basename(newest)}: views are replaced, not dropped`);
    }
  }
}
