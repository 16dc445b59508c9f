// Promise: a dump restored into another server, of another version, goes on where it was, as docs/operations.md says; and
// doctor says what of it is missing.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { openSimulator, type Simulator } from '../../src/simulator/index.js';
import { runCli, startCli } from '../support/cli.js';
import { needing, systemPostgres } from '../support/needs.js';
import { type OwnServer, openOwnPostgres } from '../support/servers.js';
import { expectTablesToEqualTruth } from '../support/truth.js';
import { until } from '../support/until.js';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

describe('from one server to another', needing('postgresql', 'redis'), () => {
  const programs = systemPostgres() ?? '';
  const folder = mkdtempSync(path.join(tmpdir(), 'hive-sync-restore-'));
  let simulator: Simulator;
  let old: OwnServer;
  let fresh: OwnServer;
  beforeAll(async () => {
    simulator = await openSimulator({ rate: { limit: 20, windowMs: 1_000 }, sizes: { orders: 300 } });
    old = await openOwnPostgres({ programs });
    fresh = await openOwnPostgres();
  });
  afterAll(async () => {
    await Promise.all([old.close(), fresh.close(), simulator.close()]);
    rmSync(folder, { recursive: true, force: true });
  });

  test('a run that was interrupted ends on the new server; roles that are missing are named with their command', async () => {
    const env = (url: string) => ({
      HIVE_API_KEY: simulator.apiKey,
      HIVE_API_URL: simulator.url,
      HIVE_RATE_WINDOW_MS: '1000',
      DATABASE_URL: url,
      REDIS_URL: inject('redisUrl') ?? '',
    });
    await runCli(['migrate'], env(old.url));
    for (const args of [['analyst'], ['intern', '--mask-personal-data']]) {
      expect((await runCli(['grant', ...args], env(old.url))).code).toBe(0);
    }
    const sync = startCli(['sync', '--full'], env(old.url));
    await until('it reads', () => simulator.requests.length > 8);
    sync.kill('SIGKILL');
    await sync.ended;

    // As the page says, with its own words.
    const [, recipe = ''] = /## Backups[\s\S]*?```\n([\s\S]*?)```/.exec(read('docs/operations.md')) ?? [];
    execFileSync('bash', ['-euc', recipe], {
      cwd: folder,
      env: { PATH: `${programs}:${process.env.PATH}`, DATABASE_URL: old.url, NEW_DATABASE_URL: fresh.url },
      stdio: 'pipe',
    });
    const before = await doctor(env(fresh.url));
    expect(before.stdout).toContain('restored or copied from elsewhere, it gets an identity and queues of its own now');
    expect(before.stdout).toMatch(/✓ readers/);
    expect(before.code).toBe(0);
    const again = await runCli(['sync', '--full'], env(fresh.url));
    expect(again).toMatchObject({ code: 0 });
    await expectTablesToEqualTruth(fresh.url, simulator);
    const sql = postgres(fresh.url, { max: 1, onnotice: () => {} });
    const ids = await Promise.all([old.url, fresh.url].map(identityOf));
    expect(new Set(ids).size).toBe(2);

    // What a restore without roles leaves.
    await sql`drop schema hive_masked cascade`;
    await sql`drop owned by analyst`;
    await sql`drop role analyst`;
    const without = await doctor(env(fresh.url));
    expect(without.code).toBe(1);
    expect(without.stdout).toContain(
      '✗ readers: analyst, intern cannot read what was granted. Run: hive-sync grant analyst; hive-sync grant intern --mask-personal-data',
    );
    for (const args of [['analyst'], ['intern', '--mask-personal-data']]) {
      expect((await runCli(['grant', ...args], env(fresh.url))).code).toBe(0);
    }
    expect((await doctor(env(fresh.url))).code).toBe(0);
    await sql.end();
  }, 240_000);

  test('jobs in Redis that the database does not know are named, and a new identity is rid of them', async () => {
    const env = {
      HIVE_API_KEY: simulator.apiKey,
      HIVE_API_URL: simulator.url,
      HIVE_RATE_WINDOW_MS: '1000',
      DATABASE_URL: fresh.url,
      REDIS_URL: inject('redisUrl') ?? '',
    };
    const asked = simulator.requests.length;
    const sync = startCli(['sync', '--full'], env);
    await until('it reads', () => simulator.requests.length > asked + 5);
    sync.kill('SIGKILL');
    await sync.ended;
    const sql = postgres(fresh.url, { max: 1, onnotice: () => {} });
    // Set back to before that run.
    await sql`delete from sync.runs where state = 'running'`;
    const strange = await doctor(env);
    expect(strange.code).toBe(1);
    expect(strange.stdout).toMatch(/✗ queue: .*jobs that this database does not know.*--new-identity/);
    expect((await runCli(['migrate', '--new-identity'], env)).code).toBe(0);
    expect((await doctor(env)).code).toBe(0);
    await sql.end();
  }, 120_000);

  const doctor = (env: Record<string, string>) => runCli(['doctor'], env);
});

async function identityOf(url: string): Promise<string> {
  const sql = postgres(url, { max: 1 });
  const [row] = await sql`select id from sync.installation`;
  await sql.end();
  return String(row?.id);
}
