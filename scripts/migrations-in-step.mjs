// Fails when the tables in src/ differ from the newest migration: someone forgot `npm run migrations:generate`.
// drizzle-kit generates into a copy of migrations/. It ends with 0 whatever goes wrong, so only its own words that there
// is nothing to do count as success.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = mkdtempSync(path.join(tmpdir(), 'migrations-'));
try {
  const copy = path.join(scratch, 'migrations');
  cpSync(path.join(root, 'migrations'), copy, { recursive: true });
  const before = new Set(readdirSync(copy));
  // Relative, as drizzle-kit puts "./" before it. No terminal: where it would ask whether a column was renamed, it ends.
  const { error, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join('node_modules', 'drizzle-kit', 'bin.cjs'), 'generate'],
    {
      cwd: root,
      env: { ...process.env, MIGRATIONS_FOLDER: path.relative(root, copy) },
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
    },
  );
  const added = readdirSync(copy).filter((name) => !before.has(name));
  if (added.length === 0 && stdout?.includes('No schema changes')) {
    console.log('migrations are in step with the tables');
  } else {
    if (added.length === 0) console.error(`${error?.message ?? ''}${stdout ?? ''}${stderr ?? ''}`);
    console.error(
      'migrations/ is behind the tables in src/: run "npm run migrations:generate" and commit what it writes.',
    );
    process.exitCode = 1;
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
