// Promise: whatever a reader puts where others look for functions, operators, types and tables, hive-sync runs none of it.
import { randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { describe, expect, onTestFinished, test } from 'vitest';
import { grantAccess } from '../../src/db/access.js';
import type { Db } from '../../src/db/database.js';
import { layTraps } from '../support/attacker.js';
import { type Ended, startCli } from '../support/cli.js';
import { openStage } from '../support/command.js';
import { describeQueue, needing } from '../support/needs.js';
import { openPgBouncer } from '../support/pgbouncer.js';
import { expectTablesToEqualTruth } from '../support/truth.js';
import { until } from '../support/until.js';

const sizes = { orders: 45, skus: 25, shipments: 25, returns: 5, restocking_shipments: 5, warehouses: 2 };

async function attacked(access: 'whole' | 'masked') {
  const stage = await openStage({ sizes });
  const role = `hive_sync_test_attacker_${randomBytes(4).toString('hex')}`;
  await stage.inDatabase(({ db }) => grantAccess(db, role, access));
  const attack = await layTraps(stage.url, role);
  onTestFinished(async () => {
    await stage.simulator.close();
    await stage.inDatabase(async ({ db }) => {
      await db.execute(sql.raw(`drop owned by "${role}" cascade`));
      await db.execute(sql.raw(`drop role "${role}"`));
    });
  });
  const expectUntouched = async (what: string) => {
    expect(await attack.caught(), what).toBe(0);
    expect(await attack.hasGained(), what).toBe(false);
  };
  return { ...stage, role, attack, expectUntouched };
}

type Attacked = Awaited<ReturnType<typeof attacked>>;

/** Commands that work in the database, the first of them on schemas that are not there yet. */
async function expectCommandsToPass(
  stage: Attacked,
  { env = {}, all = false }: { env?: Readonly<Record<string, string>>; all?: boolean } = {},
) {
  const { simulator, expectUntouched } = stage;
  await stage.inDatabase(({ db }) => db.execute(sql`drop schema if exists hive, hive_masked, sync, bullmq cascade`));
  const run = async (...args: string[]): Promise<Ended> => {
    const ended = await startCli(args, { ...stage.env, ...env }).ended;
    expect(ended.code, `${args.join(' ')}: ${ended.stdout}${ended.stderr}`).toBe(0);
    await expectUntouched(args.join(' '));
    return ended;
  };
  await run('migrate');
  await run('doctor');
  await run('sync');
  await run('rederive');
  for (const name of ['orders', 'order_fulfilment', 'sku_sales', 'freshness']) await run('export', name);
  await run('grant', stage.role, '--mask-personal-data');
  await run('grant', stage.role, '--revoke');
  if (all) await expectTheOthersToPass(stage, run);
  await expectTablesToEqualTruth(stage.url, simulator);
  await expectUntouched('all of it');
  await stage.inDatabase(async ({ db }) => expect(await strangersIn(db)).toEqual([]));
}

async function expectTheOthersToPass({ simulator, role }: Attacked, run: (...args: string[]) => Promise<Ended>) {
  const [first, second] = simulator.truth('orders').map(({ id }) => id) as [number, number];
  simulator.apply({ kind: 'update', collection: 'orders', id: first, patch: { status: 'unfulfillable' } });
  simulator.apply({ kind: 'delete', collection: 'orders', id: second });
  await run('sync', '--full');
  await run('refresh', 'orders', String(first));
  await run('backfill', 'orders', '--from', '2020-01-01');
  await run('explain', 'orders', String(first));
  await run('status');
  await run('dead-letters', 'list');
  await run('webhooks', 'list');
  await run('export', 'orders', '--format', 'jsonl', '--account', 'default');
  await run('grant', role);
}

/** Parts of ours (views, defaults, checks, indexes, columns) that stand on something in schema public. */
async function strangersIn(db: Db): Promise<unknown[]> {
  const found = await db.execute(sql`
    select pg_describe_object(d.classid, d.objid, d.objsubid) as what, pg_describe_object(d.refclassid, d.refobjid, 0) as of
    from pg_depend d join lateral pg_identify_object(d.refclassid, d.refobjid, 0) r on r.schema = 'public'
    cross join lateral pg_identify_object(d.classid, d.objid, 0) o
    where o.schema in ('hive', 'hive_masked', 'sync', 'bullmq') or o.identity ~ ' on (hive|hive_masked|sync|bullmq)\\.'`);
  return [...found];
}

async function expectWorkerToPass(stage: Attacked, env: Readonly<Record<string, string>>) {
  const worker = startCli(['worker'], { ...stage.env, SYNC_INCREMENTAL_EVERY: '2s', ...env });
  const address = await until(
    'the worker listens',
    () => /http:\/\/127\.0\.0\.1:\d+/.exec(worker.output().stderr)?.[0],
  );
  await until('a full and an incremental run are complete', () =>
    stage.inDatabase(async ({ db }) => {
      const runs = await db.execute(sql`select distinct mode from sync.runs where state = 'complete'`);
      return runs.length === 2;
    }),
  );
  for (const path of ['/readyz', '/healthz', '/metrics', '/', '/api/status', '/runs', '/dead-letters']) {
    const { status } = await fetch(address + path);
    expect(status, path).toBeLessThan(500);
    await stage.expectUntouched(path);
  }
  worker.kill('SIGTERM');
  expect((await worker.ended).code).toBe(0);
  await expectTablesToEqualTruth(stage.url, stage.simulator);
  await stage.expectUntouched('the worker');
}

describe.each(['whole', 'masked'] as const)('an attacker that reads %s data', (access) => {
  test('is not met by any command', async () => {
    await expectCommandsToPass(await attacked(access), { all: access === 'masked' });
  }, 600_000);

  describeQueue(({ env }) => {
    test('is not met by a worker, its queue and its server', async () => {
      await expectWorkerToPass(await attacked(access), env);
    }, 300_000);
  });

  test('has laid traps: whoever looks there runs its code, and gives it rights', async () => {
    const stage = await attacked(access);
    const session = postgres(stage.url, { max: 1, fetch_types: false });
    for (const statement of [
      'select now()',
      'select 1 + 1',
      `select 'x'::text`,
      'select * from orders',
      `select array_agg(x) from (values ('a'::pg_catalog.text)) t(x)`,
    ]) {
      const before = await stage.attack.caught();
      await session.unsafe(statement).catch(() => {});
      expect(await stage.attack.caught(), statement).toBeGreaterThan(before);
    }
    await session.end();
    expect(await stage.attack.hasGained()).toBe(true);
  }, 120_000);
});

describe('through PgBouncer', needing('pgbouncer'), () => {
  test.each(['session', 'transaction'] as const)(
    'in %s mode it is not met either',
    async (mode) => {
      const stage = await attacked('masked');
      const bouncer = await openPgBouncer(stage.url, mode, ['default_pool_size = 40']);
      onTestFinished(bouncer.close);
      await expectCommandsToPass(stage, {
        env: { DATABASE_URL: bouncer.url, ...(mode === 'transaction' ? { QUEUE_DATABASE_URL: stage.url } : {}) },
      });
    },
    600_000,
  );
});
