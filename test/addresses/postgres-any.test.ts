// Whatever a user, a password or a database is called.

import { describe, expect, test } from 'vitest';
import fc from '../support/property.js';
import { read } from './reading.js';

describe('any user, password and database goes through', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter((it) => !it.includes('\0'));
  test('percent-encoded in a URI', () => {
    fc.assert(
      fc.property(text, text, text, (user, password, database) => {
        const [u, p, d] = [user, password, database].map(encodeURIComponent);
        const address = read(`postgres://${u}:${p}@db.example:6000/${d}?sslmode=disable`);
        expect(address).toMatchObject({ user, password, database, hosts: [{ host: 'db.example', port: 6_000 }] });
      }),
    );
  });

  test('quoted as keywords', () => {
    const quoted = (value: string) => `'${value.replace(/[\\']/g, '\\$&')}'`;
    fc.assert(
      fc.property(text, text, text, (user, password, database) => {
        const keywords = `host=db.example user=${quoted(user)} password=${quoted(password)} dbname=${quoted(database)}`;
        expect(read(keywords)).toMatchObject({ user, password, database });
      }),
    );
  });

  test('a password as it is, where nothing in it is percent-encoding or begins parameters', () => {
    const raw = fc
      .string({ unit: fc.constantFrom(...'aB3#@/:?!$&+,;=[]{}()*~^|<> "\\%'.split('')), minLength: 1, maxLength: 16 })
      .filter((it) => !/%[0-9a-f]{2}/i.test(it) && !(/\?/.test(it) && /=/.test(it)) && it.trim() === it);
    fc.assert(
      fc.property(raw, (password) => {
        expect(read(`postgres://app:${password}@db.example:6000/hive?sslmode=disable`)).toMatchObject({
          user: 'app',
          password,
          database: 'hive',
        });
      }),
      { numRuns: 2_000 },
    );
  });
});
