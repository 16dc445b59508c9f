import { sql } from 'drizzle-orm';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  fileDeadLetters,
  listDeadLetters,
  type NewDeadLetter,
  readDeadLetter,
  supersedeDeadLetters,
} from '../../src/db/dead-letters.js';
import { discardLetters, resolveRecordLetters } from '../../src/db/letter-ends.js';
import { openTestDatabase } from '../support/database.js';

const { db } = await openTestDatabase();
beforeEach(() => db.execute(sql`truncate sync.dead_letters restart identity`));

const letter = (changes: Partial<NewDeadLetter> = {}): NewDeadLetter => ({
  account: 'a',
  collection: 'orders',
  kind: 'record',
  runId: 1,
  page: 2,
  url: 'https://hive.example/orders?page=2',
  recordId: 7,
  httpStatus: null,
  errorCode: 'invalid_record',
  errors: ['items: expected a list of objects, got string'],
  payload: { id: 7, items: 'x' },
  attempts: 1,
  fingerprint: 'record 7',
  ...changes,
});

const all = () => listDeadLetters(db, { all: true });

test('a letter is kept with all that is known', async () => {
  await fileDeadLetters(db, [letter()]);
  expect(await readDeadLetter(db, 1)).toMatchObject({
    account: 'a',
    collection: 'orders',
    kind: 'record',
    run_id: 1,
    page: 2,
    url: 'https://hive.example/orders?page=2',
    record_id: 7,
    http_status: null,
    error_code: 'invalid_record',
    errors: ['items: expected a list of objects, got string'],
    payload: { id: 7, items: 'x' },
    attempts: 1,
    resolved_at: null,
    resolution: null,
  });
  expect(await readDeadLetter(db, 2)).toBeUndefined();
});

test.each<[payload: unknown]>([[{ a: [1, null] }], [[1, 2]], ['text'], ['12'], ['"quoted"'], [7], [false], [null]])(
  'the payload %j comes back as it was',
  async (payload) => {
    await fileDeadLetters(db, [letter({ payload })]);
    const [stored] = await db.execute<{ payload: unknown }>(sql`select payload from sync.dead_letters`);
    expect(stored?.payload).toEqual(payload);
    expect((await readDeadLetter(db, 1))?.payload).toEqual(payload);
  },
);

test("the API's errors come back word for word", async () => {
  const errors = ["Name can't be blank", 'a "quote"', 'back\\slash', '{brace}', 'a,b', 'NULL', '', ' ', 'ü😀', '\n'];
  await fileDeadLetters(db, [letter({ errors })]);
  expect((await all())[0]?.errors).toEqual(errors);
});

test('the same trouble is one letter, which counts up and holds the latest', async () => {
  await fileDeadLetters(db, [letter({ attempts: 3 })]);
  await fileDeadLetters(db, [letter({ attempts: 2, runId: 9, errors: ['worse'] })]);
  expect(await all()).toMatchObject([{ id: 1, attempts: 5, run_id: 9, errors: ['worse'] }]);
});

test('the same trouble twice in one page is one letter', async () => {
  await fileDeadLetters(db, [letter(), letter({ errors: ['later'] })]);
  expect(await all()).toMatchObject([{ attempts: 1, errors: ['later'] }]);
});

test('other accounts, collections and troubles have letters of their own', async () => {
  await fileDeadLetters(db, [letter(), letter({ collection: 'returns' }), letter({ fingerprint: 'record 8' })]);
  await fileDeadLetters(db, [letter({ account: 'b' })]);
  expect(await all()).toHaveLength(4);
});

test.each(['retried', 'superseded'])(
  'a trouble that comes back after it was %s opens its letter again',
  async (how) => {
    await fileDeadLetters(db, [letter()]);
    await db.execute(sql`update sync.dead_letters set resolved_at = now(), resolution = ${how}`);
    expect(await listDeadLetters(db, {})).toEqual([]);
    expect(await fileDeadLetters(db, [letter()])).toBe(1);
    expect(await listDeadLetters(db, {})).toMatchObject([{ resolved_at: null, resolution: null, attempts: 2 }]);
  },
);

describe('a discarded trouble', () => {
  const discarded = { resolution: 'discarded', resolution_reason: 'a test order' };
  beforeEach(async () => {
    await fileDeadLetters(db, [letter()]);
    expect(await discardLetters(db, [1, 99], 'a test order')).toEqual([{ id: 1 }]);
  });

  test('that recurs unchanged stays discarded and counts up', async () => {
    expect(await fileDeadLetters(db, [letter({ runId: 9, payload: { items: 'x', id: 7 } })])).toBe(0);
    expect(await all()).toMatchObject([{ ...discarded, attempts: 2, run_id: 9 }]);
    expect((await all())[0]?.resolved_at).not.toBeNull();
  });

  test.each([
    ['payload', { payload: { id: 7, items: 'y' } }],
    ['payload, where there is none', { payload: null }],
    ['error', { errors: ['items: worse'] }],
  ])('that recurs with another %s opens again', async (_, changes) => {
    expect(await fileDeadLetters(db, [letter(changes)])).toBe(1);
    expect(await all()).toMatchObject([{ resolved_at: null, resolution: null, resolution_reason: null, attempts: 2 }]);
  });

  test('keeps the first reason', async () => {
    expect(await discardLetters(db, [1], 'another reason')).toEqual([]);
    expect(await all()).toMatchObject([discarded]);
  });

  test('of a request without a body is compared by its errors', async () => {
    const request = letter({ kind: 'request', recordId: null, payload: null, fingerprint: 'request  page 2 http_422' });
    await fileDeadLetters(db, [request]);
    await discardLetters(db, [2], 'known');
    expect(await fileDeadLetters(db, [request])).toBe(0);
    expect(await fileDeadLetters(db, [{ ...request, errors: ['new'] }])).toBe(1);
  });
});

test('pages with the same troubles in opposite order do not lock each other up', async () => {
  const letters = Array.from({ length: 20 }, (_, i) => letter({ recordId: i, fingerprint: `record ${i}` }));
  for (let round = 0; round < 15; round++) {
    await Promise.all(
      [letters, letters.toReversed(), letters].map((page) => db.transaction((tx) => fileDeadLetters(tx, page))),
    );
  }
  expect((await all()).map(({ attempts }) => attempts)).toEqual(letters.map(() => 45));
});

describe('a good version of the record', () => {
  const good = (id: number) => ({ id, at: Date.now() + 60_000 });

  test('resolves its letters, from a page and from a webhook, and no others', async () => {
    await fileDeadLetters(db, [
      letter(),
      letter({ kind: 'webhook', fingerprint: 'webhook 7' }),
      letter({ recordId: 8, fingerprint: 'record 8' }),
      letter({ kind: 'request', fingerprint: 'request 7' }),
      letter({ collection: 'returns' }),
    ]);
    await fileDeadLetters(db, [letter({ account: 'b' })]);
    await supersedeDeadLetters(db, 'a', 'orders', [good(7), good(99)]);
    const resolved = (await all()).filter(({ resolution }) => resolution === 'superseded');
    expect(resolved.map(({ kind, account, collection }) => `${account} ${collection} ${kind}`).sort()).toEqual([
      'a orders record',
      'a orders webhook',
    ]);
    expect(resolved.every(({ resolved_at }) => resolved_at !== null)).toBe(true);
  });

  test('does not touch a letter that a person has discarded', async () => {
    await fileDeadLetters(db, [letter()]);
    await db.execute(sql`update sync.dead_letters set resolved_at = now(), resolution = 'discarded'`);
    await supersedeDeadLetters(db, 'a', 'orders', [good(7)]);
    expect(await all()).toMatchObject([{ resolution: 'discarded' }]);
  });

  test('does not touch a letter about a later version, nor does a retry', async () => {
    await fileDeadLetters(db, [letter()]);
    const [{ at = 0 } = {}] = await db.execute<{ at: number }>(
      sql`select floor(extract(epoch from last_seen_at) * 1000)::float8 as at from sync.dead_letters`,
    );
    await supersedeDeadLetters(db, 'a', 'orders', [{ id: 7, at }]);
    await resolveRecordLetters(db, 'a', 'orders', { id: 7, at });
    expect(await all()).toMatchObject([{ resolution: null }]);
    await resolveRecordLetters(db, 'a', 'orders', { id: 7, at: at + 1 });
    expect(await all()).toMatchObject([{ resolution: 'retried' }]);
  });

  test('of nothing resolves nothing', async () => {
    await fileDeadLetters(db, [letter({ recordId: null })]);
    await supersedeDeadLetters(db, 'a', 'orders', []);
    expect(await listDeadLetters(db, {})).toHaveLength(1);
  });
});

describe('a list of letters', () => {
  beforeEach(async () => {
    await fileDeadLetters(db, [letter(), letter({ collection: 'returns', kind: 'request', fingerprint: 'x' })]);
    await fileDeadLetters(db, [letter({ account: 'b' })]);
  });

  test.each([
    [{}, [3, 2, 1]],
    [{ account: 'a' }, [2, 1]],
    [{ collection: 'orders' }, [3, 1]],
    [{ kind: 'request' }, [2]],
    [{ account: 'a', kind: 'record' }, [1]],
    [{ limit: 1 }, [3]],
    [{ account: "a' or true --" }, []],
  ])('with the filter %j holds %j, newest first', async (filter, ids) => {
    // All within one millisecond, so that the id decides.
    await db.execute(sql`update sync.dead_letters set last_seen_at = '2026-11-01'`);
    expect((await listDeadLetters(db, filter)).map(({ id }) => id)).toEqual(ids);
  });
});
