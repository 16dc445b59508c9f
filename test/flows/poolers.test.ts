// Promise: a pooler before PostgreSQL does no harm. In session mode everything works; in transaction mode it does with the
// queue in Redis, or with QUEUE_DATABASE_URL; and what cannot work is one sentence at the start.
import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { afterEach, describe, expect, test } from 'vitest';
import { type Ended, startCli } from '../support/cli.js';
import { openStage } from '../support/command.js';
import { setHostile } from '../support/hostile-settings.js';
import { describeQueue, needing } from '../support/needs.js';
import { openPgBouncer } from '../support/pgbouncer.js';
import { openOwnRedis } from '../support/servers.js';
import { expectTablesToEqualTruth } from '../support/truth.js';
import { until } from '../support/until.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const sizes = { orders: 65, skus: 25, shipments: 25, returns: 5, restocking_shipments: 5, warehouses: 2 };
/** As owners set it, for the sessions that the pooler opens. */
const OWNERS = [
  ['DateStyle', 'German'],
  ['IntervalStyle', 'sql_standard'],
  ['TimeZone', 'Asia/Kathmandu'],
  ['extra_float_digits', '-15'],
  ['bytea_output', 'escape'],
  ['standard_conforming_strings', 'off'],
  ['default_transaction_isolation', 'serializable'],
  ['default_transaction_read_only', 'on'],
  ['idle_in_transaction_session_timeout', '3s'],
] as const;

async function stageOf(mode: 'session' | 'transaction', ...settings: string[]) {
  const stage = await openStage({ sizes });
  const url = await setHostile(stage.url, 'database', OWNERS);
  const bouncer = await openPgBouncer(stage.url, mode, settings);
  closing.push(() => stage.simulator.close(), bouncer.close);
  const run = (env: Record<string, string>, ...args: string[]): Promise<Ended> =>
    startCli(args, { ...stage.env, DATABASE_URL: bouncer.url, ...env }).ended;
  return { ...stage, direct: url, bouncer, run };
}

async function redis(): Promise<Record<string, string>> {
  const server = await openOwnRedis();
  closing.push(server.close);
  return { REDIS_URL: server.url };
}

/** Every kind of command, on a database that is empty at first. */
async function expectAllToWork(stage: Awaited<ReturnType<typeof stageOf>>, env: Record<string, string>) {
  const { simulator } = stage;
  await stage.inDatabase(({ db }) => db.execute(sql`drop schema if exists hive, sync, bullmq cascade`));
  const expectEnd = async (code: number, ...args: string[]) => {
    const ended = await stage.run(env, ...args);
    expect(ended.code, `${args.join(' ')}: ${ended.stdout}${ended.stderr}`).toBe(code);
    return ended;
  };
  await expectEnd(0, 'migrate');
  const doctor = await expectEnd(0, 'doctor');
  await expectEnd(0, 'sync');
  const [first, second] = simulator.truth('orders').map(({ id }) => id) as [number, number];
  simulator.apply({ kind: 'update', collection: 'orders', id: first, patch: { status: 'unfulfillable' } });
  simulator.apply({ kind: 'delete', collection: 'orders', id: second });
  await expectEnd(0, 'sync');
  await expectEnd(0, 'sync', '--full');
  await expectEnd(0, 'refresh', 'orders', String(first));
  await expectEnd(0, 'backfill', 'orders', 'warehouses', '--from', '2020-01-01');
  await expectEnd(0, 'rederive');
  await expectEnd(0, 'explain', 'orders', String(first));
  await expectEnd(0, 'status');
  const exported = await expectEnd(0, 'export', 'order_fulfilment');
  await expectTablesToEqualTruth(stage.url, simulator);
  return { doctor: doctor.stdout, exported: exported.stdout };
}

describe('PgBouncer in session mode', needing('pgbouncer'), () => {
  describeQueue(({ env }) => {
    test('everything works, whatever the owner has set', async () => {
      const stage = await stageOf('session');
      const through = await expectAllToWork(stage, { ...env });
      expect(through.doctor).toContain('✓ sessions: a pooler in session mode; locks and settings stay');
      const direct = await stage.run({ DATABASE_URL: stage.url }, 'export', 'order_fulfilment');
      expect(through.exported).toBe(direct.stdout);
    }, 240_000);
  });
});

describe('PgBouncer in transaction mode', needing('pgbouncer', 'redis-server'), () => {
  test('everything works with the queue in Redis, with few sessions, and others find these as they were', async () => {
    const stage = await stageOf('transaction', 'default_pool_size = 3');
    const through = await expectAllToWork(stage, await redis());
    expect(through.doctor).toContain('✓ sessions: a pooler in transaction mode; settings go with each transaction');
    const direct = await stage.run({ DATABASE_URL: stage.url }, 'export', 'order_fulfilment');
    expect(through.exported).toBe(direct.stdout);
    // All three at once, so that none is left out.
    const others = Array.from({ length: 3 }, () => postgres(stage.bouncer.url, { max: 1, prepare: false }));
    closing.push(() => Promise.all(others.map((one) => one.end())));
    for (const one of others) await one.unsafe('begin');
    for (const one of others) {
      const [state] = await one.unsafe(`
        select (select count(*)::int from pg_prepared_statements) as prepared, (select count(*)::int from pg_locks
          where pid = pg_backend_pid() and locktype = 'advisory') as locks, current_setting('row_security') as row_security,
          ${OWNERS.map(([name]) => `current_setting('${name}') as "${name}"`).join()}`);
      const expected = { ...Object.fromEntries(OWNERS), DateStyle: expect.stringMatching(/^German/) };
      expect(state).toEqual({ prepared: 0, locks: 0, row_security: 'on', ...expected });
    }
  }, 240_000);

  test('everything works with the queue in PostgreSQL where QUEUE_DATABASE_URL names the server itself', async () => {
    const stage = await stageOf('transaction', 'default_pool_size = 3');
    const { doctor } = await expectAllToWork(stage, { QUEUE_DATABASE_URL: stage.url });
    expect(doctor).toContain('locks stay at QUEUE_DATABASE_URL');
    expect(doctor).toContain('✓ notifications: heard');
  }, 240_000);

  test('a worker that was killed is followed by another one at once: its claim went with it', async () => {
    const stage = await stageOf('transaction');
    const { simulator } = stage;
    const env = { ...stage.env, DATABASE_URL: stage.bouncer.url, ...(await redis()), LOG_LEVEL: 'info' };
    simulator.addFault({ match: { path: '/orders', page: 2 }, respond: { delayMs: 600_000 } });
    const schedules = { SYNC_INCREMENTAL_EVERY: 'off', SYNC_FULL_CRON: 'off', HTTP_PORT: '0' };
    const first = startCli(['sync', 'orders'], env);
    await until('it is in the middle', () => simulator.requests.some(({ query }) => /page=2/.test(query)));
    const claims = () =>
      stage.inDatabase(({ db }) =>
        db.execute(sql`select from pg_locks where locktype = 'advisory' and database =
        (select oid from pg_database where datname = current_database())`),
      );
    expect(await claims()).not.toHaveLength(0);
    first.kill('SIGKILL');
    await first.ended;
    await until('its claim is gone', async () => (await claims()).length === 0);
    simulator.clearFaults();
    const worker = startCli(['worker'], { ...env, ...schedules });
    await until('the run ends', () =>
      stage.inDatabase(async ({ db }) => {
        const [run] = await db.execute<{ state: string }>(sql`select state from sync.runs order by id desc limit 1`);
        return run?.state === 'complete';
      }),
    );
    worker.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0 });
    await expectTablesToEqualTruth(stage.url, simulator, ['orders']);
  }, 120_000);

  test.each([
    ['a pooler that is killed and started again', [], true],
    ['a pooler that ends each transaction that waits for two seconds', ['idle_transaction_timeout = 2'], false],
  ])(
    '%s: nothing is lost',
    async (_what, settings, isKilled) => {
      const stage = await stageOf('transaction', ...settings);
      const { simulator } = stage;
      const env = { ...stage.env, DATABASE_URL: stage.bouncer.url, ...(await redis()) };
      // Longer than the pooler lets a transaction wait: that of the claims goes, and comes again.
      simulator.addFault({ match: { path: '/orders', page: 2 }, times: 1, respond: { delayMs: 5_000 } });
      const sync = startCli(['sync', '--full'], env);
      await until('it is in the middle', () => simulator.requests.some(({ query }) => /page=2/.test(query)));
      if (isKilled) await stage.bouncer.restart();
      const ended = await sync.ended;
      expect(ended.code, ended.stderr).toBe(0);
      await expectTablesToEqualTruth(stage.url, simulator);
    },
    120_000,
  );

  test('with the queue in PostgreSQL: one sentence, and nothing is made', async () => {
    const stage = await stageOf('transaction');
    await stage.inDatabase(({ db }) => db.execute(sql`drop schema if exists hive, sync, bullmq cascade`));
    const sentence =
      /At \S+ \(DATABASE_URL\) a pooler in transaction mode answers, where a queue in PostgreSQL cannot work: .* QUEUE_DATABASE_URL, or keep the queue in Redis \(REDIS_URL\)\.\n/;
    expect(await stage.run({}, 'doctor')).toMatchObject({ code: 1, stdout: expect.stringMatching(sentence) });
    for (const command of ['sync', 'worker']) {
      const ended = await stage.run({}, command);
      expect(ended, ended.stderr).toMatchObject({ code: 2, stderr: expect.stringMatching(sentence) });
    }
    const made = await stage.inDatabase(({ db }) =>
      db.execute(sql`select from pg_namespace where nspname in ('hive', 'sync', 'bullmq')`),
    );
    expect(made).toHaveLength(0);
  });

  test('QUEUE_DATABASE_URL that leads nowhere good: one sentence', async () => {
    const stage = await stageOf('transaction');
    const elsewhere = await openStage({ sizes });
    closing.push(() => elsewhere.simulator.close());
    const other = await stage.run({ QUEUE_DATABASE_URL: elsewhere.url }, 'sync');
    expect(other).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('reaches another database than DATABASE_URL'),
    });
    const same = await stage.run({ QUEUE_DATABASE_URL: stage.bouncer.url }, 'sync');
    expect(same.code).toBe(2);
    expect(same.stderr).toMatch(
      /At \S+ \(QUEUE_DATABASE_URL\) a pooler in transaction mode answers: name PostgreSQL itself/,
    );
  });
});

describe('a pooler with one session to lend', needing('pgbouncer'), () => {
  test.each(['session', 'transaction'] as const)('in %s mode: one sentence, and an end', async (mode) => {
    const stage = await stageOf(mode, 'default_pool_size = 1');
    const ended = await stage.run(await redis(), 'sync');
    expect(ended, ended.stderr).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Error: The pooler at \S+ lent no second session within 10 s: /),
    });
  });
});

test('options of the address that the pooler does not take are named', needing('pgbouncer'), async () => {
  const stage = await stageOf('session');
  const url = `${stage.bouncer.url}?options=${encodeURIComponent('-c work_mem=8MB')}`;
  const ended = await stage.run({ DATABASE_URL: url }, 'status');
  expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('does not take the options of the address') });
});
