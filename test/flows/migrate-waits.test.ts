// Promise: a migration that needs a lock says who holds it and gives the lock's queue free again; a worker that waits
// for one is up, and not ready.
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/db/database.js';
import { migrate, pendingMigrations } from '../../src/db/migrate.js';
import { openSimulator } from '../../src/simulator/index.js';
import { startCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { releaseUpTo } from '../support/releases.js';
import { freePort } from '../support/servers.js';
import { until } from '../support/until.js';

/** A database of the release before, and an analyst with an open transaction that has read a table of it. */
async function heldDatabase() {
  const url = await createDatabase();
  const database = await openDatabase(url, { connections: 2 });
  const analyst = postgres(url, { max: 1, onnotice: () => {}, connection: { application_name: 'a notebook' } });
  await analyst`drop schema if exists bullmq, hive, sync cascade`;
  await migrate(database, { folder: releaseUpTo('0011_truth') });
  await analyst`begin`;
  await analyst`select count(*) from sync.sku_sales`;
  const [backend] = await analyst`select pg_backend_pid() as pid`;
  return { url, database, analyst, pid: backend?.pid as number };
}

test('it gives up with the session that holds the lock, and others can read between its tries', async () => {
  const { url, database, analyst, pid } = await heldDatabase();
  const said: string[] = [];
  const waiting = (sentence: string) => void said.push(sentence);
  const other = postgres(url, { max: 1 });
  const reads: unknown[] = [];
  const migrating = migrate(database, { lockMs: 600, pauseMs: 300, tries: 3, waiting }).catch((error: Error) => error);
  let over = false;
  void migrating.finally(() => {
    over = true;
  });
  while (!over) reads.push(await other`select count(*) from sync.sku_sales`);
  const holder = new RegExp(
    `held by process ${pid} of the server, application_name "a notebook", role \\w+, in a transaction since \\d{4}-`,
  );
  expect(await migrating).toMatchObject({ name: 'ServiceUnavailableError', message: expect.stringMatching(holder) });
  expect(said).toEqual([expect.stringMatching(holder)]);
  expect(reads.length).toBeGreaterThan(3);
  expect((await pendingMigrations(database))[0]).toBe('0012_releases');
  await analyst`commit`;
  expect(await migrate(database)).toContain('0012_releases');
  await Promise.all([other.end(), analyst.end(), database.close()]);
});

test('a worker that waits for a lock answers that it is up and why it is not ready, and goes on by itself', async () => {
  const simulator = await openSimulator({ rate: 'unlimited', sizes: { orders: 1 } });
  const { url, database, analyst, pid } = await heldDatabase();
  const port = await freePort();
  const worker = startCli(['worker'], {
    DATABASE_URL: url,
    HIVE_API_KEY: simulator.apiKey,
    HIVE_API_URL: simulator.url,
    HTTP_PORT: String(port),
    SYNC_INCREMENTAL_EVERY: 'off',
  });
  const ask = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined);
    return answer && { status: answer.status, text: await answer.text() };
  };
  const waiting = await until('it says that it waits for a lock', async () => {
    const answer = await ask('/readyz');
    return answer?.text.includes('lock') && answer;
  });
  expect(waiting).toEqual({ status: 503, text: expect.stringContaining('waits for a lock in the database') });
  expect(await ask('/healthz')).toEqual({ status: 200, text: '{"ok":true}' });
  expect((await ask('/webhooks/hive'))?.status).toBe(503);
  await until('the log names the holder', () => worker.output().stderr.includes(`process ${pid} of the server`));
  expect(worker.output().stderr).toContain('"msg":"waiting for a lock"');
  await analyst`commit`;
  await until('it is ready', async () => (await ask('/readyz'))?.status === 200);
  worker.kill('SIGTERM');
  expect((await worker.ended).code).toBe(0);
  expect(await pendingMigrations(database)).toEqual([]);
  await Promise.all([analyst.end(), database.close(), simulator.close()]);
}, 60_000);

test('SIGTERM ends a worker that waits for a lock, with 0', async () => {
  const { url, database, analyst } = await heldDatabase();
  const worker = startCli(['worker'], { DATABASE_URL: url, HIVE_API_KEY: 'a-key', HIVE_API_URL: 'http://127.0.0.1:9' });
  await until('it waits', () => worker.output().stderr.includes('waiting for a lock'));
  const at = performance.now();
  worker.kill('SIGTERM');
  expect((await worker.ended).code).toBe(0);
  expect(performance.now() - at).toBeLessThan(15_000);
  await analyst`commit`;
  await Promise.all([analyst.end(), database.close()]);
}, 60_000);

test('a connection that breaks off in the middle ends the command with what to do, and nothing is half done', async () => {
  const { url, database, analyst } = await heldDatabase();
  const admin = postgres(url, { max: 1 });
  const migrating = startCli(['migrate'], { DATABASE_URL: url });
  await until('it waits for the lock', () => migrating.output().stderr.includes('The schema waits for a lock'));
  await until('its connection is ended', async () => {
    const ended = await admin`
      select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'hive-sync' and cardinality(pg_blocking_pids(pid)) > 0`;
    return ended.length > 0;
  });
  const { code, stderr } = await migrating.ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /is away, or broke off: .+\. What was stored is kept: run the command again, or "hive-sync doctor"/,
  );
  await analyst`commit`;
  expect((await startCli(['migrate'], { DATABASE_URL: url }).ended).code).toBe(0);
  await Promise.all([admin.end(), analyst.end(), database.close()]);
});
