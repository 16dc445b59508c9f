// Promise: filing letters and planning their retries costs as many statements for five hundred of them as for one.
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { afterAll, expect, test } from 'vitest';
import { collections } from '../../../src/collections/index.js';
import { fileDeadLetters, listDeadLetters, type NewDeadLetter, pageTrouble } from '../../../src/db/dead-letters.js';
import { planLetters } from '../../../src/sync/letters/retry-letters.js';
import { createDatabase } from '../../support/database.js';

const statements: string[] = [];
const client = postgres(await createDatabase(), {
  max: 1,
  onnotice: () => {},
  fetch_types: false,
  types: { int8: { to: 20, from: [20], serialize: String, parse: Number } },
  debug: (_connection, statement) => statements.push(statement),
});
const db = drizzle(client);
afterAll(() => client.end());

async function countOf<T>(act: () => Promise<T>): Promise<{ result: T; count: number }> {
  statements.length = 0;
  const result = await act();
  return { result, count: statements.length };
}

const URL = 'https://hive.example/orders';
const LETTERS = 500;

const letterOf = (n: number, changes: Partial<NewDeadLetter> = {}): NewDeadLetter => ({
  ...{ account: 'a', collection: 'orders', kind: 'request', runId: 1, page: n, url: `${URL}?page=${n}` },
  ...{ recordId: null, httpStatus: 503, errorCode: 'http_503', errors: ['away'], payload: { n }, attempts: 1 },
  fingerprint: `${pageTrouble(null, n)}http_503`,
  ...changes,
});
const letters = Array.from({ length: LETTERS }, (_, i) => letterOf(i + 1));

test('five hundred letters are filed by one statement, and again by one', async () => {
  expect(await countOf(() => fileDeadLetters(db, letters))).toEqual({ result: LETTERS, count: 1 });
  expect(await countOf(() => fileDeadLetters(db, letters.toReversed()))).toEqual({ result: LETTERS, count: 1 });
  const stored = await listDeadLetters(db, { limit: null });
  expect(stored).toHaveLength(LETTERS);
  expect(stored.every(({ attempts, page, payload }) => attempts === 2 && (payload as { n: number }).n === page)).toBe(
    true,
  );
});

test('what is too long for one statement is filed by several', async () => {
  const long = [1, 2, 3].map((n) => letterOf(n, { account: 'long', payload: 'x'.repeat(7 * 2 ** 20) }));
  expect(await countOf(() => fileDeadLetters(db, long))).toEqual({ result: 3, count: 2 });
});

test('the retries of five hundred pages are planned by one statement, each with what the ledger knows of it', async () => {
  await db.execute(sql`
    with run as (insert into sync.runs (account, mode, collections, trigger, state, finished_at)
      values ('a', 'full', '{orders}', 'cli', 'incomplete', now()) returning id),
    made as (insert into sync.windows (run_id, account, collection, kind, to_at, priority, state, pages_failed)
      select id, 'a', 'orders', 'whole', '2026-01-01', 2, 'uncertified', 250 from run returning id)
    insert into sync.pages (window_id, pass, page, state, requested_at)
    select id, 1, n, 'failed', now() from made, generate_series(2, ${LETTERS}, 2) as n`);
  const stored = (await listDeadLetters(db, { account: 'a', limit: null })).sort((a, b) => a.id - b.id);
  const { result, count } = await countOf(() => planLetters(db, collections, ['a'], stored));
  expect(count).toBe(1);
  expect(result.map(({ letter }) => letter.id)).toEqual(stored.map(({ id }) => id));
  for (const { letter, plan } of result) {
    if ((letter.page ?? 0) % 2 === 1) expect(plan.do).toBe('read list');
    else expect(plan).toMatchObject({ do: 'read pages', window: { pages: [letter.page], to: new Date('2026-01-01') } });
  }
  expect((await countOf(() => planLetters(db, collections, ['another'], stored))).count).toBe(0);
});
