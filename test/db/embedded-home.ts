// Temporary homes for embedded servers. The rule: after each test, and after the file, no process of theirs is left.
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  openEmbeddedPostgres,
} from '../../src/db/embedded/index.js';
import { compileSources, eventually, processesWith, removeCompiled, startUser, type User } from './embedded-child.js';

/** Folder of all homes of a test file. */
export let root = '';
/** The home of the current test; it does not exist yet. */
export let home = '';
let opened: (EmbeddedPostgres | User)[] = [];
let count = 0;

/** Gives each test of this file a home of its own. */
export function useHomes(): void {
  beforeAll(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'hive-sync-embedded-')));
    // Where PostgreSQL's user can follow when the tests run as root.
    chmodSync(root, 0o755);
    compileSources();
  });
  beforeEach(() => {
    count += 1;
    home = join(root, `home-${count}`);
  });
  afterEach(async () => {
    for (const it of opened) 'close' in it ? await it.close() : it.child.kill('SIGKILL');
    opened = [];
    await eventually('no process of this home is left', () => !isRunning());
  });
  afterAll(async () => {
    await eventually('no process at all is left', () => processesWith(root).length === 0);
    rmSync(root, { recursive: true, force: true });
    removeCompiled();
  });
}

/** Opens in this process; closed after the test. */
export async function open(more: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const server = await openEmbeddedPostgres({ home, durable: false, ...more });
  opened.push(server);
  return server;
}

/** Opens in another process; killed after the test. */
export async function user(as: Parameters<typeof startUser>[1] = {}): Promise<User> {
  const started = await startUser(home, as);
  opened.push(started);
  return started;
}

export async function kill({ child }: User): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

export function isRunning(): boolean {
  return processesWith(join(home, 'postgres')).length > 0;
}

export function postmasterPid(): number {
  return Number(readFileSync(join(home, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0]);
}

/** The first value of the first row. */
export async function ask(url: string, query: string): Promise<unknown> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return Object.values((await sql.unsafe(query))[0] ?? {})[0];
  } finally {
    await sql.end();
  }
}
