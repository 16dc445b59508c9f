// Promise: one command, with no account and no server, shows the whole product and leaves nothing behind but its data.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, expect, test } from 'vitest';
import { collections } from '../../src/collections/index.js';
import { openDatabase } from '../../src/db/database.js';
import { openEmbeddedPostgres } from '../../src/db/embedded/index.js';
import { processesWith } from '../db/embedded-child.js';
import { runCli, startCli } from '../support/cli.js';
import { addressIn } from '../support/psql-line.js';
import { until } from '../support/until.js';

const home = mkdtempSync(path.join(tmpdir(), 'hive-sync-demo-'));
chmodSync(home, 0o755);
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Processes that have to do with this home. */
const processesOf = (folder: string): string[] => processesWith(folder).map(({ line }) => line);

test('the demo exits with 0, fills every table, answers three questions, and a second one changes nothing', async () => {
  const ended = await runCli(['demo'], { HIVE_SYNC_HOME: home });
  expect(ended).toMatchObject({ code: 0 });
  expect(ended.stdout).toContain('every collection is certified');
  expect(ended.stdout.match(/^select/gm)).toHaveLength(3);
  expect(ended.stdout).toMatch(
    /^ {2}PGPASSFILE='[^']+' psql 'postgres:\/\/postgres@127\.0\.0\.1:\d+\/hive_sync_demo'$/m,
  );
  const long = ended.stdout.split('\n').filter((line) => line.length > 80 && !line.includes('psql'));
  expect(long, 'wider than a terminal').toEqual([]);
  await until('no process is left', () => processesOf(home).length === 0);

  const server = await openEmbeddedPostgres({ home, database: 'hive_sync_demo' });
  const database = await openDatabase(server.url);
  for (const table of collections.flatMap(({ name, allChildren }) => [
    name,
    ...allChildren.map((child) => child.table),
  ])) {
    const [row] = await database.db.execute<{ rows: number }>(
      sql`select count(*) as rows from hive.${sql.identifier(table)}`,
    );
    expect(row?.rows, table).toBeGreaterThan(0);
  }
  await database.close();
  await server.close();

  const again = await runCli(['demo'], { HIVE_SYNC_HOME: home });
  expect(again).toMatchObject({ code: 0 });
  // On a machine that stands still for a while, pages around the pause are read once more.
  expect(again.stdout).toMatch(/orders +certified +\d+ +\d+ +0 +0 +\d+ +0/);
});

test.each<[NodeJS.Signals, number | null]>([
  ['SIGINT', 130],
  ['SIGKILL', null],
])('%s in the middle leaves no process behind', async (signal, code) => {
  const folder = path.join(home, signal);
  const demo = startCli(['demo'], { HIVE_SYNC_HOME: folder });
  await until('the sync is under way', () => demo.output().stderr.includes('certified'), 60_000);
  demo.kill(signal);
  expect(await demo.ended).toMatchObject({ code });
  await until('no process is left', () => processesOf(folder).length === 0);
});

test('the embedded database stays up while "db" runs, and stops with it', async () => {
  const folder = path.join(home, 'db');
  const db = startCli(['db'], { HIVE_SYNC_HOME: folder });
  const url = await until('it says how to connect', () => addressIn(db.output().stdout));
  const database = await openDatabase(url, { connections: 1 });
  await database.close();
  db.kill('SIGINT');
  expect(await db.ended).toMatchObject({ code: 0 });
  await until('no process is left', () => processesOf(folder).length === 0);
});
