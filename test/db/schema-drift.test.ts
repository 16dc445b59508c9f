import { sql } from 'drizzle-orm';
import { beforeEach, expect, test } from 'vitest';
import { recordDrift } from '../../src/db/schema-drift.js';
import { openTestDatabase } from '../support/database.js';

const { db } = await openTestDatabase();
beforeEach(() => db.execute(sql`truncate sync.schema_drift`));

const entry = (path: string, seen = 'string', expected: string | null = null) => ({
  path,
  kind: expected === null ? 'unknown_field' : 'type',
  seen,
  expected,
  sample: null,
});
const stored = () =>
  db.execute(sql`select path, kind, seen, expected, count from sync.schema_drift order by account, path, seen`);

test('each way of drifting is one row, counted over records and pages', async () => {
  await recordDrift(db, 'a', 'orders', [
    entry('gift'),
    entry('gift'),
    entry('gift', 'integer'),
    entry('id', 'string', 'integer'),
  ]);
  await recordDrift(db, 'a', 'orders', [entry('gift')]);
  expect(await stored()).toEqual([
    { path: 'gift', kind: 'unknown_field', seen: 'integer', expected: null, count: 1 },
    { path: 'gift', kind: 'unknown_field', seen: 'string', expected: null, count: 3 },
    { path: 'id', kind: 'type', seen: 'string', expected: 'integer', count: 1 },
  ]);
});

test('accounts and collections are counted apart', async () => {
  await recordDrift(db, 'a', 'orders', [entry('gift')]);
  await recordDrift(db, 'a', 'returns', [entry('gift')]);
  await recordDrift(db, 'b', 'orders', [entry('gift')]);
  expect((await stored()).map((row) => row.count)).toEqual([1, 1, 1]);
});

test('what was expected follows the release that saw it last, and first_seen_at stays', async () => {
  const seenAt = () => db.execute(sql`select first_seen_at, last_seen_at, expected from sync.schema_drift`);
  await recordDrift(db, 'a', 'orders', [entry('id', 'string', 'integer')]);
  await db.execute(sql`update sync.schema_drift set first_seen_at = '2026-01-01', last_seen_at = '2026-01-01'`);
  const [before] = await seenAt();
  await recordDrift(db, 'a', 'orders', [entry('id', 'string', 'number')]);
  const [after] = await seenAt();
  expect(after).toMatchObject({ first_seen_at: before?.first_seen_at, expected: 'number' });
  expect(after?.last_seen_at).not.toEqual(before?.last_seen_at);
});

test('no drift is no statement', async () => {
  await recordDrift(db, 'a', 'orders', []);
  expect(await stored()).toEqual([]);
});

test('pages with the same drift in opposite order do not lock each other up, and none is lost', async () => {
  const entries = Array.from({ length: 30 }, (_, i) => entry(`field_${i}`));
  for (let round = 0; round < 15; round++) {
    await Promise.all(
      [entries, entries.toReversed(), entries].map((page) =>
        db.transaction((tx) => recordDrift(tx, 'a', 'orders', page)),
      ),
    );
  }
  expect((await stored()).map((row) => row.count)).toEqual(entries.map(() => 45));
});

test('keys that are data do not fill the table: beyond a bound only what is known already is counted', async () => {
  const page = (from: number) => Array.from({ length: 500 }, (_, i) => entry(`key_${from + i}`));
  for (const from of [0, 500, 1_000, 1_500, 2_000]) await recordDrift(db, 'a', 'orders', page(from));
  await recordDrift(db, 'a', 'orders', [entry('key_0')]);
  await recordDrift(db, 'a', 'skus', [entry('key_0')]);
  expect(
    await db.execute(sql`
    select collection, count(*)::int as rows, max(count)::int as most from sync.schema_drift group by 1 order by 1`),
  ).toEqual([
    { collection: 'orders', rows: 2_000, most: 2 },
    { collection: 'skus', rows: 1, most: 1 },
  ]);
});
