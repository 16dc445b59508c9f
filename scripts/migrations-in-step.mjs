// Fails when the tables in src/ differ from the newest migration: someone forgot `npm run migrations:generate`.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const copy = path.join(mkdtempSync(path.join(tmpdir(), 'migrations-')), 'migrations');
cpSync('migrations', copy, { recursive: true });
const before = readdirSync(copy).length;
execFileSync(process.execPath, ['node_modules/drizzle-kit/bin.cjs', 'generate'], {
  env: { ...process.env, MIGRATIONS_FOLDER: copy },
  stdio: ['ignore', 'ignore', 'inherit'],
});
const grown = readdirSync(copy).length > before;
rmSync(path.dirname(copy), { recursive: true });
if (grown) {
  console.error(
    'migrations/ is behind the tables in src/: run "npm run migrations:generate" and commit what it writes.',
  );
  process.exit(1);
}
console.log('migrations are in step with the tables');
