// Promise: a session ends everywhere at logout, with the token and with the process, and who did what is in the log.
import { expect, onTestFinished, test } from 'vitest';
import { fileDeadLetters } from '../../src/db/dead-letters.js';
import { MOST_SESSIONS, openGate, SESSION_SECONDS } from '../../src/server/access/gate.js';
import { ADMIN_TOKEN, openTestServer, type TestServer } from '../support/server.js';

const nobody = { url: 'http://127.0.0.1:9', apiKey: 'a-key' };
const OTHER_TOKEN = 'another-token-for-tests';

async function open(env: Record<string, string> = {}): Promise<TestServer> {
  const server = await openTestServer(nobody, { ADMIN_TOKEN, ...env });
  onTestFinished(() => server.close());
  return server;
}

async function logIn(server: TestServer, token = ADMIN_TOKEN, headers: Record<string, string> = {}): Promise<string> {
  const body = new URLSearchParams({ token });
  const answer = await server.ask('/login', { method: 'POST', headers, body });
  return answer.headers.get('set-cookie')?.split(';')[0] ?? '';
}

const statusWith = async (server: TestServer, cookie: string) =>
  (await server.ask('/nothing-here', { headers: { cookie } })).status;

async function formTokenWith(server: TestServer, cookie: string): Promise<string> {
  const page = await (await server.ask('/runs/new', { headers: { cookie } })).text();
  return /name="_csrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
}

const post = async (server: TestServer, path: string, cookie: string, fields: Record<string, string> = {}) =>
  server.ask(path, {
    method: 'POST',
    headers: { cookie },
    body: new URLSearchParams({ _csrf: await formTokenWith(server, cookie), ...fields }),
  });

test('a cookie that was stolen before the logout is worth nothing after it, and other sessions go on', async () => {
  const server = await open();
  const [stolen, other] = [await logIn(server), await logIn(server)];
  const left = await post(server, '/logout', stolen);
  expect(left.status).toBe(303);
  expect(left.headers.get('set-cookie')).toMatch(/^hive_sync_session_\d+=;.*Expires=Thu, 01 Jan 1970/);
  expect(await statusWith(server, stolen)).toBe(401);
  expect(await statusWith(server, other)).toBe(404);
});

test('who logs in again has one session, not two', async () => {
  const server = await open();
  const first = await logIn(server);
  const second = await logIn(server, ADMIN_TOKEN, { cookie: first });
  expect(await statusWith(server, first)).toBe(401);
  expect(await statusWith(server, second)).toBe(404);
});

test('a changed token ends all sessions, and so does a restart with the same one', async () => {
  const before = await open();
  const cookie = await logIn(before);
  for (const token of [OTHER_TOKEN, ADMIN_TOKEN]) {
    const after = await open({ DATABASE_URL: before.databaseUrl, ADMIN_TOKEN: token });
    expect(await statusWith(after, cookie)).toBe(401);
    expect(await statusWith(after, await logIn(after, token))).toBe(404);
  }
});

test('a session ends after a day, and so many are kept at most', () => {
  const gate = openGate(ADMIN_TOKEN);
  const first = gate.openSession(0);
  expect(gate.isSession(first, SESSION_SECONDS * 1_000 - 1)).toBe(true);
  expect(gate.isSession(first, SESSION_SECONDS * 1_000)).toBe(false);
  const others = Array.from({ length: MOST_SESSIONS }, () => gate.openSession(1));
  expect(gate.isSession(first, 1)).toBe(false);
  expect(others.every((one) => gate.isSession(one, 1))).toBe(true);
});

test('neither cookies nor form tokens depend on the token: nothing can be guessed from them elsewhere', () => {
  const [one, two] = [openGate(ADMIN_TOKEN), openGate(ADMIN_TOKEN)];
  const session = one.openSession(0);
  expect(two.isSession(session, 0)).toBe(false);
  expect(two.formToken(session)).not.toBe(one.formToken(session));
  expect(one.isSession(one.nameOf(session), 0)).toBe(false);
});

const letter = {
  account: 'default',
  collection: 'orders',
  kind: 'record',
  runId: null,
  page: null,
  url: null,
  recordId: 7,
  httpStatus: null,
  errorCode: 'invalid_record',
  errors: ['an error'],
  payload: { id: 7 },
  attempts: 1,
  fingerprint: 'a letter',
} as const;

test('the log says who logged in, who started, tried again and discarded what, and who left', async () => {
  const server = await open({ TRUSTED_PROXIES: '127.0.0.1' });
  await fileDeadLetters(server.app.store.db, [letter]);
  const cookie = await logIn(server, ADMIN_TOKEN, { 'x-forwarded-for': '203.0.113.9' });
  const filed = await server.ask('/api/runs', {
    method: 'POST',
    headers: {
      authorization: `Bearer ${ADMIN_TOKEN}`,
      'content-type': 'application/json',
      'x-forwarded-for': '2001:db8::7',
    },
    body: JSON.stringify({ mode: 'full', collections: ['warehouses'] }),
  });
  const { run } = (await filed.json()) as { run: number };
  await post(server, '/runs', cookie, { account: 'default', mode: 'full' });
  await post(server, '/dead-letters/retry', cookie, { collection: 'orders' });
  await post(server, '/dead-letters/1/discard', cookie, { reason: 'Ada Lovelace asked for it' });
  // Refused, so nothing was done.
  await post(server, '/runs', cookie, { account: 'default', mode: 'everything' });
  await post(server, '/logout', cookie);

  const told = server
    .lines()
    .filter(({ msg }) => /^audit/.test(String(msg)))
    .map(({ level, time, ...line }) => line);
  const session = told[0]?.session;
  expect(session).toMatch(/^[0-9a-f]{8}$/);
  const acted = { msg: 'audit: somebody acted', address: '127.0.0.1', by: 'session', session, status: 303 };
  expect(told).toEqual([
    { address: '203.0.113.9', session, msg: 'audit: somebody logged in' },
    {
      msg: 'audit: somebody acted',
      address: '2001:db8::7',
      by: 'bearer',
      did: 'POST /api/runs',
      asked: '{"mode":"full","collections":["warehouses"]}',
      status: 202,
      run,
    },
    {
      ...acted,
      did: 'POST /runs',
      asked: '{"account":"default","mode":"full"}',
      answer: `/?said=going&run=${run}`,
    },
    { ...acted, did: 'POST /dead-letters/retry', asked: '{"collection":"orders"}', answer: expect.any(String) },
    { ...acted, did: 'POST /dead-letters/1/discard', answer: '/dead-letters/1?said=discarded' },
    { address: '127.0.0.1', session, msg: 'audit: somebody logged out' },
  ]);
  expect(JSON.stringify(told)).not.toContain(ADMIN_TOKEN);
});
