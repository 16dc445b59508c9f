import { sql } from 'drizzle-orm';
import { expect, describe as group, test } from 'vitest';
import {
  AccountHaltedError,
  ConfigError,
  describe,
  exitCodeOf,
  HiveHttpError,
  isAbort,
  ServiceUnavailableError,
  UsageError,
} from '../src/errors.js';
import { openTestDatabase } from './support/database.js';

const { db } = await openTestDatabase();
const PERSON = 'jane@example.com';

async function failureOf(statement: ReturnType<typeof sql>): Promise<unknown> {
  try {
    await db.execute(statement);
  } catch (error) {
    return error;
  }
  throw new Error('the statement did not fail');
}

group('a failed statement is told in the words of the server, without the statement and its parameters', () => {
  test.each([
    ['no such table', sql`select ${PERSON} from nowhere`, 'relation "nowhere" does not exist'],
    [
      'a wrong constraint',
      sql`insert into sync.dead_letters (account, collection) values (${PERSON}, 'a')`,
      /null value in column/,
    ],
    ['no such function', sql`select nothing(${PERSON}::text)`, /function nothing\(text\) does not exist/],
  ])('%s', async (_what, statement, expected) => {
    const error = await failureOf(statement);
    expect(String(error)).toContain(PERSON);
    expect(describe(error)).toMatch(expected);
    expect(describe(error)).not.toContain(PERSON);
    expect(describe(error)).not.toMatch(/Failed query|insert into|select|params/i);
  });

  test('in a transaction too', async () => {
    const error = await db
      .transaction((tx) => tx.execute(sql`select ${PERSON} from nowhere`))
      .catch((one: unknown) => one);
    expect(describe(error)).toBe('relation "nowhere" does not exist');
  });

  test('without a cause, nothing of it is told', () => {
    expect(describe(new Error(`Failed query: select 1\nparams: ${PERSON}`))).toBe('a database statement failed');
  });
});

test.each<[what: string, error: unknown, expected: string]>([
  ['an error', new Error('no'), 'no'],
  ['text', 'no', 'no'],
  ['nothing', undefined, 'undefined'],
  ['several errors', new AggregateError([new Error('one'), new Error('two')]), 'one; two'],
  ['several errors with a message of their own', new AggregateError([new Error('one')], 'all failed'), 'all failed'],
  [
    'the errors of the API',
    new HiveHttpError(422, ['a', 'b'], undefined, 'https://x', undefined),
    'The API answered 422: a; b',
  ],
  [
    'an error that looks like lines of ours',
    new HiveHttpError(422, ['a\n✓ all is well\r\n', 'b'], undefined, 'https://x', undefined),
    'The API answered 422: a ✓ all is well ; b',
  ],
  ['a status alone', new HiveHttpError(502, [], undefined, 'https://x', '<html>'), 'The API answered 502'],
])('%s in one sentence', (_what, error, expected) => {
  expect(describe(error)).toBe(expected);
});

test.each<[error: unknown, code: number]>([
  [new UsageError('no'), 2],
  [new ConfigError(['a']), 2],
  [new ServiceUnavailableError('gone'), 1],
  [new AccountHaltedError('de', 'HIVE_API_KEY_DE'), 1],
  [new Error('no'), 1],
  ['text', 1],
  [new DOMException('stopped', 'AbortError'), 130],
])('%s ends the program with %i', (error, code) => {
  expect(exitCodeOf(error)).toBe(code);
});

test('every problem of a configuration stands on a line of its own', () => {
  expect(new ConfigError(['A is missing', 'B is "x"']).message).toMatch(/:\n {2}- A is missing\n {2}- B is "x"$/);
});

test('an aborted signal is an abort, an error that only says so is none', () => {
  expect(isAbort(AbortSignal.abort().reason)).toBe(true);
  expect(isAbort(new Error('AbortError'))).toBe(false);
});
