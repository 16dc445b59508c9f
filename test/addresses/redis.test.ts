// REDIS_URL as people get and write it.

import { describe, expect, test } from 'vitest';
import { type RedisAddress, readRedisAddress, redisPlaceOf } from '../../src/addresses/redis.js';
import fc from '../support/property.js';

const FILE = import.meta.filename;

function read(text: string): RedisAddress {
  const problems: string[] = [];
  const address = readRedisAddress(text, problems);
  expect(problems).toEqual([]);
  if (address === undefined) throw new Error('an address without a problem is read');
  return address;
}

/** user:password@place/db family, and how TLS verifies. */
const inShort = (address: RedisAddress): string => {
  const { username, password, db, family, tls } = address;
  return `${username ?? ''}:${password ?? ''}@${redisPlaceOf(address)}/${db} ${family} ${tls?.verifies ?? 'plain'}`;
};

test.each([
  ["a server of one's own", 'redis://localhost', ':@localhost:6379/0 0 plain'],
  ['a password alone', 'redis://:p4ss@cache.example:6380', ':p4ss@cache.example:6380/0 0 plain'],
  ['an ACL user and a database', 'redis://worker:p4ss@cache.example/3', 'worker:p4ss@cache.example:6379/3 0 plain'],
  [
    'Upstash',
    'rediss://default:p4ss@eu1-cool-cat-1.upstash.io:6379',
    'default:p4ss@eu1-cool-cat-1.upstash.io:6379/0 0 host',
  ],
  [
    'Redis Cloud',
    'redis://default:p4ss@redis-1.c1.eu-west-1-1.ec2.redns.redis-cloud.com:12345',
    'default:p4ss@redis-1.c1.eu-west-1-1.ec2.redns.redis-cloud.com:12345/0 0 plain',
  ],
  [
    'Aiven',
    'rediss://default:p4ss@valkey-1.aivencloud.com:12345',
    'default:p4ss@valkey-1.aivencloud.com:12345/0 0 host',
  ],
  [
    'Heroku, which signs by itself',
    'rediss://:p4ss@ec2-1-2-3-4.compute-1.amazonaws.com:7000?ssl_cert_reqs=none',
    ':p4ss@ec2-1-2-3-4.compute-1.amazonaws.com:7000/0 0 nothing',
  ],
  [
    'an authority of its own',
    `rediss://cache.example?ssl_ca_certs=${FILE}&ssl_check_hostname=false`,
    ':@cache.example:6379/0 0 authority',
  ],
  ['IPv6', 'redis://[::1]:6380/1', ':@[::1]:6380/1 0 plain'],
  ['one kind of addresses', 'redis://cache.example?family=6&db=2', ':@cache.example:6379/2 6 plain'],
  ['a socket', 'unix:///run/redis/redis.sock?db=1', ':@/run/redis/redis.sock/1 0 plain'],
  ['a socket with a password', 'unix://worker:p4ss@/run/redis.sock', 'worker:p4ss@/run/redis.sock/0 0 plain'],
])('%s', (_what, text, expected) => {
  expect(inShort(read(text))).toBe(expected);
});

test.each([
  ['another protocol', 'http://:p4ss@cache', /expected redis:\/\/user:password@host:6379\/0/],
  ['no protocol', 'cache:6379', /expected redis:\/\//],
  [
    'Sentinels',
    'redis-sentinel://:p4ss@one:26379,two:26379/mymaster',
    /Sentinels, which is not supported: expected redis:\/\/host:6379/,
  ],
  ['a cluster', 'redis+cluster://:p4ss@one:6379', /expected one Redis that is not in cluster mode/],
  ['several hosts', 'redis://one:6379,two:6379', /names several hosts/],
  [
    'Azure, for .NET',
    'main.redis.cache.windows.net:6380,password=p4ss,ssl=True,abortConnect=False',
    /StackExchange\.Redis: expected rediss:\/\//,
  ],
  ['a user without a password', 'redis://p4sswithoutcolon@cache', /redis:\/\/:password@host/],
  ['a database that is no number', 'redis://cache/main', /names the database "main": expected a number/],
  [
    'an option of the client',
    'redis://cache?maxRetriesPerRequest=1',
    /"maxRetriesPerRequest" is unknown here: leave it out/,
  ],
  ['TLS without its scheme', `redis://cache?ssl_ca_certs=${FILE}`, /ssl_ca_certs, which needs TLS: write rediss:\/\//],
  [
    'a certificate that is not there',
    'rediss://cache?ssl_ca_certs=/no/ca.pem',
    /\/no\/ca\.pem, which cannot be read \(ENOENT\)/,
  ],
  ['half a certificate', `rediss://cache?ssl_certfile=${FILE}`, /both ssl_certfile and ssl_keyfile/],
])('%s is one sentence without the password', (_what, text, expected) => {
  const problems: string[] = [];
  expect(readRedisAddress(text, problems)).toBeUndefined();
  expect(problems).toEqual([expect.stringMatching(expected)]);
  expect(problems[0]).toMatch(/^REDIS_URL /);
  expect(problems.join()).not.toContain('p4ss');
});

describe('any user and password goes through', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 });
  test('percent-encoded', () => {
    fc.assert(
      fc.property(text, text, fc.nat(15), (username, password, db) => {
        const address = read(
          `redis://${encodeURIComponent(username)}:${encodeURIComponent(password)}@cache:6380/${db}`,
        );
        expect(address).toMatchObject({ username, password, db, host: 'cache', port: 6_380 });
      }),
    );
  });
});
