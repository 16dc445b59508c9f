// Promise: a release that is older than the database's schema touches nothing, says why in one sentence, and ends with 1.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/db/database.js';
import { migrate, pendingMigrations } from '../../src/db/migrate.js';
import { NewerSchemaError } from '../../src/errors.js';
import { runCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { releaseUpTo, releaseWith } from '../support/releases.js';
import { openTestServer } from '../support/server.js';
import { until } from '../support/until.js';

const SENTENCE =
  /newer hive-sync \(.+\): this one \(.+\) does not know its migration 0099_later\. Install the newer release again, or restore the backup/;

async function newerDatabase(): Promise<string> {
  const url = await createDatabase();
  const database = await openDatabase(url, { connections: 1 });
  const folder = releaseWith('0099_later', 'create table hive.later (id int primary key);');
  expect(await migrate(database, { folder })).toEqual(['0099_later']);
  expect(await pendingMigrations(database, { folder })).toEqual([]);
  await database.close();
  return url;
}

test('every command that uses the database says which migration it does not know and what can be done', async () => {
  const env = { DATABASE_URL: await newerDatabase(), HIVE_API_KEY: 'a-key', HIVE_API_URL: 'http://127.0.0.1:9' };
  const commands = [['migrate'], ['migrate', '--check'], ['sync'], ['worker'], ['status'], ['doctor'], ['rederive']];
  for (const command of commands) {
    const { code, stdout, stderr } = await runCli(command, env);
    expect([command, code]).toEqual([command, 1]);
    expect(command[0] === 'doctor' ? stdout : stderr).toMatch(SENTENCE);
    expect(stdout + stderr).not.toMatch(/in step with this release|schema in step|\n\s+at /);
  }
}, 60_000);

test('a worker that is running when a newer release migrates is not ready any more', async () => {
  const server = await openTestServer({ url: 'http://127.0.0.1:9', apiKey: 'a-key' });
  try {
    expect((await server.ask('/readyz')).status).toBe(200);
    const folder = releaseWith('0099_later', 'create table hive.later (id int primary key);');
    await migrate(server.app.store, { folder });
    const errors = await until('it is not ready', async () => {
      const answer = await server.ask('/readyz');
      return answer.status === 503 && ((await answer.json()) as { errors: string[] }).errors;
    });
    expect(errors).toEqual([expect.stringMatching(SENTENCE)]);
    expect((await server.ask('/healthz')).status).toBe(200);
  } finally {
    await server.close();
  }
});

test('the release before that knew no names of migrations is named by its day', async () => {
  const url = await createDatabase();
  const database = await openDatabase(url, { connections: 1 });
  await database.db.execute(sql`insert into sync.migrations (hash, created_at) values ('of a fork', 1999999999999)`);
  await expect(pendingMigrations(database)).rejects.toThrow(/does not know its migration of 2033-05-18/);
  await database.db.execute(sql`alter table sync.migrations drop column tag, drop column release`);
  await expect(pendingMigrations(database)).rejects.toBeInstanceOf(NewerSchemaError);
  await database.close();
});

test('each migration has its name and its release in the database, also those of before 0012', async () => {
  const database = await openDatabase(await createDatabase(), { connections: 1 });
  await database.db.execute(sql`drop schema if exists bullmq, hive, sync cascade`);
  const before = await migrate(database, { folder: releaseUpTo('0011_truth') });
  expect(before).not.toContain('0012_releases');
  expect(await migrate(database)).toContain('0012_releases');
  const names = await database.db.execute<{ tag: string | null; release: string | null }>(
    sql`select tag, release from sync.migrations where tag in ('0011_truth', '0012_releases', '0013_refuted') order by tag desc`,
  );
  expect([...names]).toEqual([
    { tag: '0013_refuted', release: expect.stringMatching(/^\d+\.\d+/) },
    { tag: '0012_releases', release: expect.stringMatching(/^\d+\.\d+/) },
    { tag: '0011_truth', release: null },
  ]);
  await database.close();
});
