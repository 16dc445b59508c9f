// Promise: wrong tokens are counted by network and all together, and told in few lines; the right one always gets in.
import http from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { GUESS_LIMITS, openGuesses } from '../../src/server/access/guesses.js';
import { ADMIN_TOKEN, openTestServer, type TestServer } from '../support/server.js';

const nobody = { url: 'http://127.0.0.1:9', apiKey: 'a-key' };

async function open(env: Record<string, string> = {}): Promise<TestServer> {
  const server = await openTestServer(nobody, { ADMIN_TOKEN, ...env });
  onTestFinished(() => server.close());
  return server;
}

const bearer = (server: TestServer, token: string, headers: Record<string, string> = {}) =>
  server.ask('/nothing-here', { headers: { authorization: `Bearer ${token}`, ...headers } });
const logIn = (server: TestServer, token: string, headers: Record<string, string> = {}) =>
  server.ask('/login', { method: 'POST', headers, body: new URLSearchParams({ token }) });

/** As fast as it goes, over some connections. @returns how many answers had which status */
async function flood(server: TestServer, times: number, headersOf: (n: number) => Record<string, string>) {
  const { hostname, port } = new URL(server.url);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 32 });
  const statuses: Record<string, number> = {};
  let sent = 0;
  const guess = (n: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const request = http.get({ hostname, port, path: '/api/status', agent, headers: headersOf(n) }, (answer) => {
        statuses[answer.statusCode ?? 0] = (statuses[answer.statusCode ?? 0] ?? 0) + 1;
        answer.resume().once('end', resolve);
      });
      request.once('error', reject);
    });
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      while (sent < times) await guess(sent++);
    }),
  );
  agent.destroy();
  return statuses;
}

const address = (n: number): string => `203.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;
const ofWrongTokens = (server: TestServer) => server.lines().filter(({ msg }) => /wrong token/.test(String(msg)));

test('after ten wrong tokens the next wrong one is 429, and the right one gets in, by form and as bearer', async () => {
  const server = await open();
  for (let n = 0; n < 10; n++) expect((await logIn(server, `wrong-${n}`)).status).toBe(401);
  for (const refused of [await logIn(server, 'wrong'), await bearer(server, 'wrong')]) {
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('connection')).toBe('close');
  }
  expect((await logIn(server, ADMIN_TOKEN)).status).toBe(303);
  expect((await bearer(server, ADMIN_TOKEN)).status).toBe(404);
});

test.each([
  ['that nobody trusts', {}, GUESS_LIMITS.perNetwork],
  ['of a trusted proxy', { TRUSTED_PROXIES: '127.0.0.1' }, GUESS_LIMITS.overall],
])(
  '20,000 guesses with an address each %s: so many are answered as guesses, in a few lines, and the right one gets in',
  async (_, env, limit) => {
    const server = await open(env);
    const guesses = (n: number) => ({ authorization: `Bearer guess-${n}`, 'x-forwarded-for': address(n) });
    const statuses = await flood(server, 20_000, guesses);
    // Where the minute of the limit ends meanwhile, a second one begins.
    expect([limit, 2 * limit]).toContain(statuses[401]);
    expect(statuses).toEqual({ 401: statuses[401], 429: 20_000 - (statuses[401] ?? 0) });
    expect((await bearer(server, ADMIN_TOKEN, { 'x-forwarded-for': address(1) })).status).toBe(404);
    expect((await logIn(server, ADMIN_TOKEN, { 'x-forwarded-for': address(2) })).status).toBe(303);
    expect(ofWrongTokens(server).length).toBeLessThanOrEqual(44);
    expect(ofWrongTokens(server).length).toBeGreaterThan(0);
    expect(JSON.stringify(server.lines())).not.toContain('guess-');
  },
  120_000,
);

test('addresses of one /64 count as one, and 192.0.2.7 written as IPv6 is 192.0.2.7', async () => {
  const server = await open({ TRUSTED_PROXIES: '127.0.0.1' });
  const from = async (forwarded: string) => (await bearer(server, 'wrong', { 'x-forwarded-for': forwarded })).status;
  for (let n = 0; n < 10; n++) expect(await from(`2001:db8:1:2::${n}`)).toBe(401);
  expect(await from('2001:db8:1:2:ffff:ffff:ffff:ffff')).toBe(429);
  expect(await from('2001:db8:1:3::1')).toBe(401);
  for (let n = 0; n < 10; n++) expect(await from(n % 2 === 0 ? '192.0.2.7' : '::ffff:192.0.2.7')).toBe(401);
  expect(await from('::ffff:c000:207')).toBe(429);
  expect(await from('192.0.2.8')).toBe(401);
});

describe('the count', () => {
  test('begins anew each minute, and a flood leaves nothing behind', () => {
    const guesses = openGuesses({ perNetwork: 2, overall: 3 });
    expect(guesses.wasWrong('192.0.2.1', 0)).toBe(0);
    expect(guesses.wasWrong('192.0.2.1', 1_000)).toBe(0);
    expect(guesses.wasWrong('192.0.2.1', 2_000)).toBe(58);
    expect(guesses.wasWrong('192.0.2.2', 2_000)).toBe(0);
    for (let n = 0; n < 100; n++) expect(guesses.wasWrong(address(n), 3_000)).toBe(57);
    expect(guesses.wasWrong('192.0.2.1', 60_000)).toBe(0);
  });
});
