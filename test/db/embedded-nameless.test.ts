// The embedded PostgreSQL under a uid that no user database knows, as OpenShift gives its containers.
import { spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { needing } from '../support/needs.js';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const NAMELESS = 482_731;

const homes: string[] = [];
afterEach(() => {
  for (const home of homes.splice(0)) rmSync(home, { recursive: true });
});

/** @param first a command of the shell beforehand, in mounts of its own */
function migrate(first = 'true') {
  const home = mkdtempSync(path.join(tmpdir(), 'hive-sync-nameless-'));
  homes.push(home);
  chownSync(home, NAMELESS, 0);
  const as = ['setpriv', `--reuid=${NAMELESS}`, '--regid=0', '--clear-groups', process.execPath, main, 'migrate'];
  const shell = ['sh', '-c', `${first} && exec "$@"`, 'sh', ...as];
  const env = { PATH: process.env.PATH, HOME: '/', HIVE_SYNC_HOME: path.join(home, 'data') };
  return spawnSync('unshare', ['--mount', ...shell], { cwd: home, env, encoding: 'utf8' });
}

test('it works where a user may have a namespace of its own', needing('disks'), () => {
  const { status, stdout, stderr } = migrate();
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^Applied: /);
});

test('elsewhere it says why it does not, in one sentence and what to do', needing('disks'), () => {
  const { status, stderr } = migrate('mount --bind /bin/false /usr/bin/unshare');
  expect(stderr).toBe(
    `Error: The embedded PostgreSQL cannot create its data folder: this process runs as user ${NAMELESS}, which has no entry in /etc/passwd. Run it as a user that has one, or add one for it. Set DATABASE_URL to use a PostgreSQL server of your own.\n`,
  );
  expect(status).toBe(1);
});
