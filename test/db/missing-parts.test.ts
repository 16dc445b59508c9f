// Promise: what migrations made and somebody dropped is named by whatever looks whether the schema is in step.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { migrate, pendingMigrations } from '../../src/db/migrate.js';
import { readParts } from '../../src/db/missing-parts.js';
import { MissingPartsError } from '../../src/errors.js';
import { openTestDatabase } from '../support/database.js';
import { releaseUpTo } from '../support/releases.js';

test('migrations/parts.json is what the migrations make (vitest run -u writes it)', async () => {
  const { db } = await openTestDatabase();
  await expect(`${JSON.stringify(await readParts(db), null, 1)}\n`).toMatchFileSnapshot('../../migrations/parts.json');
});

test.each([
  ['drop table hive.orders cascade', 'table hive.orders'],
  ['drop table sync.lookups cascade', 'table sync.lookups'],
  ['drop view hive.schema_drift cascade', 'view hive.schema_drift'],
  ['alter table hive.skus drop column name cascade', 'column hive.skus.name'],
  ['alter table hive.skus rename column name to title', 'column hive.skus.name'],
  ['alter table hive.orders rename to bought', 'table hive.orders'],
  ['alter table sync.dead_letters drop constraint dead_letters_once', 'unique index sync.dead_letters_once'],
  ['drop sequence sync.runs_id_seq cascade', 'sequence sync.runs_id_seq'],
  ['alter table hive.orders disable trigger all', 'trigger '],
  ['alter table sync.windows drop constraint windows_run_id_runs_id_fk', 'foreign key windows_run_id_runs_id_fk'],
  ['alter table sync.runs alter started_at drop default', 'default of sync.runs.started_at'],
  ['alter table sync.runs alter id drop default', 'default of sync.runs.id'],
  [
    'create or replace function sync.touch_orders() returns trigger language plpgsql as $$ begin return null; end $$',
    'function sync.touch_orders(0)',
  ],
  ['alter function sync.touch_orders() reset all', 'function sync.touch_orders(0)'],
])('%s', async (statement, named) => {
  const database = await openTestDatabase();
  await database.db.execute(sql.raw(statement));
  for (const look of [pendingMigrations, migrate]) {
    const error = await look(database).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(MissingPartsError);
    expect(String(error)).toContain(named);
    expect(String(error)).toContain('docs/operations.md, "Parts that are gone"');
  }
});

test('an update does not go through where something was dropped before it', async () => {
  const database = await openTestDatabase();
  const { db } = database;
  await db.execute(sql`drop schema hive, sync cascade`);
  const older = releaseUpTo('0014_confirmed');
  await migrate(database, { folder: older });
  await db.execute(sql`drop trigger touched_by_insert on hive.orders`);
  await expect(migrate(database)).rejects.toThrow(/trigger touched_by_insert of hive\.orders\. /);
  expect(await pendingMigrations({ db }, { folder: older })).toEqual([]);
});

test('what belongs to a table that is gone is not named beside it', async () => {
  const { db } = await openTestDatabase();
  await db.execute(sql`drop table hive.return_photos, sync.dead_letters cascade`);
  await expect(pendingMigrations({ db })).rejects.toThrow(
    /: table hive\.return_photos, table sync\.dead_letters, view /,
  );
});

test('every function and trigger is missed when it is gone', async () => {
  const { db } = await openTestDatabase();
  const parts = (await readParts(db)).filter((part) => /^(function|trigger) /.test(part));
  expect(parts.length).toBeGreaterThan(10);
  for (const part of parts) {
    const undo = new Error('undo');
    const after = db.transaction(async (tx) => {
      const [, trigger, table] = /^trigger (\S+) of (\S+)$/.exec(part) ?? [];
      const [, schema, name] = /^function (\w+)\.(\w+)\(/.exec(part) ?? [];
      if (trigger !== undefined) await tx.execute(sql.raw(`drop trigger "${trigger}" on ${table}`));
      else await tx.execute(sql.raw(`drop routine ${schema}."${name}" cascade`));
      expect(await readParts(tx)).not.toContain(part);
      throw undo;
    });
    await expect(after).rejects.toBe(undo);
  }
});
