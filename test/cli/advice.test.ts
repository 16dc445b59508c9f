// Promise: a command that failed says what to do, also where the words of a server or of a driver do not.
import { expect, test } from 'vitest';
import { withAdvice } from '../../src/cli/advice.js';
import { AddressError, NotPermittedError, ServiceUnavailableError, UsageError } from '../../src/errors.js';

const fromServer = (message: string, code: string) => Object.assign(new Error(message), { code });
const fromRedis = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });

test.each([
  [fromServer('write CONNECTION_CLOSED 127.0.0.1:5432', 'CONNECTION_CLOSED'), 'run the command again'],
  [fromServer('terminating connection due to administrator command', '57P01'), 'run the command again'],
  [
    new Error('Failed query', { cause: fromServer('the database system is shutting down', '57P03') }),
    'run the command again',
  ],
  [fromServer('relation "hive.orders" does not exist', '42P01'), '"hive-sync doctor" tells what is wrong'],
  [fromServer('permission denied for table orders', '42501'), '"hive-sync doctor" tells what is wrong'],
  [fromRedis('NOAUTH Authentication required.'), 'the user and password of REDIS_URL'],
  [fromRedis('WRONGPASS invalid username-password pair or user is disabled.'), 'the user and password of REDIS_URL'],
  [fromRedis("NOPERM this user has no permissions to run the 'eval' command"), 'Give it: ~hive-sync-*'],
  [fromRedis("OOM command not allowed when used memory > 'maxmemory'."), 'Raise its maxmemory'],
  [fromRedis('LOADING Redis is loading the dataset in memory'), 'Wait for it'],
  [fromRedis('ERR max number of clients reached'), 'Raise its maxclients'],
])('%s', (error, advice) => {
  expect(withAdvice(error)).toContain(advice);
});

test('what was written for people stays as it is', () => {
  for (const error of [
    new UsageError('Expected a name.'),
    new UsageError('There is no account "READONLY".'),
    new ServiceUnavailableError('PostgreSQL at x cannot be used.'),
    new NotPermittedError('The database user "APP_READONLY" may not use schemas.', {
      cause: fromServer('permission denied for schema hive', '42501'),
    }),
    new AddressError('The server cannot listen on x.', { cause: fromServer('getaddrinfo ENOTFOUND x', 'ENOTFOUND') }),
  ]) {
    expect(withAdvice(error)).toBe(error.message);
  }
});

test('the words of a Redis in names of people and files are no answer of a Redis', () => {
  const noFolder = fromServer("ENOENT: no such file or directory, open '/backup/READONLY/orders.csv'", 'ENOENT');
  expect(withAdvice(noFolder)).toBe(noFolder.message);
  const noRight = fromServer('permission denied for role "APP_READONLY"', '42501');
  expect(withAdvice(noRight)).toMatch(/^PostgreSQL refuses: permission denied/);
});
