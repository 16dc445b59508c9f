// Running PostgreSQL's programs. They get a small environment of their own: no API key of ours ends up in the server's.
import { spawn } from 'node:child_process';
import type { Account } from './account.js';

/** What the server's processes see; UTC so that a cluster does not depend on where it was made. */
export const childEnvironment = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' };

/** Runs a program to its end as `account`. Never rejects: `ok` is false when it could not start or failed. */
export function run(program: string, args: string[], account: Account): Promise<{ ok: boolean; output: string }> {
  return new Promise((resolve) => {
    // cwd: the account may not be allowed to enter ours.
    const child = spawn(program, args, {
      ...account,
      cwd: '/',
      env: childEnvironment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += String(chunk)));
    child.stderr.on('data', (chunk) => (output += String(chunk)));
    child.on('error', (error) => resolve({ ok: false, output: error.message }));
    child.on('close', (code) => resolve({ ok: code === 0, output: output.trim() }));
  });
}
