// What some tests need and a bare machine lacks. There they are skipped and say why, and skipped.ts counts them at the
// end; in CI nothing may be lacking.
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, inject, type SuiteOptions } from 'vitest';
import { BROWSER_NEEDED, hasBrowser } from '../../scripts/browser.mjs';
import type { Backend } from './cli.js';
import { canMakeNamespaces } from './far-side.js';
import { canMountDisks } from './small-disk.js';

declare module 'vitest' {
  interface TaskMeta {
    /** What it was skipped for the lack of, for a sentence. */
    lacks?: string;
  }
}

const needs = {
  browser: { what: BROWSER_NEEDED, isThere: hasBrowser },
  disks: { what: 'root and the right to mount a disk', isThere: canMountDisks },
  namespaces: { what: 'root and the right to make network namespaces (program ip)', isThere: canMakeNamespaces },
  openssl: { what: 'the program openssl', isThere: () => isInPath('openssl') },
  pgbouncer: {
    what: 'the program pgbouncer (apt-get install pgbouncer)',
    isThere: () => isInPath('pgbouncer') || existsSync('/usr/sbin/pgbouncer'),
  },
  postgresql: {
    what: 'a PostgreSQL of the system with pg_dump (apt-get install postgresql)',
    isThere: () => systemPostgres() !== undefined,
  },
  promtool: { what: 'the program promtool (apt-get install prometheus)', isThere: () => isInPath('promtool') },
  redis: { what: 'a Redis on port 6379 (or REDIS_URL)', isThere: () => inject('redisUrl') !== undefined },
  'redis-server': { what: 'the program redis-server', isThere: () => isInPath('redis-server') },
  registry: {
    what: 'CI, or INSTALLS=1 (it installs packages from the registry)',
    isThere: () => process.env.CI !== undefined || process.env.INSTALLS !== undefined,
  },
  'systemd-analyze': {
    what: 'the program systemd-analyze (apt-get install systemd)',
    isThere: () => isInPath('systemd-analyze'),
  },
  root: { what: 'root, to become other users', isThere: () => process.getuid?.() === 0 },
};

/** Folder of the programs of the newest PostgreSQL that Debian's packages brought: servers and pg_dump of one version. */
export function systemPostgres(): string | undefined {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return undefined;
  const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a));
  return versions
    .map((version) => path.join(root, version, 'bin'))
    .find((bin) => existsSync(path.join(bin, 'pg_dump')));
}

const isInPath = (program: string): boolean =>
  (process.env.PATH ?? '').split(path.delimiter).some((folder) => existsSync(path.join(folder, program)));

/**
 * Options of a test or a group of tests that cannot run without these.
 * @throws in CI when one is lacking
 */
export function needing(...names: (keyof typeof needs)[]): SuiteOptions {
  const lacking = names.map((name) => needs[name]).filter(({ isThere }) => !isThere());
  if (lacking.length === 0) return {};
  const lacks = lacking.map(({ what }) => what).join(' and ');
  if (process.env.CI) throw new Error(`These tests need ${lacks}, and CI skips none.`);
  return { skip: true, meta: { lacks } };
}

/** For promises of the queue: the tests with it in PostgreSQL, and again in Redis, which needs one. */
export function describeQueue(tests: (backend: Backend) => void): void {
  describe('queue on PostgreSQL', () => tests({ name: 'PostgreSQL', env: {} }));
  const env = { REDIS_URL: inject('redisUrl') ?? 'redis://none.invalid' };
  describe('queue on Redis', needing('redis'), () => tests({ name: 'Redis', env }));
}
