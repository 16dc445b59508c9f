// Under other names an old release is brought in step like any other, and schemas of others that happen to have our
// default names are not touched.
import { randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { addressOf } from '../../src/addresses/postgres.js';
import { openDatabase } from '../../src/db/database.js';
import { listRelations } from '../../src/db/export.js';
import { runs } from '../../src/db/machinery/ledger.js';
import { makeMasks } from '../../src/db/masks.js';
import { migrate, pendingMigrations } from '../../src/db/migrate.js';
import { RELEASED, readSteps } from '../../src/db/migrating/steps.js';
import { lostReaders } from '../../src/db/readers.js';
import { atEndOfFile } from '../support/clean-up.js';
import { chooseNamed, DEFAULT_NAME, NAMED, openNamedDatabase, textsInCatalogs } from '../support/named.js';
import { releaseUpTo } from '../support/releases.js';

chooseNamed();

const HIVE = '"Shop ""x"".é"';
const MASKED = '"Shop ""x"".é_masked"';

test('views that others built on ours, in a schema called hive, are made again where they were', async () => {
  const { plain, ...database } = await openNamedDatabase();
  await migrate(database, { folder: releaseUpTo('0010_closed_orders_in_turns') });
  const reader = `hive_sync_test_${randomBytes(5).toString('hex')}`;
  atEndOfFile(async () => void (await plain.unsafe(`drop owned by "${reader}"; drop role "${reader}"`)));
  await plain.unsafe(`
    create role "${reader}"; grant usage on schema ${HIVE} to "${reader}";
    create schema hive; create schema sync;
    create table hive.own (id int); create table sync.runs (id int); insert into sync.runs values (77);
    create view hive.late as select o.account, o.order_id, 'hive.orders' as is_from, r.id as own
      from ${HIVE}.order_fulfilment o cross join sync.runs r;
    comment on view hive.late is 'of hive.own and sync.runs';
    grant select on hive.late to "${reader}"`);
  await makeMasks(database.db);
  await plain.unsafe(`create view sync.masked as select * from ${MASKED}.order_fulfilment`);
  const picture = () => plain`
    select c.oid::regclass::text as name, pg_get_viewdef(c.oid) as definition, c.relacl::text as acl, obj_description(c.oid) as comment
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('hive', 'sync') order by 1`;
  const before = await picture();
  await expect(migrate(database)).rejects.toThrow(/view hive\.late.*view sync\.masked.*--recreate-dependents/s);
  expect(await picture()).toEqual(before);
  expect(await migrate(database, { recreateDependents: true })).toContain('0012_releases');
  expect(await picture()).toEqual(before);
  expect(await pendingMigrations(database)).toEqual([]);
  // Who could read by a right on the schema was found by its name here (0012).
  expect(await plain`select role, access from "shop-sync".readers`).toEqual([{ role: reader, access: 'whole' }]);
  expect(await lostReaders(database.db)).toEqual([{ role: reader, access: 'whole' }]);
  expect((await listRelations(database.db)).has('orders')).toBe(true);
});

test('a comment that differs is set again with the names as they are here', async () => {
  const { plain, ...database } = await openNamedDatabase();
  await migrate(database);
  await plain.unsafe(`comment on schema ${HIVE} is null; comment on column ${HIVE}.orders.status is 'hive.orders'`);
  expect(await pendingMigrations(database)).toEqual(['comments']);
  expect(await migrate(database)).toEqual(['comments']);
  const texts = await textsInCatalogs(plain);
  expect(texts.filter(({ text }) => DEFAULT_NAME.test(text))).toEqual([]);
  const [one] =
    await plain`select obj_description(oid, 'pg_namespace') as comment from pg_namespace where nspname = ${NAMED.HIVE_SCHEMA}`;
  expect(one?.comment).toContain(`Whether it is complete and fresh: ${HIVE}.freshness.`);
});

test('where each transaction may have another session, statements have the chosen names too', async () => {
  const { plain, url } = await openNamedDatabase();
  const database = await openDatabase({ ...addressOf(url), sessions: 'shared' }, { connections: 2 });
  await migrate(database);
  await database.db.transaction(async (tx) => {
    await tx.execute(
      sql`insert into sync.runs (account, mode, collections, trigger) values ('a', 'full', '{}', 'cli')`,
    );
  });
  expect(await database.db.select({ account: runs.account }).from(runs)).toEqual([{ account: 'a' }]);
  expect(await plain`select account from "shop-sync".runs`).toEqual([{ account: 'a' }]);
  await database.close();
});

test('migrations keep the checksums of their files, whatever the schemas are called', async () => {
  const { plain, ...database } = await openNamedDatabase();
  await migrate(database);
  const applied = await plain`select hash, tag from "shop-sync".migrations order by id`;
  expect(applied.map(({ hash, tag }) => ({ hash, tag }))).toEqual(
    readSteps(RELEASED).map(({ hash, tag }) => ({ hash, tag })),
  );
});
