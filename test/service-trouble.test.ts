// Promise: what PostgreSQL says itself is told from what the system says of a connection, whoever it leads to.
import { expect, test } from 'vitest';
import { HiveNetworkError } from '../src/errors.js';
import { isFromPostgres } from '../src/service-trouble.js';

const withCode = (code: string) => Object.assign(new Error(code), { code });

test.each(['42P01', '53100', '0A000', 'P0001', 'XX000', '57014'])('%s is from PostgreSQL', (code) => {
  expect(isFromPostgres(new Error('Failed query', { cause: withCode(code) }))).toBe(true);
});

test.each(['EPIPE', 'ECONNRESET', 'CONNECTION_CLOSED', 'UND_ERR_SOCKET'])('%s is not', (code) => {
  expect(isFromPostgres(withCode(code))).toBe(false);
  expect(isFromPostgres(new HiveNetworkError(code, 'https://api.example', { cause: withCode(code) }))).toBe(false);
});
