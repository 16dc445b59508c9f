// Promise: names are chosen once. What is installed under other names is recognised before anything is made, and two
// installations in one database stay apart.
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { chooseSchemas, namesFrom, quoted } from '../../src/schema-names.js';
import { atEndOfFile } from '../support/clean-up.js';
import { type Ended, runCli, startCli } from '../support/cli.js';
import { openStage } from '../support/command.js';
import { NAMED, openNamedStage } from '../support/named.js';
import { expectTablesToEqualTruth } from '../support/truth.js';
import { until } from '../support/until.js';

const sizes = { warehouses: 1, skus: 10, orders: 100, shipments: 60, returns: 0, restocking_shipments: 0 };
const MASKED = quoted(`${NAMED.HIVE_SCHEMA}_masked`);
const OTHER = { HIVE_SCHEMA: 'shop', SYNC_SCHEMA: 'shop_sync' };

/** A database that is in step under the default names. */
async function defaultStage() {
  const stage = await openStage({ sizes });
  atEndOfFile(() => stage.simulator.close());
  const plain = postgres(stage.url, { max: 1, onnotice: () => {} });
  atEndOfFile(() => plain.end());
  const as = (env: Record<string, string>, ...args: string[]): Promise<Ended> => runCli(args, { ...stage.env, ...env });
  const made = async () => {
    const rows = await plain<{ name: string }[]>`
      select nspname::text as name from pg_namespace where nspname !~ '^(pg_|information_schema|public)' order by 1`;
    return rows.map(({ name }) => name);
  };
  return { ...stage, plain, as, made };
}

test('what is installed under other names is not installed again: each command says which settings to use', async () => {
  const { as, made } = await defaultStage();
  for (const command of ['migrate', 'sync', 'worker', 'status', 'doctor']) {
    const { code, stdout, stderr } = await as(OTHER, command);
    expect([command, code]).toEqual([command, command === 'doctor' ? 1 : 2]);
    expect(stdout + stderr).toContain(
      'This database holds hive-sync under other names than the configured shop and shop_sync. To use what is there, set HIVE_SCHEMA=hive and SYNC_SCHEMA=sync. For another installation beside it, run: hive-sync migrate --second-installation',
    );
  }
  expect(await made()).toEqual(['bullmq', 'hive', 'sync']);
});

test('one setting that was changed later is named, whichever it is', async () => {
  const { as, made } = await defaultStage();
  expect(await as({ HIVE_SCHEMA: 'shop' }, 'migrate')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(
      'The installation in schema sync has its tables in schema hive, and HIVE_SCHEMA says shop. Names are chosen before the first migration: set HIVE_SCHEMA=hive.',
    ),
  });
  expect(await as({ SYNC_SCHEMA: 'shop_sync' }, 'migrate', '--second-installation')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(
      'Schema hive holds the tables of the installation in schema sync, and SYNC_SCHEMA says shop_sync. Names are chosen before the first migration: set HIVE_SCHEMA=hive and SYNC_SCHEMA=sync.',
    ),
  });
  expect(await made()).toEqual(['bullmq', 'hive', 'sync']);
});

test('the queue may move: what waited in the old schema is made again from the ledger in the new one', async () => {
  const { env, as, simulator, url, plain } = await defaultStage();
  simulator.addFault({ match: { path: '/orders' }, respond: { delayMs: 300 } });
  const first = startCli(['sync'], env);
  await until('some pages are read', () => simulator.requests.filter(({ path }) => path === '/orders').length >= 2);
  first.kill('SIGINT');
  expect((await first.ended).code).toBe(130);
  const [open] = await plain`select count(*)::int as n from sync.windows where state in ('waiting', 'reading')`;
  expect(open?.n).toBeGreaterThan(0);
  expect(await as({ QUEUE_SCHEMA: 'elsewhere' }, 'sync')).toMatchObject({ code: 0 });
  await expectTablesToEqualTruth(url, simulator);
  const runs = await plain`select id from sync.runs where mode = 'full' and state = 'complete'`;
  expect(runs).toHaveLength(1);
});

test('names that have to be quoted are said as .env takes them', async () => {
  const { run, simulator, url } = await openNamedStage({ sizes: {} });
  expect(await run('migrate')).toMatchObject({ code: 0 });
  const ended = await runCli(['migrate'], { DATABASE_URL: url, HIVE_API_KEY: simulator.apiKey });
  expect(ended.stderr).toContain(`set HIVE_SCHEMA='${NAMED.HIVE_SCHEMA}' and SYNC_SCHEMA=shop-sync.`);
});

test('schemas of others under the chosen names are left alone', async () => {
  const { plain, run } = await openNamedStage({ sizes: {} });
  await plain.unsafe('create schema "shop-sync"; create table "shop-sync".contacts (id int)');
  const ended = await run('migrate');
  expect(ended).toMatchObject({ code: 2 });
  expect(ended.stderr).toContain('Schema "shop-sync" of database');
  expect(ended.stderr).toMatch(/or other schemas: SYNC_SCHEMA/);
  // Its views would be taken for some that are too many.
  await plain.unsafe(
    `drop schema "shop-sync" cascade; create schema ${MASKED}; create view ${MASKED}.theirs as select 1`,
  );
  const masked = await run('migrate');
  expect(masked).toMatchObject({ code: 2 });
  expect(masked.stderr).toMatch(/holds theirs, which hive-sync did not make.*or other schemas: HIVE_SCHEMA/);
  await plain.unsafe(`select * from ${MASKED}.theirs`);
});

test('a second installation shares the database, the queue of it, the account and its numbers, and nothing else', async () => {
  const { as, simulator, url, plain } = await defaultStage();
  expect(await as(OTHER, 'migrate', '--second-installation')).toMatchObject({ code: 0 });
  expect(await as(OTHER, 'migrate', '--check')).toMatchObject({ code: 0 });
  // Run 1 of either, of the same account, at the same time, with the queue in the same tables.
  const ended = await Promise.all([as({}, 'sync'), as(OTHER, 'sync')]);
  expect(ended.map(({ code, stderr }) => (code === 0 ? '' : stderr))).toEqual(['', '']);
  await expectTablesToEqualTruth(url, simulator);
  chooseSchemas(namesFrom({ hive: OTHER.HIVE_SCHEMA, sync: OTHER.SYNC_SCHEMA }));
  await expectTablesToEqualTruth(url, simulator);
  chooseSchemas(namesFrom({}));
  const runs =
    await plain`select 'sync' as s, id, state from sync.runs union all select 'shop_sync', id, state from shop_sync.runs order by 1, 2`;
  expect(runs.map(({ s, id, state }) => `${s} ${id} ${state}`)).toEqual(['shop_sync 1 complete', 'sync 1 complete']);
  const queues = await plain<
    { queue: string }[]
  >`select distinct queue from bullmq.meta where queue like 'sync-%' order by 1`;
  expect(queues.map(({ queue }) => queue)).toEqual(['sync-default', 'sync-default@shop_sync']);
  expect(await as(OTHER, 'doctor')).toMatchObject({ code: 0 });
  expect(await as({}, 'doctor')).toMatchObject({ code: 0 });
});
