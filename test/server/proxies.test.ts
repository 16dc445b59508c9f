// Promise: what X-Forwarded-… says counts where TRUSTED_PROXIES names who sends it, and nowhere else.
import { describe, expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../../src/config.js';
import { networkOf } from '../../src/server/access/networks.js';
import { ADMIN_TOKEN, openTestServer, type TestServer } from '../support/server.js';

const nobody = { url: 'http://127.0.0.1:9', apiKey: 'a-key' };
const FROM = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example' };

async function open(env: Record<string, string> = {}): Promise<TestServer> {
  const server = await openTestServer(nobody, { ADMIN_TOKEN, ...env });
  onTestFinished(() => server.close());
  return server;
}

const logIn = (server: TestServer, headers: Record<string, string>) =>
  server.ask('/login', { method: 'POST', headers, body: new URLSearchParams({ token: ADMIN_TOKEN }) });

const cookieOf = (answer: Response): string => answer.headers.get('set-cookie') ?? '';
const saysWho = (server: TestServer) =>
  server.lines().findLast(({ msg }) => msg === 'audit: somebody logged in')?.address;

test.each([{}, { TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.1' }])(
  'with %j neither address nor protocol nor host of somebody else is believed',
  async (env) => {
    const server = await open(env);
    const answer = await logIn(server, FROM);
    expect(answer.status).toBe(303);
    expect(cookieOf(answer)).not.toMatch(/Secure/);
    expect(saysWho(server)).toBe('127.0.0.1');
    // Its host would make the page of another site one of ours.
    expect((await logIn(server, { ...FROM, origin: 'https://evil.example' })).status).toBe(403);
    const said = server.lines().filter(({ msg }) => String(msg).includes('TRUSTED_PROXIES'));
    expect(said).toEqual([expect.objectContaining({ level: 'warn', proxy: '127.0.0.1' })]);
  },
);

test.each(['127.0.0.1', '10.0.0.0/8,127.0.0.0/8', '::ffff:127.0.0.1'])(
  'a proxy that TRUSTED_PROXIES=%s names tells address and protocol, and nobody before it does',
  async (TRUSTED_PROXIES) => {
    const server = await open({ TRUSTED_PROXIES });
    const answer = await logIn(server, { ...FROM, 'x-forwarded-for': '198.51.100.66, 203.0.113.9' });
    expect(saysWho(server)).toBe('203.0.113.9');
    expect(cookieOf(answer)).toMatch(/^__Host-hive_sync_session_\d+=[^;]+;.* Path=\/;.* HttpOnly; Secure/);
    expect(server.lines().filter(({ msg }) => String(msg).includes('TRUSTED_PROXIES'))).toEqual([]);
  },
);

test('what a trusted proxy passes on and is no address counts as the proxy', async () => {
  const server = await open({ TRUSTED_PROXIES: '127.0.0.1' });
  await logIn(server, { 'x-forwarded-for': 'somebody' });
  expect(saysWho(server)).toBe('127.0.0.1');
});

test('over https the cookie is another one than in clear, and under a sub-path its name promises less', async () => {
  const server = await open({ TRUSTED_PROXIES: '127.0.0.1', HTTP_BASE_PATH: '/hive' });
  const https = { 'x-forwarded-proto': 'https' };
  const set = cookieOf(await logIn(server, https));
  expect(set).toMatch(/^__Secure-hive_sync_session_\d+=[^;]+;.* Path=\/hive;.* HttpOnly; Secure; SameSite=Strict/);
  const [cookie = ''] = set.split(';');
  const as = async (headers: Record<string, string>) => (await server.ask('/nothing-here', { headers })).status;
  expect(await as({ cookie, ...https })).toBe(404);
  expect(await as({ cookie })).toBe(401);
  // Somebody who can only write cookies in clear cannot put one in its place.
  expect(await as({ cookie: cookie.replace('__Secure-', ''), ...https })).toBe(401);
});

describe('TRUSTED_PROXIES', () => {
  test.each([
    'proxy.example',
    '10.0.0.0/33',
    '0.0.0.0/0',
    '::/0',
    '10.0.0.1,',
    '10.0.0.0/255.0.0.0',
    'loopback',
    'fe80::1%eth0',
  ])('%s is refused in one sentence', (TRUSTED_PROXIES) => {
    expect(() => readConfig({ HIVE_API_KEY: 'a-key', TRUSTED_PROXIES })).toThrow(
      /TRUSTED_PROXIES is ".*": expected addresses or networks/,
    );
  });

  test('takes addresses and networks of both kinds; nobody is trusted by default', () => {
    const read = (env: Record<string, string>) => readConfig({ HIVE_API_KEY: 'a-key', ...env }).http.trustedProxies;
    expect(read({})).toEqual([]);
    expect(read({ TRUSTED_PROXIES: '127.0.0.1, 172.18.0.0/16,fd00::/8,::1' })).toEqual([
      '127.0.0.1',
      '172.18.0.0/16',
      'fd00::/8',
      '::1',
    ]);
  });
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::FFFF:c000:207', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002::', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
])('%s is of the network %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
