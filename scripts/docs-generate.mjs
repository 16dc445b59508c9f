// Writes the files that are generated from the tables' definitions: comments of the database, reference, dbt sources.
// With --check it writes nothing and fails when one of them differs.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { generatedFiles } from '../dist/docs/index.js';

const isCheck = process.argv.includes('--check');
const root = new URL('..', import.meta.url);
const current = (file) => {
  try {
    return readFileSync(new URL(file, root), 'utf8');
  } catch {
    return undefined;
  }
};
const different = Object.entries(generatedFiles()).filter(([file, content]) => current(file) !== content);
for (const [file, content] of different) {
  if (!isCheck) writeFileSync(fileURLToPath(new URL(file, root)), content);
  console.log(`${isCheck ? 'behind the definitions' : 'written'}: ${file}`);
}
if (different.length === 0) console.log('generated files are in step with the definitions');
else if (isCheck) {
  console.error('Run "npm run docs:generate" and commit what it writes.');
  process.exitCode = 1;
}
