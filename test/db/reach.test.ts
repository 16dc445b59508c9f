// Promise: what grant says of a role holds in the end, whichever way rights come, and so does what it said of others before.
import { randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { grantAccess } from '../../src/db/access.js';
import { openDatabase } from '../../src/db/database.js';
import { reachBeyond } from '../../src/db/reach.js';
import { openTestDatabase } from '../support/database.js';

const { db, url } = await openTestDatabase();
const made = new Set<string>();
const run = (statement: string) => db.execute(sql.raw(statement));

/** A role of this test's own; roles are the whole server's. */
async function role(word: string, attributes = ''): Promise<string> {
  const name = nameOf(word);
  await run(`create role ${name} ${attributes}`);
  return name;
}
function nameOf(word: string): string {
  const name = `hive_sync_test_${word}_${randomBytes(4).toString('hex')}`;
  made.add(name);
  return name;
}

afterAll(async () => {
  for (const name of made) {
    const [found] = await db.execute(sql`select from pg_roles where rolname = ${name}`);
    if (found === undefined) continue;
    await run(`drop owned by ${name} cascade`);
    await run(`drop role ${name}`);
  }
});

/** Rights, promises and schemas, to be compared. */
async function picture(): Promise<unknown> {
  const rows = await db.execute(sql`
    select 'schema' as kind, nspname::text as name, nspacl::text as rights from pg_namespace where nspname !~ '^pg_'
    union all select 'relation', relnamespace::regnamespace || '.' || relname, relacl::text from pg_class
      where relnamespace::regnamespace::text in ('hive', 'sync', 'hive_masked')
    union all select 'default', defaclnamespace::regnamespace::text, defaclacl::text from pg_default_acl
    union all select 'reader', role, access || granted_at from sync.readers
    union all select 'database', datname, datacl::text from pg_database where datname = current_database()
    order by 1, 2, 3`);
  return [...rows];
}

async function expectRefusal(act: () => Promise<unknown>, ...sentences: (string | RegExp)[]): Promise<void> {
  const before = await picture();
  const error = await act().then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  expect(error?.name).toBe('NotPermittedError');
  for (const sentence of sentences) expect(error?.message).toMatch(sentence);
  expect(await picture()).toEqual(before);
}

/** Until the end of the test. */
async function forNow(statement: string, undo: string): Promise<void> {
  await run(statement);
  onTestFinished(async () => void (await run(undo)));
}

describe('taking everything away from a role', () => {
  test.each(['', 'noinherit'])(
    'that is %s a member of a reader is refused, and says how to end it',
    async (attributes) => {
      const group = await role('group');
      const one = await role('member', attributes);
      await grantAccess(db, group, 'whole');
      await run(`grant ${group} to ${one}`);
      await grantAccess(db, one, 'whole');
      await expectRefusal(
        () => grantAccess(db, one, 'none'),
        `Role "${one}" would still reach schema hive as a member of "${group}"`,
        `revoke ${group} from "${one}"`,
      );
      await run(`revoke ${group} from ${one}`);
      await grantAccess(db, one, 'none');
      expect(await reachBeyond(db, [{ role: one, access: 'none' }])).toEqual([]);
    },
  );

  test('that is a member of a group by way of another names the one to leave', async () => {
    const [group, between, one] = [await role('group'), await role('between'), await role('member')];
    await run(`grant ${group} to ${between}`);
    await run(`grant ${between} to ${one}`);
    await grantAccess(db, group, 'masked');
    await expectRefusal(
      () => grantAccess(db, one, 'none'),
      `schema hive_masked as a member of "${group}"`,
      `revoke ${between} from "${one}"`,
    );
  });

  test('is refused while everybody reads, now or tables to come', async () => {
    const one = await role('one');
    await grantAccess(db, one, 'whole');
    await forNow('grant usage on schema hive to public', 'revoke usage on schema hive from public');
    await forNow(
      'alter default privileges in schema hive grant select on tables to public',
      'alter default privileges in schema hive revoke select on tables from public',
    );
    const sentences = [/schema hive by a right of PUBLIC/, 'revoke all on schema hive from public'];
    await expectRefusal(() => grantAccess(db, one, 'none'), ...sentences);
    await run('alter default privileges in schema hive revoke select on tables from public');
    await forNow('grant select (id) on hive.orders to public', 'revoke select (id) on hive.orders from public');
    await expectRefusal(() => grantAccess(db, one, 'none'), ...sentences);
    await run('revoke select (id) on hive.orders from public');
    await grantAccess(db, one, 'none');
  });

  test('is refused to a member of a role that reads everything', async () => {
    const one = await role('one');
    await run(`grant pg_read_all_data to ${one}`);
    await expectRefusal(() => grantAccess(db, one, 'none'), /as a member of "pg_read_all_data"/);
  });

  test('says who of its members still reads, and why', async () => {
    const [group, other, loses, keeps] = [
      await role('group'),
      await role('other'),
      await role('loses', 'noinherit'),
      await role('keeps'),
    ];
    for (const name of [group, other]) await grantAccess(db, name, 'whole');
    await run(`grant ${group} to ${loses}, ${keeps}`);
    await run(`grant ${other} to ${keeps}`);
    const granted = await grantAccess(db, group, 'none');
    expect(granted.members.map((one) => one.role).sort()).toEqual([keeps, loses].sort());
    expect(granted.keeps).toEqual([
      expect.objectContaining({ role: keeps, what: 'schema hive', how: `as a member of "${other}"` }),
    ]);
  });
});

describe('giving the whole to a group', () => {
  test.each(['', 'noinherit'])('with a %s member that was given masked data is refused', async (attributes) => {
    const group = await role('group');
    const one = await role('masked', attributes);
    await grantAccess(db, one, 'masked');
    await run(`grant ${group} to ${one}`);
    await expectRefusal(
      () => grantAccess(db, group, 'whole'),
      `Role "${one}", which was given masked data only, would reach schema hive as a member of "${group}"`,
      `revoke ${group} from "${one}"`,
    );
    await grantAccess(db, group, 'masked');
  });

  test('says who gets it by that, at once or after SET ROLE', async () => {
    const [group, at, after] = [await role('group'), await role('at_once'), await role('set_role', 'noinherit')];
    await run(`grant ${group} to ${at}, ${after}`);
    const { members } = await grantAccess(db, group, 'whole');
    expect(members).toEqual([
      { role: at, inherits: true },
      { role: after, inherits: false },
    ]);
  });
});

test('what did not hold before is said, and keeps nobody from something else', async () => {
  const [group, one, another] = [await role('group'), await role('masked'), await role('another')];
  await grantAccess(db, group, 'whole');
  await grantAccess(db, one, 'masked');
  await run(`grant ${group} to ${one}`);
  const { broken } = await grantAccess(db, another, 'masked');
  expect(broken).toEqual([
    expect.objectContaining({ role: one, access: 'masked', what: 'schema hive', how: `as a member of "${group}"` }),
  ]);
  await run(`revoke ${group} from ${one}`);
});

describe.each(['whole', 'masked'] as const)('a role is not given %s data', (access) => {
  const name = nameOf('creator');
  beforeAll(() => run(`create role ${name}`));
  const database = new URL(url).pathname.slice(1);

  test.each([
    [
      'create in the database',
      `grant create on database ${database} to ROLE`,
      `revoke create on database ${database} from`,
    ],
    ['create in schema hive', 'grant create on schema hive to ROLE', 'revoke create on schema hive from'],
    ['create in schema sync', 'grant create on schema sync to ROLE', 'revoke create on schema sync from'],
    ['create in schema bullmq', 'grant create on schema bullmq to ROLE', 'revoke create on schema bullmq from'],
    ['have triggers run for us', 'grant trigger on hive.orders to ROLE', 'revoke trigger on hive.orders from'],
    [
      'move an identity on',
      'grant usage on sequence hive.status_changes_id_seq to ROLE',
      'revoke usage on sequence hive.status_changes_id_seq from',
    ],
    ['change a column', 'grant update (status) on hive.orders to ROLE', 'revoke update (status) on hive.orders from'],
  ])('that can %s, by PUBLIC or a group', async (_, statement, undo) => {
    const group = await role('group');
    await run(`grant ${group} to ${name}`);
    for (const to of ['public', group]) {
      await run(statement.replace('ROLE', to));
      await expectRefusal(() => grantAccess(db, name, access), to === group ? `as a member of "${group}"` : 'PUBLIC');
      await run(`${undo} ${to}`);
    }
    await run(`revoke ${group} from ${name}`);
    await grantAccess(db, name, access);
  });

  test('that owns a table of ours', async () => {
    await forNow('create table hive.theirs (id int)', 'drop table hive.theirs');
    await run(`alter table hive.theirs owner to ${name}`);
    await expectRefusal(
      () => grantAccess(db, name, access),
      'the right to change hive.theirs',
      /alter table hive\.theirs owner to/,
    );
  });
});

describe('who is to read only is not given schema hive', () => {
  test.each([
    ['pg_execute_server_program', 'the files of the server'],
    ['pg_write_server_files', 'the files of the server'],
  ])('as a member of %s, who changes what it wants', async (group, what) => {
    const one = await role('reader');
    await run(`grant ${group} to ${one}`);
    await expectRefusal(() => grantAccess(db, one, 'whole'), what, `as a member of "${group}"`);
  });

  test('with CREATEROLE, where that is the right to be any role', async () => {
    const one = await role('reader', 'createrole');
    const [{ major } = { major: 0 }] = await db.execute<{ major: number }>(
      sql`select current_setting('server_version_num')::int / 10000 as major`,
    );
    if (major >= 16) await grantAccess(db, one, 'whole');
    else await expectRefusal(() => grantAccess(db, one, 'whole'), 'CREATEROLE', `alter role "${one}" nocreaterole`);
  });
});

test('rights on sequences that a role had before are taken away', async () => {
  const one = await role('reader');
  await run(`grant all on all sequences in schema hive to ${one}`);
  await grantAccess(db, one, 'whole');
  const [row] = await db.execute(
    sql`select has_sequence_privilege(${one}::name, 'hive.status_changes_id_seq', 'usage, update') as may`,
  );
  expect(row).toEqual({ may: false });
});

test('a grant that is refused leaves neither a role nor the schema of masked data', async () => {
  const fresh = await openTestDatabase();
  await fresh.db.execute(sql`grant create on schema hive to public`);
  const name = nameOf('refused');
  await expect(grantAccess(fresh.db, name, 'masked')).rejects.toThrow('create in schema hive');
  const [left] = await fresh.db.execute(sql`
    select to_regnamespace('hive_masked') as schema, exists (select from pg_roles where rolname = ${name}) as role`);
  expect(left).toEqual({ schema: null, role: false });
});

test('a view that others built on the tables is named to whom gave masked data', async () => {
  const [owner, one] = [await role('analyst'), await role('intern')];
  await grantAccess(db, owner, 'whole');
  await run(`create schema reports authorization ${owner}`);
  await run(`grant usage on schema reports to ${one}`);
  await run('create view reports.first as select id, shipping_email from hive.orders');
  await run('create view reports.second as select * from reports.first');
  await run('create view reports.harmless as select * from hive.freshness');
  for (const view of ['first', 'second', 'harmless']) await run(`alter view reports.${view} owner to ${owner}`);
  await run(`grant select on reports.second, reports.harmless to ${one}`);
  expect((await grantAccess(db, one, 'masked')).throughViews).toEqual([{ view: 'reports.second', owner }]);
  await run('drop schema reports cascade');
});

test.each([
  ['a view of ours that shows personal data', 'select supplier_name from hive.restocking_accuracy'],
  ['the bodies of webhooks', 'select * from sync.webhook_deliveries'],
])('so is one on %s', async (_on, query) => {
  const one = await role('intern');
  await run('create schema shown');
  onTestFinished(async () => void (await run('drop schema shown cascade')));
  await run(`create view shown.it as ${query}`);
  await run(`grant usage on schema shown to ${one}`);
  await run(`grant select on shown.it to ${one}`);
  const { throughViews } = await grantAccess(db, one, 'masked');
  expect(throughViews.map(({ view }) => view)).toEqual(['shown.it']);
});

test('what ends a reach names the role, whatever characters are in its name', async () => {
  const name = nameOf("a$&%s$'b");
  await run(`create role "${name}"`);
  onTestFinished(async () => {
    await run(`drop owned by "${name}" cascade`);
    await run(`drop role "${name}"`);
    made.delete(name);
  });
  await run(`grant create on schema hive to "${name}"`);
  const [found] = await reachBeyond(db, [{ role: name, access: 'whole' }]);
  expect(found?.remedy).toBe(`revoke create on schema hive from "${name}"`);
});

test('tables to come are read, also when an administrator has given the command', async () => {
  const fresh = await openTestDatabase();
  const owner = await role('owner', `login superuser`);
  await run(`alter role ${owner} nosuperuser`);
  const database = new URL(fresh.url).pathname.slice(1);
  await fresh.db.execute(sql.raw(`grant create on database ${database} to ${owner}`));
  for (const schema of ['hive', 'sync']) await fresh.db.execute(sql.raw(`alter schema ${schema} owner to ${owner}`));
  for (const { name } of await fresh.db.execute<{ name: string }>(sql`
    select oid::regclass::text as name from pg_class where relnamespace in ('hive'::regnamespace, 'sync'::regnamespace) and relkind in ('r', 'v')`)) {
    await fresh.db.execute(sql.raw(`alter table ${name} owner to ${owner}`));
  }
  const one = nameOf('reader');
  await grantAccess(fresh.db, one, 'whole');
  const own = await openDatabase(fresh.url, { connections: 1 });
  await own.db.execute(sql.raw(`set role ${owner}`));
  await own.db.execute(sql`create table hive.to_come (id int)`);
  await own.close();
  const [row] = await fresh.db.execute(sql`select has_table_privilege(${one}::name, 'hive.to_come', 'select') as may`);
  expect(row).toEqual({ may: true });
  await fresh.db.execute(sql.raw(`drop owned by ${one}`));
  await fresh.db.execute(sql.raw(`reassign owned by ${owner} to current_user`));
  await fresh.db.execute(sql.raw(`drop owned by ${owner}`));
});
