// What analysts built on our views is named before a migration drops them, and made again as it was where that is asked.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/db/database.js';
import { makeMasks } from '../../src/db/masks.js';
import { migrate, pendingMigrations } from '../../src/db/migrate.js';
import { doomedBy } from '../../src/db/migrating/doomed.js';
import { runCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { releaseUpTo, releaseWith } from '../support/releases.js';

const ANALYST = `analyst_${process.pid}`;
const READER = `reader_${process.pid}`;

/** A database of release 0010, on which others have built. */
async function builtUpon(): Promise<Database & { readonly url: string }> {
  const url = await createDatabase();
  const database = await openDatabase(url, { connections: 2 });
  await database.db.execute(sql`drop schema if exists bullmq, hive, sync cascade`);
  await migrate(database, { folder: releaseUpTo('0010_closed_orders_in_turns') });
  for (const role of [ANALYST, READER]) {
    await database.db.execute(
      sql.raw(`do $$ begin create role ${role}; exception when duplicate_object then null; end $$`),
    );
  }
  const statements = `
    create schema analytics authorization ${ANALYST};
    grant usage on schema hive, sync to ${ANALYST};
    grant select on all tables in schema hive to ${ANALYST};
    grant select (account, order_id) on hive.order_fulfilment to ${READER};
    set role ${ANALYST};
    create view analytics.late with (security_barrier) as
      select account, order_id, hours_to_ship as hours from hive.order_fulfilment where hours_to_ship > 48;
    comment on view analytics.late is 'Late''s the word';
    comment on column analytics.late.hours is 'of waiting';
    grant select on analytics.late to ${READER} with grant option;
    grant select (order_id) on analytics.late to public;
    create materialized view analytics.by_account as select account, count(*) as late from analytics.late group by 1;
    create unique index by_account_key on analytics.by_account (account);
    comment on index analytics.by_account_key is 'one each';
    reset role;
    create view hive.mine as select * from hive.sku_sales;`;
  await database.db.transaction(async (tx) => {
    for (const statement of statements.split(';\n')) await tx.execute(sql.raw(statement));
  });
  return { ...database, url };
}

/** Everything that must be as before: definitions, owners, options, rights, comments, indexes. */
async function picture({ db }: Database) {
  const rows = await db.execute<Record<string, unknown>>(sql`
    select n.nspname, c.relname, c.relkind::text, pg_get_userbyid(c.relowner)::text as owner, c.reloptions::text as options,
      c.relacl::text as acl, obj_description(c.oid, 'pg_class') as comment,
      case when c.relkind = 'i' then pg_get_indexdef(c.oid) else pg_get_viewdef(c.oid) end as definition,
      (select jsonb_object_agg(a.attname, jsonb_build_array(col_description(c.oid, a.attnum), a.attacl::text)) from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and c.relkind in ('v', 'm')) as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'analytics' or (n.nspname = 'hive' and c.relname = 'mine') order by 1, 2`);
  return [...rows];
}

test('without the option they are named, nothing changes, and the worker does not start', async () => {
  const database = await builtUpon();
  const before = await picture(database);
  const env = { DATABASE_URL: database.url, HIVE_API_KEY: 'a-key', HIVE_API_URL: 'http://127.0.0.1:9' };
  for (const command of ['migrate', 'worker']) {
    const { code, stderr } = await runCli([command], env);
    expect([command, code]).toEqual([command, 1]);
    expect(stderr).toContain(`view analytics.late (of role ${ANALYST})`);
    expect(stderr).toMatch(/view hive\.mine .*materialized view analytics\.by_account .*--recreate-dependents/);
  }
  expect(await picture(database)).toEqual(before);
  expect(await pendingMigrations(database)).toContain('0011_truth');
  await database.close();
});

test('with it they are as before: owners, rights, comments, options, indexes, also rights on views of ours', async () => {
  const database = await builtUpon();
  await makeMasks(database.db);
  await database.db.execute(sql.raw(`create view analytics.masked as select * from hive_masked.order_fulfilment`));
  await database.db.execute(sql.raw(`grant select on hive_masked.order_fulfilment to ${READER}`));
  const before = await picture(database);
  const { code, stdout, stderr } = await runCli(['migrate', '--recreate-dependents'], { DATABASE_URL: database.url });
  expect(stderr).toBe('');
  expect(stdout).toMatch(/Applied: 0011_truth, 0012_releases/);
  expect(code).toBe(0);
  expect(await picture(database)).toEqual(before);
  const [rights] = await database.db.execute(sql`
    select has_column_privilege(${READER}::name, 'hive.order_fulfilment', 'order_id', 'select') as own,
      has_column_privilege(${READER}::name, 'hive.order_fulfilment', 'status', 'select') as more,
      has_table_privilege(${READER}::name, 'hive_masked.order_fulfilment', 'select') as masked,
      has_table_privilege(${ANALYST}::name, 'hive.order_fulfilment', 'select') as analyst`);
  expect(rights).toEqual({ own: true, more: false, masked: true, analyst: true });
  expect(await pendingMigrations(database)).toEqual([]);
  await database.db.execute(sql`select * from analytics.by_account, hive.mine, analytics.masked`);
  await database.close();
}, 60_000);

test('what cannot be made again is named and left: a function, and a view of a column that is gone', async () => {
  const database = await builtUpon();
  await migrate(database, { recreateDependents: true });
  await database.db.execute(sql`
    create function analytics.states() returns setof hive.order_fulfilment language sql as 'select * from hive.order_fulfilment'`);
  const dropping = releaseWith(
    '0099_shorter',
    `drop view hive.order_fulfilment;--> statement-breakpoint
    create view hive.order_fulfilment as select account, order_id from hive.orders o(account, order_id);`,
  );
  const options = { folder: dropping, recreateDependents: true };
  await expect(migrate(database, options)).rejects.toThrow(
    /cannot be made again by itself: function analytics\.states\(\)/,
  );
  await database.db.execute(sql`drop function analytics.states()`);
  const before = await picture(database);
  await expect(migrate(database, options)).rejects.toThrow(
    /view analytics\.late cannot be made again .*column "hours_to_ship" does not exist.*Nothing was changed/,
  );
  expect(await picture(database)).toEqual(before);
  expect(await pendingMigrations(database)).toEqual([]);
  await database.close();
});

test('a user who may not act for the owners is told who can', async () => {
  const database = await builtUpon();
  const { db, url } = database;
  const user = `product_${process.pid}`;
  await db.execute(
    sql.raw(`do $$ begin create role ${user} login password 'x'; exception when duplicate_object then null; end $$`),
  );
  await db.execute(sql.raw(`grant create on database ${new URL(url).pathname.slice(1)} to ${user}`));
  await db.execute(sql.raw(`grant usage on schema analytics to ${user}`));
  await db.execute(sql.raw(`drop view hive.mine`));
  for (const schema of ['hive', 'sync']) await db.execute(sql.raw(handOver(schema, user)));
  const theirs = new URL(url);
  theirs.username = user;
  theirs.password = 'x';
  const own = await openDatabase(theirs.href, { connections: 2 });
  await expect(migrate(own, { recreateDependents: true })).rejects.toThrow(
    /may not act for the owners of view analytics\.late/,
  );
  // A superuser runs it for once; what is new belongs to the one who owns the rest.
  await migrate(database, { recreateDependents: true });
  const [owners] = await db.execute(sql`
    select array_agg(distinct pg_get_userbyid(relowner)::text) as owners from pg_class
    where relnamespace in ('hive'::regnamespace, 'sync'::regnamespace) and relkind in ('r', 'v')`);
  expect(owners).toEqual({ owners: [user] });
  expect(await pendingMigrations(own)).toEqual([]);
  await own.close();
  await database.close();
});

const handOver = (schema: string, user: string) => `do $$ declare it record; begin
  execute 'alter schema ${schema} owner to ${user}';
  for it in select c.oid::regclass as name, c.relkind from pg_class c where c.relnamespace = '${schema}'::regnamespace and c.relkind in ('r', 'v')
  loop execute format('alter %s %s owner to ${user}', case it.relkind when 'v' then 'view' else 'table' end, it.name); end loop;
  for it in select p.oid::regprocedure as name from pg_proc p where p.pronamespace = '${schema}'::regnamespace
  loop execute format('alter function %s owner to ${user}', it.name); end loop; end $$`;

test('what a migration drops or alters is read from its statements', () => {
  const statements = [
    'DROP VIEW "hive"."a";',
    'drop view if exists hive.b, hive.c',
    'ALTER TABLE "hive"."orders" DROP COLUMN "x";',
    'ALTER TABLE "sync"."sku_sales" ALTER COLUMN "units" SET DATA TYPE bigint;',
    'ALTER TABLE "hive"."orders" ALTER COLUMN "y" SET NOT NULL; DROP INDEX "hive"."z"',
  ];
  expect(doomedBy([{ statements }])).toEqual([
    { place: ['hive', 'a'], relation: '"hive"."a"' },
    { place: ['hive', 'b'], relation: '"hive"."b"' },
    { place: ['hive', 'c'], relation: '"hive"."c"' },
    { place: ['hive', 'orders'], relation: '"hive"."orders"', column: 'x' },
    { place: ['sync', 'sku_sales'], relation: '"sync"."sku_sales"', column: 'units' },
  ]);
});
