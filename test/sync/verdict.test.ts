import { describe, expect, test } from 'vitest';
import {
  AccountHaltedError,
  ConflictError,
  HiveBodyError,
  HiveDownError,
  HiveHttpError,
  HiveNetworkError,
  HiveTimeoutError,
  UnknownCollectionError,
} from '../../src/errors.js';
import { isConflict, isServiceAway } from '../../src/service-trouble.js';
import { type Verdict, verdictOn } from '../../src/sync/verdict.js';

const FIRST = { number: 1, of: 3, baseMs: 1_000, random: 1 };
const LAST = { ...FIRST, number: 3 };
const URL = 'https://hive.example/orders';
const http = (status: number, retryAfterMs?: number) => new HiveHttpError(status, [], retryAfterMs, URL, undefined);
const withCode = (code: string, cause?: unknown) => Object.assign(new Error('trouble', { cause }), { code });

const fromRedis = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });

const snooze = (afterMs: number, everyone = false): Verdict => ({ do: 'snooze', afterMs, everyone });
const retry = (afterMs: number): Verdict => ({ do: 'retry', afterMs });
const reject = (code: string, httpStatus: number | null): Verdict => ({ do: 'reject', code, httpStatus });
const halted = new AccountHaltedError('de', 'HIVE_API_KEY');
const halt = (because: string): Verdict => ({ do: 'halt', because });

describe('the first attempt, and the last one', () => {
  test.each<[what: string, error: unknown, first: Verdict, last: Verdict]>([
    ['400', http(400), reject('http_400', 400), reject('http_400', 400)],
    ['403', http(403), reject('http_403', 403), reject('http_403', 403)],
    ['404', http(404), reject('http_404', 404), reject('http_404', 404)],
    ['422', http(422), reject('http_422', 422), reject('http_422', 422)],
    ['302', http(302), reject('http_302', 302), reject('http_302', 302)],
    ['401 costs no attempt, as the budget counts refusals', http(401), snooze(1_000), snooze(1_000)],
    ['429 with Retry-After', http(429, 3_200), snooze(3_200, true), snooze(3_200, true)],
    ['429 without', http(429), snooze(1_000, true), snooze(1_000, true)],
    ['408', http(408), retry(1_000), reject('http_408', 408)],
    ['500', http(500), retry(1_000), reject('http_500', 500)],
    ['503 with Retry-After longer than the backoff', http(503, 9_000), retry(9_000), reject('http_503', 503)],
    ['503 with Retry-After shorter than the backoff', http(503, 250), retry(1_000), reject('http_503', 503)],
    ['timeout', new HiveTimeoutError(30_000, URL), retry(1_000), reject('timeout', null)],
    ['network', new HiveNetworkError('ECONNRESET', URL), retry(1_000), reject('network', null)],
    [
      'a refused connection to the API',
      new HiveNetworkError('ECONNREFUSED', URL),
      retry(1_000),
      reject('network', null),
    ],
    ['a body that is no list', new HiveBodyError('no', 200, URL, undefined), retry(1_000), reject('body', 200)],
    ['a halted account', halted, halt(halted.message), halt(halted.message)],
    [
      'an API that is down costs no attempt',
      new HiveDownError(new Date(0), new Date(0), 'x', 700),
      snooze(1_700),
      snooze(1_700),
    ],
    ...['28P01', '3D000', '3F000', '42501', '42P01', '42703', '42883'].map(
      (code): [string, Error, Verdict, Verdict] => [
        `${code}, which nobody can work with`,
        new Error('Failed query', { cause: withCode(code) }),
        retry(1_000),
        halt(
          `PostgreSQL does not let hive-sync work: trouble (${code}). See: hive-sync doctor. Then start the run again.`,
        ),
      ],
    ),
    ['a statement that was cancelled', withCode('57014'), retry(1_000), reject('internal', null)],
    [
      'a page of a newer release, whose worker will come',
      new UnknownCollectionError('x'),
      snooze(5_000),
      snooze(5_000),
    ],
    ['an abort', new DOMException('gone', 'AbortError'), snooze(0), snooze(0)],
    ['the database is away', withCode('57P01'), snooze(2_000), snooze(2_000)],
    [
      'the database is away, wrapped',
      new Error('Failed query', { cause: withCode('ECONNREFUSED') }),
      snooze(2_000),
      snooze(2_000),
    ],
    [
      'a Redis that is full',
      fromRedis("OOM command not allowed when used memory > 'maxmemory'."),
      snooze(2_000),
      snooze(2_000),
    ],
    ['a statement that is wrong', withCode('22P02'), retry(1_000), reject('internal', null)],
    ['our own mistake', new TypeError('x is not a function'), retry(1_000), reject('internal', null)],
    ['something that is no error', 'oops', retry(1_000), reject('internal', null)],
  ])('%s', (_what, error, first, last) => {
    expect(verdictOn(error, FIRST)).toEqual(first);
    expect(verdictOn(error, LAST)).toEqual(last);
  });
});

test.each([
  [1, 0, 500],
  [1, 1, 1_000],
  [2, 0, 1_000],
  [2, 1, 2_000],
  [6, 1, 32_000],
  [7, 1, 60_000],
  [50, 1, 60_000],
])('attempt %i with chance %f waits %i ms', (number, random, afterMs) => {
  expect(verdictOn(http(500), { number, of: 100, baseMs: 1_000, random })).toEqual(retry(afterMs));
});

describe('trouble of the database, not of the statement', () => {
  test.each([
    ['connection exception', withCode('08006'), true],
    ['too many connections', withCode('53300'), true],
    ['admin shutdown', withCode('57P01'), true],
    ['starting up', withCode('57P03'), true],
    ['serialization failure, which is no trouble of the server', withCode('40001'), false],
    ['deadlock, which is no trouble of the server', withCode('40P01'), false],
    ['lock not available', withCode('55P03'), true],
    ['system error', withCode('58030'), true],
    ['a failover has made it read-only', withCode('25006'), true],
    ['lost connection', withCode('CONNECTION_CLOSED'), true],
    ['deep in the chain of causes', new Error('a', { cause: new Error('b', { cause: withCode('08003') }) }), true],
    ['one of several', new AggregateError([new Error('x'), withCode('ECONNREFUSED')]), true],
    ['a Redis without its disk', fromRedis('MISCONF Redis is configured to save RDB snapshots'), true],
    ['a Redis that has become a replica', fromRedis("READONLY You can't write against a read only replica."), true],
    ['a Redis that reads its file', fromRedis('LOADING Redis is loading the dataset in memory'), true],
    ['a Redis with another password', fromRedis('NOAUTH Authentication required.'), true],
    ['a Redis with other rights', fromRedis("NOPERM this user has no permissions to run the 'evalsha' command"), true],
    ['a Redis with too many clients', fromRedis('ERR max number of clients reached'), true],
    ['a command that Redis does not know', fromRedis("ERR unknown command 'x'"), false],
    ['words of a Redis from somebody else', new Error('OOM command not allowed'), false],
    ['not null violation', withCode('23502'), false],
    ['no such table', withCode('42P01'), false],
    ['a text that PostgreSQL cannot hold', withCode('22P05'), false],
    ['too deep', withCode('54001'), false],
    ['no code', new Error('57P01'), false],
    ['no error', undefined, false],
  ])('%s', (_what, error, expected) => {
    expect(isServiceAway(error)).toBe(expected);
  });
});

test('transactions that met are run again, and never called a database that is away', () => {
  for (const error of [withCode('40001'), new Error('a', { cause: withCode('40P01') }), new ConflictError('met')]) {
    expect(isConflict(error)).toBe(true);
    expect(verdictOn(error, LAST)).toMatchObject({ do: 'snooze' });
  }
  expect(isConflict(withCode('57P01'))).toBe(false);
});
