// Promise: what others have built, or allow, is looked at before anything is made. What an administrator has to run is said
// in one sentence, and is enough.
import postgres from 'postgres';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { type Ended, runCli } from '../support/cli.js';
import { openStage } from '../support/command.js';
import { inDatabase } from '../support/global-setup.js';
import { setHostile } from '../support/hostile-settings.js';

/** A database without any schema of ours, a role that may do nothing in it yet, and an administrator. */
async function stageOf() {
  const stage = await openStage({
    sizes: { orders: 25, skus: 5, shipments: 0, returns: 0, restocking_shipments: 0, warehouses: 1 },
  });
  const url = await setHostile(stage.url, 'role', []);
  const role = new URL(url).username;
  const database = new URL(url).pathname.slice(1);
  const admin = postgres(inDatabase(inject('server'), database), { max: 1, onnotice: () => {} });
  onTestFinished(async () => {
    await admin.end();
    await stage.simulator.close();
  });
  await admin.unsafe(`alter role ${role} nosuperuser; drop schema if exists hive, sync, bullmq cascade`);
  const run = (...args: string[]): Promise<Ended> => runCli(args, { ...stage.env, DATABASE_URL: url });
  const expectEnd = async (code: number, ...args: string[]) => {
    const ended = await run(...args);
    expect(ended.code, `${args.join(' ')}: ${ended.stdout}${ended.stderr}`).toBe(code);
    return code === 2 || code === 1 ? ended.stderr || ended.stdout : ended.stdout;
  };
  const made = async (): Promise<string[]> => {
    const rows = await admin<{ name: string }[]>`
      select n.nspname || coalesce('.' || c.relname, '') as name from pg_namespace n
      left join pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'v')
      where n.nspname in ('hive', 'sync', 'bullmq') order by 1`;
    return rows.map(({ name }) => name);
  };
  return { ...stage, url, role, database, admin, run, expectEnd, made };
}

/** What a sentence says that somebody has to run. */
const statementsIn = (sentence: string): string => {
  const [, statements] = /run(?: there)?: ((?:create|grant) .*;)$/m.exec(sentence) ?? [];
  if (statements === undefined) throw new Error(`there are no statements in: ${sentence}`);
  return statements;
};

describe('a role that may not make schemas', () => {
  test('is told what to ask for, for tables and queue, and then works', async () => {
    const { admin, expectEnd, made, role, run } = await stageOf();
    const sentence = `Error: The database user "${role}" may not make schemas "hive" and "sync", which are missing, in database `;
    const told = await expectEnd(1, 'migrate');
    expect(told).toContain(sentence);
    expect((await run('doctor')).stdout).toContain('✗ database: The database user ');
    expect(await made()).toEqual([]);
    await admin.unsafe(statementsIn(told));
    const queue = await expectEnd(1, 'sync');
    expect(queue).toContain('may not make schema "bullmq", which is missing');
    // Nothing is half made: the tables come with the queue.
    expect(await made()).toEqual(['hive', 'sync']);
    expect(await expectEnd(1, 'worker')).toContain('may not make schema "bullmq"');
    await admin.unsafe(statementsIn(queue));
    await expectEnd(0, 'sync');
    await expectEnd(0, 'doctor');
  });

  test('uses schemas that belong to somebody else, once it may create in them', async () => {
    const { admin, expectEnd, made, role } = await stageOf();
    await admin.unsafe('create schema hive; create schema sync; create schema bullmq');
    const told = await expectEnd(1, 'migrate');
    expect(told).toContain(
      `The database user "${role}" may not create anything in schemas "hive" and "sync", in database`,
    );
    await admin.unsafe(statementsIn(told));
    await expectEnd(0, 'migrate');
    const queue = await expectEnd(1, 'sync');
    await admin.unsafe(statementsIn(queue));
    await expectEnd(0, 'sync');
    await expectEnd(0, 'doctor');
    expect(await expectEnd(0, 'migrate', '--check')).toContain('in step');
    expect(await made()).toContain('hive.orders');
    const [owners] = await admin`
      select array_agg(distinct relowner::regrole::text) as names from pg_class where relnamespace = 'sync'::regnamespace`;
    expect(owners?.names).toEqual([role]);
  });

  test('goes on after a superuser has migrated for it', async () => {
    const { admin, env, expectEnd, role, url } = await stageOf();
    await admin.unsafe('create schema hive; create schema sync; create schema bullmq');
    await admin.unsafe(`grant usage, create on schema hive, sync, bullmq to ${role}`);
    await expectEnd(0, 'sync');
    // As if a later release were to make it.
    await admin.unsafe(`delete from sync.migrations where created_at = (select max(created_at) from sync.migrations);
      comment on table hive.orders is 'stale'`);
    const superuser = inDatabase(inject('server'), new URL(url).pathname.slice(1));
    expect(await runCli(['migrate'], { ...env, DATABASE_URL: superuser })).toMatchObject({ code: 0 });
    const [owners] = await admin`
      select array_agg(distinct relowner::regrole::text) as names from pg_class where relnamespace = 'hive'::regnamespace`;
    expect(owners?.names).toEqual([role]);
    await expectEnd(0, 'sync');
  });
});

describe('a schema that somebody else has made something in', () => {
  test.each([
    ['sync', 'create schema sync; create table sync.jobs (id int)', 'jobs'],
    [
      'sync',
      'create schema sync; create table sync.migrations (id serial, hash text, created_at bigint)',
      'migrations',
    ],
    ['sync', 'create schema sync; create function sync.f() returns int language sql return 1', 'f'],
    ['hive', 'create schema hive; create view hive.bees as select 1 as one', 'bees'],
  ])('%s: %s', async (schema, statements, held) => {
    const { admin, database, expectEnd, made, role, run } = await stageOf();
    await admin.unsafe(`grant create on database ${database} to ${role}; ${statements}`);
    const before = await made();
    const sentence = new RegExp(`Schema "${schema}" of database "\\w+" belongs to "postgres" and holds [^.]*${held}`);
    for (const command of ['migrate', 'sync', 'worker', 'status']) {
      expect(await expectEnd(2, command), command).toMatch(sentence);
    }
    expect(await run('doctor')).toMatchObject({ code: 1, stdout: expect.stringMatching(sentence) });
    expect(await made()).toEqual(before);
  });

  test('bullmq: nothing is made, in the other schemas neither', async () => {
    const { admin, database, expectEnd, made, role } = await stageOf();
    await admin.unsafe(`grant create on database ${database} to ${role}`);
    await admin.unsafe(`create schema bullmq; create table bullmq.jobs (id int)`);
    expect(await expectEnd(2, 'sync')).toContain('Schema "bullmq" of database');
    expect(await made()).toEqual(['bullmq.jobs']);
  });

  test('hive_masked is not taken for ours', async () => {
    const { admin, database, expectEnd, role } = await stageOf();
    await admin.unsafe(`grant create on database ${database} to ${role}; create schema hive_masked`);
    await admin.unsafe(`create table hive_masked.theirs (id int); grant all on schema hive_masked to ${role}`);
    await expectEnd(0, 'migrate');
    await admin.unsafe(`alter role ${role} createrole`);
    const told = await expectEnd(2, 'grant', `${role}_reader`, '--mask-personal-data');
    expect(told).toContain('Schema "hive_masked" holds tables, which hive-sync did not make.');
  });
});

describe('rights that were taken away after the installation', () => {
  test.each([
    ['usage of a schema', 'revoke usage on schema hive from ROLE', 'may not use schema "hive" any more'],
    [
      'a table',
      'revoke update on hive.orders from ROLE',
      'may not use all of hive.orders. Let the owner ("postgres") run',
    ],
    [
      'a sequence',
      'revoke usage, update on sequence sync.runs_id_seq from ROLE',
      'may not use all of sync.runs_id_seq',
    ],
    [
      'a function',
      'revoke execute on all functions in schema sync from public',
      'may not use all of sync.confirm_slot',
    ],
  ])('%s', async (_what, revoked, sentence) => {
    const { admin, env, expectEnd, database, role, run } = await stageOf();
    const superuser = inDatabase(inject('server'), database);
    expect(await runCli(['sync'], { ...env, DATABASE_URL: superuser })).toMatchObject({ code: 0 });
    await admin.unsafe(`grant usage, create on schema hive, sync, bullmq to ${role};
      grant all on all tables in schema hive, sync, bullmq to ${role};
      grant all on all sequences in schema hive, sync, bullmq to ${role}; alter table bullmq.migration owner to ${role};
      ${revoked.replace('ROLE', role)}`);
    const told = await expectEnd(1, 'sync');
    expect(told).toContain(`The database user "${role}" `.slice(4));
    expect(told).toContain(sentence);
    expect((await run('doctor')).code).toBe(1);
    expect(await expectEnd(1, 'worker')).toContain(sentence);
    await admin.unsafe(statementsIn(told));
    await expectEnd(0, 'sync');
  });
});
