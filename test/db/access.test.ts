// Promise: a reader reads schema hive and nothing else, and one with masked data reads nothing personal by any path.
import { randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collections } from '../../src/collections/index.js';
import { grantAccess } from '../../src/db/access.js';
import type { Fields } from '../../src/db/columns.js';
import { openDatabase } from '../../src/db/database.js';
import { migrate, pendingMigrations } from '../../src/db/migrate.js';
import type { Row } from '../../src/db/stored-record.js';
import { upsertRecords } from '../../src/db/upsert.js';
import { masks } from '../../src/docs/masks.js';
import { relations } from '../../src/docs/relations.js';
import { parsed } from '../support/collections.js';
import { openTestDatabase } from '../support/database.js';

const database = await openTestDatabase();
const { db, url } = database;
const made = new Set<string>();
/** Roles are the whole server's: each has a name that nobody else uses. */
const nameOf = (word: string): string => {
  const name = `hive_sync_test_${word}_${randomBytes(4).toString('hex')}`;
  made.add(name);
  return name;
};
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const run = (statement: string) => db.execute(sql.raw(statement));

/** The examples, with a word in the place of each personal text that stands nowhere else in the world. */
const secrets: string[] = [];
const examples = new Map(
  collections.map((collection) => {
    const { row, children } = parsed(collection, collection.example);
    const personalOf = (fields: Fields, values: Row): string[] =>
      Object.entries(fields).flatMap(([name, { personal }]) => (personal === true ? textsIn(values[name]) : []));
    const personal = new Set([
      ...personalOf(collection.fields, row),
      ...collection.allChildren.flatMap((child) =>
        (children[child.table] ?? []).flatMap((one) => personalOf(child.fields, one)),
      ),
    ]);
    const words = new Map([...personal].map((text, i) => [text, `qzx${collection.name}${i}qzx`]));
    secrets.push(...words.values());
    const hidden = JSON.parse(JSON.stringify(collection.example), (_, value) => words.get(value) ?? value);
    return [collection, hidden] as const;
  }),
);

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

beforeAll(async () => {
  for (const [collection, example] of examples) {
    const provenance = { account: 'a', requestedAt: 1, source: 'page', runId: 1 } as const;
    await upsertRecords(db, collection, [parsed(collection, example)], provenance);
  }
  await run('analyze');
});
afterAll(async () => {
  for (const name of made) {
    const [found] = await db.execute(sql`select from pg_roles where rolname = ${name}`);
    if (found === undefined) continue;
    await run(`drop owned by ${quoted(name)}`);
    await run(`drop role ${quoted(name)}`);
  }
});

/** Acts with the rights of a role alone, in a session of its own that may create what any user may. */
async function as<T>(role: string, act: (session: postgres.Sql) => Promise<T>): Promise<T> {
  const session = postgres(url, { max: 1, onnotice: () => {} });
  try {
    // What the superuser of the tests may, the role must not get back by `reset role`: nothing here runs that.
    await session.unsafe(`set session authorization ${quoted(role)}`);
    return await act(session);
  } finally {
    await session.end({ timeout: 1 });
  }
}
const refusal = (query: Promise<unknown>) =>
  query.then(
    () => 'allowed',
    (error: Error) => error.message,
  );

describe('a reader of everything', () => {
  const role = nameOf('reader');
  beforeAll(() => grantAccess(db, role, 'whole'));

  test('reads every table and view of schema hive, also one that reads schema sync for it', async () => {
    await as(role, async (session) => {
      for (const { name } of relations.filter(({ schema }) => schema === 'hive')) {
        await session.unsafe(`select * from hive.${name} limit 1`);
      }
      expect(await session.unsafe('select collection from hive.freshness limit 1')).toBeDefined();
    });
  });

  test('reads nothing of schema sync, and writes nothing at all', async () => {
    await as(role, async (session) => {
      expect(await refusal(session.unsafe('select * from sync.runs'))).toContain('permission denied for schema sync');
      expect(await refusal(session.unsafe('select sync.reserve_slot(null, 1, null, 1, null, null)'))).toContain(
        'permission denied',
      );
      expect(await refusal(session.unsafe('delete from hive.orders'))).toContain('permission denied');
      expect(await refusal(session.unsafe(`update hive.orders set status = 'x'`))).toContain('permission denied');
      expect(await refusal(session.unsafe('create table hive.mine (id int)'))).toContain('permission denied');
    });
  });

  test('reads tables that come later', async () => {
    await run('create table hive.later as select 1 as id');
    await as(role, async (session) => expect([...(await session`select * from hive.later`)]).toEqual([{ id: 1 }]));
    await run('drop table hive.later');
  });

  test('is granted a second time without any change, and loses all of it with none', async () => {
    expect(await grantAccess(db, role, 'whole')).toMatchObject({ isNew: false, canLogIn: true });
    await grantAccess(db, role, 'none');
    await as(role, async (session) => {
      expect(await refusal(session.unsafe('select * from hive.orders'))).toContain('permission denied for schema hive');
    });
    await run('create table hive.later as select 1 as id');
    const [row] = await db.execute(sql`select has_table_privilege(${role}::name, 'hive.later', 'select') as may`);
    expect(row).toEqual({ may: false });
    await run('drop table hive.later');
  });
});

describe('a reader of masked data', () => {
  const role = nameOf('masked');
  beforeAll(async () => {
    // From all to less: nothing of what it had may stay.
    await grantAccess(db, role, 'whole');
    await grantAccess(db, role, 'masked');
  });

  const revealed = (text: string): string[] => secrets.filter((secret) => text.includes(secret));

  test('there is something to hide, and whoever may sees all of it', async () => {
    expect(secrets.length).toBeGreaterThan(20);
    const [row] = await db.execute<{ text: string }>(sql`
      select string_agg(to_jsonb(o)::text, '') || (select string_agg(to_jsonb(r)::text, '') from hive.returns r) as text
      from hive.orders o`);
    expect(revealed(row?.text ?? '').length).toBeGreaterThan(15);
  });

  test('reads what is harmless of every table and view', async () => {
    await as(role, async (session) => {
      for (const [name, columns] of Object.entries(masks)) {
        const rows = await session.unsafe(`select ${columns.map(quoted).join(', ')} from hive_masked.${name}`);
        const [{ n } = { n: 0 }] = [
          ...(await db.execute<{ n: number }>(sql.raw(`select count(*) as n from hive.${name}`))),
        ];
        expect(rows.length, name).toBe(n);
      }
      const [order] =
        await session`select status, total_price_in_cents::int as price, shipping_country_code as country from hive_masked.orders`;
      expect(order).toEqual({ status: 'fulfillable', price: 4990, country: 'GR' });
    });
  });

  test('sees no personal column in any view, no payload, and nothing personal in any row', async () => {
    await as(role, async (session) => {
      const columns = await session<{ place: string }[]>`
        select table_schema || '.' || table_name || '.' || column_name as place from information_schema.columns
        where table_schema not in ('pg_catalog', 'information_schema')`;
      const places = columns.map(({ place }) => place);
      expect(places.length).toBeGreaterThan(100);
      expect(places.filter((place) => !place.startsWith('hive_masked.'))).toEqual([]);
      expect(
        places.filter((place) => /_raw|_hash|email|phone|_name$.*shipping|line1|message|metadata/.test(place)),
      ).toEqual(['hive_masked.warehouses.line1']);
      for (const name of Object.keys(masks)) {
        for (const query of [
          `select to_jsonb(t)::text as text from hive_masked.${name} t`,
          `select t::text as text from hive_masked.${name} t`,
          `select row_to_json(t.*)::text as text from hive_masked.${name} t`,
          `select table_to_xml('hive_masked.${name}', true, true, '')::text as text`,
        ]) {
          const text = (await session.unsafe(query)).map((row) => String(row.text)).join('\n');
          expect(revealed(text), query).toEqual([]);
        }
      }
    });
  });

  test('is refused by every table and view of schemas hive and sync, whatever the query', async () => {
    const all = relations.map(({ schema, name }) => `${schema}.${name}`);
    await as(role, async (session) => {
      for (const name of all) {
        for (const query of [
          `select * from ${name}`,
          `select count(*) from ${name}`,
          `select t from ${name} t`,
          `copy ${name} to stdout`,
          `explain analyze select * from ${name}`,
          `select query_to_xml('select * from ${name}', true, true, '')`,
          `select '${name}'::regclass`,
          `create temp view peek as select * from ${name}`,
        ]) {
          expect(await refusal(session.unsafe(query)), query).toMatch(
            /permission denied for (schema|table|view)|must be owner/,
          );
        }
      }
    });
  });

  test('finds nothing in catalogs, statistics and what other sessions do', async () => {
    const [sampled] = await db.execute<{ n: number }>(
      sql`select count(*) as n from pg_stats where schemaname = 'hive'`,
    );
    expect(sampled?.n, 'there are statistics to hide').toBeGreaterThan(50);
    await as(role, async (session) => {
      expect([...(await session`select * from pg_stats where schemaname in ('hive', 'sync')`)]).toEqual([]);
      expect([...(await session`select * from pg_stats_ext where schemaname = 'hive'`)]).toEqual([]);
      for (const name of ['pg_statistic', 'pg_statistic_ext_data', 'pg_authid', 'pg_largeobject']) {
        expect(await refusal(session.unsafe(`select * from pg_catalog.${name}`)), name).toContain('permission denied');
      }
      // Every catalog that can be read, as text.
      const catalogs = await session<{ name: string }[]>`
        select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('pg_catalog', 'information_schema') and c.relkind in ('r', 'v')
          and has_table_privilege(c.oid, 'select') and c.relname <> 'pg_hba_file_rules'`;
      expect(catalogs.length).toBeGreaterThan(100);
      for (const { name } of catalogs) {
        const answer = await session
          .unsafe(`select coalesce(string_agg(t::text, ' '), '') as text from ${name} t`)
          .then(
            ([row]) => String(row?.text),
            (error: Error) => error.message,
          );
        expect(revealed(answer), name).toEqual([]);
      }
    });
  }, 60_000);

  test('learns nothing from a function of its own in a condition, nor from an error', async () => {
    await as(role, async (session) => {
      await session.unsafe(`create function pg_temp.tell(anyelement) returns boolean language plpgsql cost 0.0001
        as $$ begin raise exception 'told: %', $1; end $$`);
      for (const name of Object.keys(masks)) {
        const told = await refusal(session.unsafe(`select * from hive_masked.${name} t where pg_temp.tell(t)`));
        expect(revealed(told), name).toEqual([]);
        expect(revealed(await refusal(session.unsafe(`select t::text::int from hive_masked.${name} t`))), name).toEqual(
          [],
        );
      }
      const hidden = await refusal(session.unsafe('select shipping_email from hive_masked.orders'));
      expect(hidden).toContain('does not exist');
      expect(await refusal(session.unsafe('select _raw from hive_masked.orders'))).toContain('does not exist');
    });
  });

  test('calls no function of ours, and changes nothing through a view', async () => {
    const functions = await db.execute<{ call: string }>(sql`
      select format('%s.%I(%s)', n.nspname, p.proname, (select coalesce(string_agg('null::' || format_type(t, null), ', '), '')
        from unnest(p.proargtypes) t)) as call
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname in ('hive', 'sync', 'hive_masked')`);
    expect(functions.length).toBeGreaterThan(0);
    await as(role, async (session) => {
      for (const { call } of functions) {
        expect(await refusal(session.unsafe(`select ${call}`)), call).toContain('permission denied for schema');
      }
      for (const statement of ['delete from hive_masked.orders', `update hive_masked.orders set status = 'x'`]) {
        expect(await refusal(session.unsafe(statement))).toContain('permission denied');
      }
      for (const statement of [
        'create or replace view hive_masked.orders as select * from hive.orders',
        'create view hive_masked.mine as select 1',
        'alter view hive_masked.orders owner to current_user',
        'drop view hive_masked.orders',
        `set role ${quoted(new URL(url).username || 'postgres')}`,
      ]) {
        expect(await refusal(session.unsafe(statement)), statement).toMatch(/permission denied|must be owner/);
      }
    });
  });

  test('what an upgrade brings is covered, and what nobody described is not shown', async () => {
    await run('create table hive.unknown as select 1 as id');
    await run('alter table hive.skus add column secret text');
    await run('drop view hive_masked.returns');
    await run('drop view hive_masked.skus');
    await run('create view hive_masked.skus as select * from hive.skus');
    expect(await pendingMigrations(database)).toEqual(['masks']);
    await migrate(database);
    expect(await pendingMigrations(database)).toEqual([]);
    await as(role, async (session) => {
      expect([...(await session`select id::int from hive_masked.returns`)]).toEqual([{ id: 311 }]);
      expect(await refusal(session.unsafe('select secret from hive_masked.skus'))).toContain('does not exist');
      expect(await refusal(session.unsafe('select * from hive_masked.unknown'))).toContain('does not exist');
    });
    const [comment] = await db.execute(sql`select obj_description('hive_masked.returns'::regclass) as text`);
    expect(comment?.text).toMatch(/^One row per return/);
    await run('drop table hive.unknown');
    await run('alter table hive.skus drop column secret');
  });
});

describe('a role that cannot be one', () => {
  const owner = () => new URL(url).username || 'postgres';

  test.each<[string, string, RegExp]>([
    ['an empty name', ' ', /cannot be the name/],
    ['a name that PostgreSQL would cut', 'x'.repeat(64), /1 to 63/],
    ['a reserved name', 'pg_someone', /keeps for itself/],
    ['public', 'public', /keeps for itself/],
    ['a name with NUL', 'a\0b', /cannot be the name/],
  ])('%s is refused', async (_, name, sentence) => {
    await expect(grantAccess(db, name, 'whole')).rejects.toThrow(sentence);
  });

  test('the user of hive-sync itself and a superuser are refused', async () => {
    await expect(grantAccess(db, owner(), 'masked')).rejects.toThrow('is the database user of hive-sync itself');
    const name = nameOf('super');
    await run(`create role ${quoted(name)} superuser`);
    await expect(grantAccess(db, name, 'whole')).rejects.toThrow('is a superuser, who reads everything');
  });

  test('taking rights from nobody is refused', async () => {
    await expect(grantAccess(db, nameOf('nobody'), 'none')).rejects.toThrow('There is no role');
  });

  test.each<[string, (name: string) => string, RegExp]>([
    [
      'a member of a role that reads everything',
      (name) => `grant pg_read_all_data to ${name}`,
      /as a member of "pg_read_all_data"/,
    ],
    [
      'one that sees what others ask',
      (name) => `grant pg_monitor to ${name}`,
      /what others are asking.*"pg_read_all_stats"/,
    ],
    ['one that may read files', (name) => `grant pg_read_server_files to ${name}`, /the files of the server/],
    ['one that may make roles', (name) => `alter role ${name} createrole`, /every role that it wants/],
    ['one that may replicate', (name) => `alter role ${name} replication`, /everything/],
    [
      'a member, without inheriting, of a reader',
      (name) => `alter role ${name} noinherit; grant ${quoted(reader)} to ${name}`,
      /schema hive as a member/,
    ],
  ])('%s does not get masked data, and keeps what it had', async (_, prepare, sentence) => {
    const name = nameOf('reach');
    await grantAccess(db, reader, 'whole');
    await run(`create role ${quoted(name)}`);
    for (const statement of prepare(quoted(name)).split('; ')) await run(statement);
    await expect(grantAccess(db, name, 'masked')).rejects.toThrow(sentence);
    const [row] = await db.execute(sql`select has_schema_privilege(${name}::name, 'hive_masked', 'usage')
      and not exists (select where pg_has_role(${name}::name, 'pg_read_all_data', 'member')) as may`);
    expect(row).toEqual({ may: false });
  });
  const reader = nameOf('other_reader');

  test.each(['Ein "Name"', `Robert'); drop table hive.orders; --`, '名前', 'UPPER', 'a b', '-x'])(
    'the name %s is taken as it is',
    async (name) => {
      const whole = `${name} ${randomBytes(3).toString('hex')}`;
      made.add(whole);
      expect(await grantAccess(db, whole, 'masked')).toMatchObject({ isNew: true, canLogIn: true });
      await as(whole, async (session) => expect(await session`select id from hive_masked.orders`).toHaveLength(1));
    },
  );

  test('a user that may not make roles says what an administrator has to run, and one that owns nothing grants nothing', async () => {
    const limited = nameOf('limited');
    const wanted = nameOf('wanted');
    await run(`create role ${quoted(limited)}`);
    await run(`grant usage on schema hive, sync to ${quoted(limited)}`);
    const own = await openDatabase(url, { connections: 1 });
    try {
      await own.db.execute(sql.raw(`set session authorization ${quoted(limited)}`));
      await expect(grantAccess(own.db, wanted, 'whole')).rejects.toThrow(
        `Let an administrator run: create role "${wanted}" login`,
      );
      await run(`create role ${quoted(wanted)}`);
      await expect(grantAccess(own.db, wanted, 'whole')).rejects.toThrow('It has to own schema hive');
      await expect(grantAccess(own.db, wanted, 'masked')).rejects.toThrow(
        'The database user of hive-sync may not do that',
      );
    } finally {
      await own.close();
    }
  });
});

test('every text, list and JSON says whether it is personal, or is an enumeration', () => {
  const unsaid = collections.flatMap((collection) =>
    [{ table: collection.name, fields: collection.fields }, ...collection.allChildren].flatMap(({ table, fields }) =>
      Object.entries(fields).flatMap(([name, { kind, values, personal }]) =>
        ['text', 'texts', 'json'].includes(kind) && values === undefined && personal === undefined
          ? `${table}.${name}`
          : [],
      ),
    ),
  );
  expect(unsaid).toEqual([]);
});

test('what is called personal data in a comment is masked, and so are payloads', () => {
  for (const { schema, name, columns } of relations) {
    for (const { name: column, comment } of columns) {
      if (schema !== 'hive' || !/personal data/i.test(comment)) continue;
      expect(masks[name], `${name}.${column}`).not.toContain(column);
    }
    expect(masks[name] ?? []).not.toContain('_raw');
  }
});
