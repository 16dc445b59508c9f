// Who may come in, from where, and what is refused.
import http from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_TOKEN, openTestServer, type TestServer } from '../support/server.js';

const nobody = { url: 'http://127.0.0.1:9', apiKey: 'a-key' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

const logIn = (server: TestServer, token: string, headers: Record<string, string> = {}, to = '/') =>
  server.ask('/login', { method: 'POST', headers: { ...FORM, ...headers }, body: new URLSearchParams({ token, to }) });

const cookieOf = (answer: Response): string => answer.headers.get('set-cookie')?.split(';')[0] ?? '';

/** fetch() does not let a Host header through. */
const askAs = (url: string, headers: Record<string, string>): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const request = http.get(url, { headers }, (answer) => resolve(answer.resume().statusCode));
    request.once('error', reject);
  });

describe('with ADMIN_TOKEN', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await openTestServer(nobody, { ADMIN_TOKEN });
  });
  afterAll(() => server.close());

  test('health is open to all', async () => {
    expect((await server.ask('/healthz')).status).toBe(200);
  });

  test.each(['/', '/api/status', '/metrics', '/queues', '/nothing-here'])('%s is closed', async (path) => {
    const answer = await server.ask(path);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(await answer.json()).toEqual({ errors: [expect.stringContaining('ADMIN_TOKEN')] });
  });

  test('a browser is led to the login form, and after it to where it wanted to go', async () => {
    const led = await server.ask('/runs?page=2', { headers: { accept: 'text/html' } });
    expect(led.headers.get('location')).toBe('/login?to=%2Fruns%3Fpage%3D2');
    const form = await (await server.ask('/login?to=%2Fruns%3Fpage%3D2')).text();
    expect(form).toContain('value="/runs?page=2"');
    const answer = await logIn(server, ADMIN_TOKEN, {}, '/runs?page=2');
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/runs?page=2']);
  });

  test.each(['//evil.example', 'https://evil.example/', '/\\evil.example', 'javascript:alert(1)', '/.//evil.example'])(
    'the login leads to no other server: %s',
    async (to) => {
      expect((await logIn(server, ADMIN_TOKEN, {}, to)).headers.get('location')).toBe('/');
    },
  );

  test('what stands in the address is escaped in the form', async () => {
    const page = await (await server.ask(`/login?to=${encodeURIComponent('/x"><script>alert(1)</script>')}`)).text();
    expect(page).not.toContain('<script>');
  });

  test('the session cookie is random, expires, and says nothing of the token', async () => {
    const answer = await logIn(server, ADMIN_TOKEN);
    const header = answer.headers.get('set-cookie') ?? '';
    expect(header).toMatch(/HttpOnly/);
    expect(header).toMatch(/SameSite=Strict/);
    expect(header).toMatch(/Path=\/;/);
    expect(header).toMatch(/Max-Age=86400/);
    expect(header).not.toMatch(/Secure/);
    const cookie = cookieOf(answer);
    expect(Buffer.from(cookie.split('=')[1] ?? '', 'base64url')).toHaveLength(32);
    expect(cookieOf(await logIn(server, ADMIN_TOKEN))).not.toBe(cookie);
    expect((await server.ask('/nothing-here', { headers: { cookie } })).status).toBe(404);
    expect((await server.ask('/nothing-here', { headers: { cookie: `${cookie}x` } })).status).toBe(401);
  });

  test('programs come in with the token as bearer, and with nothing like it', async () => {
    const as = async (authorization: string) =>
      (await server.ask('/nothing-here', { headers: { authorization } })).status;
    expect(await as(`Bearer ${ADMIN_TOKEN}`)).toBe(404);
    expect(await as(`bearer ${ADMIN_TOKEN}`)).toBe(404);
    expect(await as(`Bearer ${ADMIN_TOKEN}x`)).toBe(401);
    expect(await as(`Bearer ${ADMIN_TOKEN.slice(1)}`)).toBe(401);
    expect(await as(`Basic ${ADMIN_TOKEN}`)).toBe(401);
  });

  test('a session can send a form only with its token, and not from another site', async () => {
    const cookie = cookieOf(await logIn(server, ADMIN_TOKEN));
    const send = async (headers: Record<string, string>, body = '') =>
      (await server.ask('/logout', { method: 'POST', headers: { ...FORM, cookie, ...headers }, body })).status;
    expect(await send({})).toBe(403);
    expect(await send({}, '_csrf=wrong')).toBe(403);
    expect(await send({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await send({ origin: 'https://evil.example' })).toBe(403);
    expect(await send({ origin: 'null' })).toBe(403);
    expect((await server.ask('/nothing-here', { headers: { cookie } })).status).toBe(404);
  });

  test('every answer has the security headers', async () => {
    for (const path of ['/healthz', '/login', '/nothing-here']) {
      const { headers } = await server.ask(path);
      expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
      expect(headers.get('content-security-policy')).not.toContain('unsafe');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
    }
  });

  test('it answers under any name: a proxy may stand before it', async () => {
    expect(
      await askAs(`${server.url}/nothing-here`, { host: 'sync.example', authorization: `Bearer ${ADMIN_TOKEN}` }),
    ).toBe(404);
  });
});

describe('on loopback without ADMIN_TOKEN', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await openTestServer(nobody);
  });
  afterAll(() => server.close());

  test('everybody on this machine may come in', async () => {
    expect((await server.ask('/nothing-here')).status).toBe(404);
    expect((await server.ask('/login')).headers.get('location')).toBe('/');
  });

  test('a name that was pointed at this machine is refused, and so is a proxy', async () => {
    const port = new URL(server.url).port;
    const as = (headers: Record<string, string>) => askAs(`${server.url}/nothing-here`, headers);
    expect(await as({ host: `localhost:${port}` })).toBe(404);
    expect(await as({ host: `[::1]:${port}` })).toBe(404);
    expect(await as({ host: `evil.example:${port}` })).toBe(421);
    expect(await as({ host: `127.0.0.1.evil.example:${port}` })).toBe(421);
    expect(await as({ 'x-forwarded-for': '203.0.113.7' })).toBe(421);
    expect(await as({ 'x-real-ip': '203.0.113.7' })).toBe(421);
    expect(await as({ via: '1.1 proxy' })).toBe(421);
    expect(await askAs(`${server.url}/healthz`, { host: 'evil.example' })).toBe(200);
  });

  test('a form of another site is refused, and one without a token too', async () => {
    const send = async (headers: Record<string, string>) =>
      (await server.ask('/logout', { method: 'POST', headers: { ...FORM, ...headers }, body: '' })).status;
    expect(await send({ origin: 'http://evil.example' })).toBe(403);
    expect(await send({ 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await send({ origin: server.url })).toBe(403);
  });
});
