// Promise: under a sub-path behind a proxy every link, form, redirect, asset and cookie carries it, whether the proxy takes
// the sub-path away or passes it on; and probes on this machine need none.
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withoutBasePath } from '../../src/server/base-path.js';
import { openSimulator, type Simulator } from '../../src/simulator/index.js';
import { ADMIN_TOKEN, openTestServer, type TestServer } from '../support/server.js';

const BASE = '/tools/hive';

let simulator: Simulator;
let server: TestServer;
beforeAll(async () => {
  simulator = await openSimulator({ rate: 'unlimited', sizes: { orders: 1 } });
  server = await openTestServer(simulator, { ADMIN_TOKEN, HTTP_BASE_PATH: BASE });
});
afterAll(() => Promise.all([server.close(), simulator.close()]));

/** A reverse proxy that knows only what is below BASE. */
async function openProxy(strips: boolean) {
  const target = new URL(server.url);
  const proxy = http.createServer((request, response) => {
    const url = request.url ?? '/';
    if (!url.startsWith(`${BASE}/`)) return void response.writeHead(404).end('not the proxy’s');
    const forwarded = { 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'http' };
    const passed = http.request(
      {
        host: target.hostname,
        port: target.port,
        method: request.method,
        path: strips ? url.slice(BASE.length) : url,
        headers: { ...request.headers, ...forwarded },
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    request.pipe(passed);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const origin = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  return {
    ask: (path: string, init?: RequestInit) => fetch(origin + path, { redirect: 'manual', ...init }),
    origin,
    close: () => proxy.close(),
  };
}

const linksIn = (page: string): string[] =>
  [...page.matchAll(/\b(?:href|src|action)="(\/[^"]*)"/g)].map(([, link = '']) => link.replaceAll('&amp;', '&'));

describe.each([
  ['takes the sub-path away', true],
  ['passes the sub-path on', false],
])('a proxy that %s', (_, strips) => {
  test('people log in, walk over every link, start a run and log out, all below the sub-path', async () => {
    const proxy = await openProxy(strips);
    const { ask, origin } = proxy;
    const first = await ask(`${BASE}/runs?account=default`, { headers: { accept: 'text/html' } });
    expect([first.status, first.headers.get('location')]).toEqual([
      303,
      `${BASE}/login?to=${encodeURIComponent('/runs?account=default')}`,
    ]);
    const login = await (await ask(first.headers.get('location') ?? '')).text();
    expect(linksIn(login).length).toBeGreaterThan(2);
    for (const link of linksIn(login)) expect((await ask(link)).status, link).toBe(200);
    const form = (fields: Record<string, string>, cookie = '') => ({
      method: 'POST',
      headers: { origin, cookie, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields).toString(),
    });
    const entered = await ask(`${BASE}/login`, form({ token: ADMIN_TOKEN, to: '/runs?account=default' }));
    expect(entered.headers.get('location')).toBe(`${BASE}/runs?account=default`);
    expect(entered.headers.get('set-cookie')).toMatch(/; Path=\/tools\/hive;/);
    const cookie = entered.headers.get('set-cookie')?.split(';')[0] ?? '';

    const seen = new Set<string>([`${BASE}/`]);
    let overview = '';
    for (const link of seen) {
      expect(link.startsWith(`${BASE}/`), link).toBe(true);
      if (/\/(logout|retry|discard)$/.test(link)) continue;
      const answer = await ask(link, { headers: { cookie, accept: '*/*' } });
      expect(answer.status, link).toBe(200);
      if (!answer.headers.get('content-type')?.startsWith('text/html')) continue;
      const page = await answer.text();
      if (link === `${BASE}/`) overview = page;
      // The board of the queues names its base, and everything else of it is below that.
      if (link === `${BASE}/queues`) expect(page).toContain(`<base href="${BASE}/queues/"`);
      else for (const found of linksIn(page)) seen.add(found.split('#')[0] ?? '');
    }
    for (const path of ['/', '/runs', '/dead-letters', '/queues', '/runs/new?account=default']) {
      expect([...seen]).toContain(BASE + path);
    }

    const token = /name="_csrf" value="([^"]+)"/.exec(overview)?.[1] ?? '';
    const started = await ask(`${BASE}/runs`, form({ _csrf: token, account: 'default', mode: 'full' }, cookie));
    expect(started.status).toBe(303);
    expect(started.headers.get('location')).toMatch(/^\/tools\/hive\/(runs\/\d+)?\?said=/);
    const left = await ask(`${BASE}/logout`, form({ _csrf: token }, cookie));
    expect(left.headers.get('location')).toBe(`${BASE}/login`);
    expect(left.headers.get('set-cookie')).toMatch(/; Path=\/tools\/hive;/);
    proxy.close();
  }, 60_000);

  test('programs find the API and webhooks below the sub-path', async () => {
    const proxy = await openProxy(strips);
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    const document = (await (await proxy.ask(`${BASE}/api/openapi.json`, { headers })).json()) as {
      servers: { url: string }[];
    };
    expect(document.servers).toEqual([{ url: `${BASE}/` }]);
    expect((await proxy.ask(`${BASE}/api/status`, { headers })).status).toBe(200);
    expect((await proxy.ask(`${BASE}/webhooks/hive`, { method: 'POST', body: '{}' })).status).toBe(401);
    proxy.close();
  });
});

test('probes on this machine find health and metrics with and without it', async () => {
  const { origin } = new URL(server.url);
  for (const path of ['/healthz', '/readyz', `${BASE}/healthz`, `${BASE}/readyz`]) {
    expect((await fetch(origin + path)).status, path).toBe(200);
  }
  expect(server.url).toMatch(/\/tools\/hive$/);
});

test('only the whole sub-path is taken away', () => {
  const strip = withoutBasePath('/hive');
  expect(['/hive', '/hive/', '/hive?x=1', '/hive/runs', '/hives', '/runs', '/'].map((url) => strip({ url }))).toEqual([
    '/',
    '/',
    '/?x=1',
    '/runs',
    '/hives',
    '/runs',
    '/',
  ]);
});
