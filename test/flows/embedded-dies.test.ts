// Promise: an embedded PostgreSQL that dies is started again by whoever uses it; where that cannot be, the process says
// so in one sentence and ends with 1.
import { chmodSync, mkdtempSync, readFileSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import postgres from 'postgres';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSimulator } from '../../src/simulator/index.js';
import { type Started, startCli } from '../support/cli.js';
import { addressIn } from '../support/psql-line.js';
import { freePort } from '../support/servers.js';
import { until } from '../support/until.js';

let home = '';
beforeEach(() => {
  home = realpathSync(mkdtempSync(path.join(tmpdir(), 'hive-sync-dies-')));
  chmodSync(home, 0o755);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const data = () => path.join(home, 'postgres', 'data');
const postmaster = (): number => Number(readFileSync(path.join(data(), 'postmaster.pid'), 'utf8').split('\n')[0]);
const kill = () => process.kill(postmaster(), 'SIGKILL');
/** Without this file no PostgreSQL starts on the data. */
const ruin = () => renameSync(path.join(data(), 'global', 'pg_control'), path.join(data(), 'pg_control.gone'));
const says = ({ output }: Started, words: string) => output().stderr.includes(words) || output().stdout.includes(words);

test('the worker starts it again and goes on with its run', async () => {
  const simulator = await openSimulator({ rate: { limit: 20, windowMs: 2_000 }, sizes: { orders: 1_500 } });
  const port = await freePort();
  const worker = startCli(['worker'], {
    HIVE_SYNC_HOME: home,
    HIVE_API_KEY: simulator.apiKey,
    HIVE_API_URL: simulator.url,
    HIVE_RATE_WINDOW_MS: '2000',
    HTTP_PORT: String(port),
    SYNC_INCREMENTAL_EVERY: '1d',
  });
  const readiness = () =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ status }) => status,
      () => undefined,
    );
  await until('it is ready', async () => (await readiness()) === 200, 60_000);
  await until('it reads', () => simulator.requests.length > 5);
  const before = postmaster();
  kill();
  await until('it has seen that', () => says(worker, 'has ended; it is started again'));
  await until('it runs again', () => says(worker, 'The embedded PostgreSQL runs again.'), 60_000);
  expect(postmaster()).not.toBe(before);
  await until('it is ready again', async () => (await readiness()) === 200);
  await until('the run is complete', () => says(worker, '"state":"complete"'), 90_000);
  worker.kill('SIGTERM');
  expect((await worker.ended).code).toBe(0);
  await simulator.close();
}, 240_000);

test('a worker whose server cannot be started again ends with 1 and says so in one sentence', async () => {
  const port = await freePort();
  const env = {
    HIVE_SYNC_HOME: home,
    HIVE_API_KEY: 'a-key',
    HIVE_API_URL: 'http://127.0.0.1:9',
    HTTP_PORT: String(port),
  };
  const worker = startCli(['worker'], env);
  await until('it is up', () => says(worker, 'worker is up'), 60_000);
  ruin();
  kill();
  const { code, stderr } = await worker.ended;
  expect(code).toBe(1);
  expect(stderr.split('\n').filter((line) => line.startsWith('Error:'))).toEqual([
    expect.stringMatching(/^Error: The embedded PostgreSQL did not start: .*pg_control/),
  ]);
  await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
}, 120_000);

test('hive-sync db starts it again at the same address, and ends with 1 where that cannot be', async () => {
  const db = startCli(['db'], { HIVE_SYNC_HOME: home });
  const url = await until('it is up', () => addressIn(db.output().stdout), 60_000);
  kill();
  await until('it runs again', () => says(db, 'The embedded PostgreSQL runs again.'), 60_000);
  const sql = postgres(url, { max: 1 });
  expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
  await sql.end();
  ruin();
  kill();
  const { code, stderr } = await db.ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/Error: The embedded PostgreSQL did not start: /);
}, 120_000);

test('a sync in the foreground goes on over it, and ends with 1 where it cannot', async () => {
  const simulator = await openSimulator({ rate: { limit: 20, windowMs: 2_000 }, sizes: { orders: 1_000 } });
  const env = { HIVE_API_KEY: simulator.apiKey, HIVE_API_URL: simulator.url, HIVE_RATE_WINDOW_MS: '2000' };
  const sync = startCli(['sync', 'orders'], { ...env, HIVE_SYNC_HOME: home });
  await until('it reads', () => simulator.requests.length > 5, 60_000);
  kill();
  expect(await sync.ended).toMatchObject({ code: 0 });
  const asked = simulator.requests.length;
  const again = startCli(['sync', 'orders', '--full'], { ...env, HIVE_SYNC_HOME: home });
  await until('it reads', () => simulator.requests.length > asked + 5, 60_000);
  ruin();
  kill();
  const { code, stderr } = await again.ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/Error: The embedded PostgreSQL did not start: /);
  await simulator.close();
}, 240_000);
