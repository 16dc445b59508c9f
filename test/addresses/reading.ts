// Reads connection strings for tests that say what is to come out.
import { expect } from 'vitest';
import { type PostgresAddress, readPostgresAddress } from '../../src/addresses/postgres.js';

/** @throws when there was a problem */
export function read(text: string, env: Record<string, string> = {}): PostgresAddress {
  const problems: string[] = [];
  const address = readPostgresAddress(text, problems, { env });
  expect(problems).toEqual([]);
  if (address === undefined) throw new Error('an address without a problem is read');
  return address;
}

/** Of a string that cannot be used. */
export function problemsOf(text: string, env: Record<string, string> = {}): string[] {
  const problems: string[] = [];
  expect(readPostgresAddress(text, problems, { env })).toBeUndefined();
  return problems;
}

/** What a test looks at, in one line: user password host:port… database TLS. */
export const inShort = ({ user, password, hosts, database, tls }: PostgresAddress): string =>
  [
    user,
    password ?? '-',
    hosts.map(({ host, port }) => `${host}:${port}`).join(),
    database,
    tls === undefined ? 'plain' : `${tls.isRequired ? 'TLS' : 'TLS if there'}, verifies ${tls.verifies}`,
  ].join(' ');

export const UNVERIFIED = 'TLS, verifies nothing';
