// Promise: who sends slowly, half, too much or nonsense, and shows no token, takes neither time nor memory nor the place of
// others. Times are short here, and awaited, not measured.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { collectionNamed } from '../../src/collections/index.js';
import { SIGNATURE_HEADER } from '../../src/hive/webhook-signature.js';
import { SERVER_LIMITS, type ServerLimits } from '../../src/server/limits.js';
import { openWhileStarting } from '../../src/server/while-starting.js';
import { headOf, openRawClient, type RawClient } from '../support/raw-client.js';
import { ADMIN_TOKEN, openTestServer, type TestServer } from '../support/server.js';
import { until } from '../support/until.js';
import { postWebhook } from '../support/webhooks.js';

const nobody = { url: 'http://127.0.0.1:9', apiKey: 'key-1' };
const LONG_MS = 600_000;
const shipment = JSON.stringify(collectionNamed('shipments')?.example);
/** Right in form; whose it is shows only when the body is there. */
const FORM = { [SIGNATURE_HEADER]: 'a'.repeat(64) };
const WEBHOOK = 'POST /webhooks/hive';

async function open(limits: Partial<ServerLimits>, env: Record<string, string> = {}): Promise<TestServer> {
  const server = await openTestServer(nobody, { ADMIN_TOKEN, ...env }, { checkEveryMs: 20, ...limits });
  onTestFinished(() => server.close());
  return server;
}

async function clientOf(server: TestServer): Promise<RawClient> {
  const client = await openRawClient(server.url);
  onTestFinished(() => client.leave());
  return client;
}

const isWell = async (server: TestServer) => {
  for (const path of ['/healthz', '/readyz']) expect((await server.ask(path)).status, path).toBe(200);
};

describe('time', () => {
  test('headers that never end are answered 408, and a connection that says nothing ends', async () => {
    const server = await open({ headersMs: 100 });
    const [slow, mute] = [await clientOf(server), await clientOf(server)];
    slow.send('GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: ');
    slow.trickle('a');
    expect(await slow.untilClosed()).toMatch(/^HTTP\/1\.1 408 .*\{"errors":\["The request did not come in time/s);
    await mute.untilClosed();
    await isWell(server);
  });

  test.each([
    ['of a webhook', WEBHOOK, { bodyMs: 100, requestMs: LONG_MS }],
    ['of a webhook, by the time for the request', WEBHOOK, { bodyMs: LONG_MS, requestMs: 100, headersMs: 100 }],
    ['of the login form', 'POST /login', { bodyMs: LONG_MS, requestMs: 100, headersMs: 100 }],
  ])('a body %s that comes byte by byte is answered 408, and nobody listens on', async (_, line, limits) => {
    const server = await open(limits);
    const client = await clientOf(server);
    const type = line === WEBHOOK ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
    client.send(headOf(line, { ...FORM, ...type, 'content-length': 10_000 }));
    client.trickle('a');
    expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 408 .*connection: close/s);
    await isWell(server);
  });
});

test('of 500 connections with half a body the longest go, probes are answered and a webhook is taken', async () => {
  const most = 100;
  const server = await open({ connections: most, bodyMs: LONG_MS, requestMs: LONG_MS, headersMs: LONG_MS });
  const clients: RawClient[] = [];
  for (let n = 0; n < 500; n++) {
    const client = await clientOf(server);
    client.send(headOf(WEBHOOK, { ...FORM, 'content-length': 2_000_000 }));
    client.send('x'.repeat(20_000));
    clients.push(client);
    if (n % 100 === 99) await isWell(server);
  }
  expect((await postWebhook(`${server.url}/webhooks/hive`, shipment, nobody.apiKey)).status).toBe(202);
  await until('the others have gone', () => clients.filter((one) => one.isOpen()).length <= most);
  expect(clients.slice(0, 300).some((one) => one.isOpen())).toBe(false);
  expect(clients.at(-1)?.isOpen()).toBe(true);
  await isWell(server);
});

test('bodies take so many bytes: of one network a quarter, then 503 at once; others have room, and it comes back', async () => {
  const limits = { webhookBytes: 4 * 1_048_576, bodyMs: LONG_MS, requestMs: LONG_MS, headersMs: LONG_MS };
  const server = await open(limits, { TRUSTED_PROXIES: '127.0.0.1' });
  const url = `${server.url}/webhooks/hive`;
  const send = async (times: number, network: string): Promise<RawClient[]> => {
    const clients = await Promise.all(Array.from({ length: times }, () => clientOf(server)));
    for (const client of clients) {
      client.send(headOf(WEBHOOK, { ...FORM, 'content-length': 2_000_000, 'x-forwarded-for': network }));
      client.send('x'.repeat(100_000));
    }
    return clients;
  };
  const areRefused = (clients: RawClient[], least: number) =>
    until(`${least} are refused`, () => clients.filter((one) => !one.isOpen()).length >= least);
  // A body of 100,000 bytes takes at most twice as much.
  const first = await send(40, '203.0.113.1');
  await areRefused(first, 30);
  expect(first.filter((one) => one.isOpen()).length).toBeGreaterThan(0);
  for (const one of first.filter((each) => !each.isOpen())) {
    expect(await one.untilClosed()).toMatch(/^(HTTP\/1\.1 503 (?=.*connection: close).*retry-after: 10\r\n|$)/s);
  }
  expect(first.some((one) => one.received() !== '')).toBe(true);
  const from = (address: string) => postWebhook(url, shipment, nobody.apiKey, { 'x-forwarded-for': address });
  expect((await from('203.0.113.9')).status).toBe(202);

  const others = await Promise.all(['2', '3', '4', '5'].map((end) => send(20, `203.0.113.${end}`)));
  await areRefused(others.flat(), 40);
  await isWell(server);
  for (const client of [...first, ...others.flat()]) client.leave();
  await until('there is room again', async () => (await from('203.0.113.1')).status === 202);
});

describe('before the body', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await openTestServer(nobody, { ADMIN_TOKEN });
  });
  afterAll(() => server.close());

  test.each([
    ['without a signature', WEBHOOK, {}, 401],
    ['with half a signature', WEBHOOK, { [SIGNATURE_HEADER]: 'abc' }, 401],
    ['with a signature in capitals', WEBHOOK, { [SIGNATURE_HEADER]: 'A'.repeat(64) }, 401],
    ['for an account that there is not', `${WEBHOOK}/nobody`, FORM, 404],
    ['of more than 2 MiB', WEBHOOK, { ...FORM, 'content-length': 2_200_000 }, 413],
    ['for a route that is closed', 'POST /api/runs', { 'content-type': 'application/json' }, 401],
    ['with a wrong token', 'POST /api/runs', { authorization: 'Bearer wrong' }, 401],
    ['for a route that there is not', 'POST /nothing-here', { authorization: `Bearer ${ADMIN_TOKEN}` }, 404],
    ['for a page', 'GET /healthz', {}, 200],
  ])('a request %s has its answer, and the connection ends', async (_, line, headers, status) => {
    const client = await openRawClient(server.url);
    client.send(headOf(line, { 'content-length': 1_000_000, ...headers }));
    const answer = await client.untilClosed();
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toMatch(/\r\nconnection: close\r\n/);
  });

  test('a body without a length is refused when it is too long, not when it ends', async () => {
    const client = await openRawClient(server.url);
    client.send(headOf(WEBHOOK, { ...FORM, 'transfer-encoding': 'chunked' }));
    const piece = 'x'.repeat(65_536);
    for (let n = 0; n < 40; n++) client.send(`10000\r\n${piece}\r\n`);
    expect(await client.untilClosed()).toMatch(/^(HTTP\/1\.1 413 |$)/);
  });

  test('a small body that is there already costs nobody their connection', async () => {
    const client = await openRawClient(server.url);
    const refused = `${headOf(WEBHOOK, { 'content-length': 2 })}{}`;
    client.send(refused);
    await until('it is refused', () => client.received().startsWith('HTTP/1.1 401 '));
    client.send(headOf('GET /healthz', { connection: 'close' }));
    expect(await client.untilClosed()).toMatch(/HTTP\/1\.1 200 /);
  });

  test.each([
    ['nonsense', 'hello\r\n\r\n', 400],
    ['a version that there is not', 'GET / HTTP/9.9\r\n\r\n', 400],
    ['a header without a colon', 'GET /healthz HTTP/1.1\r\nhost 127.0.0.1\r\n\r\n', 400],
    ['a header with a NUL', 'GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nx: a\0b\r\n\r\n', 400],
    ['two lengths', headOf(WEBHOOK, { 'content-length': '5, 6' }), 400],
    ['a length and chunks', headOf(WEBHOOK, { 'content-length': 5, 'transfer-encoding': 'chunked' }), 400],
    ['a chunk of no length', `${headOf(WEBHOOK, { ...FORM, 'transfer-encoding': 'chunked' })}zz\r\n`, 400],
    ['headers of 20 KB', headOf('GET /healthz', { 'x-long': 'x'.repeat(20_000) }), 431],
    ['an address of 20 KB', headOf(`GET /${'x'.repeat(20_000)}`), 431],
    ['TLS', Buffer.from('16030100c8010000c40303', 'hex'), 400],
  ])('%s is answered %3$i, in the form of all errors, and the connection ends', async (_, sent, status) => {
    const client = await openRawClient(server.url);
    client.send(sent);
    const answer = await client.untilClosed();
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} .*\\r\\n\\r\\n\\{"errors":\\[".+"\\]\\}$`, 's'));
    await isWell(server);
  });
});

test('a worker that is still starting has the same limits', async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  const limits = { ...SERVER_LIMITS, checkEveryMs: 20, headersMs: 100, requestMs: 100, connections: 20 };
  const starting = await openWhileStarting({ host: '127.0.0.1', port }, '', limits);
  onTestFinished(() => starting.close());
  const url = `http://127.0.0.1:${port}`;
  const clients = await Promise.all(Array.from({ length: 100 }, () => openRawClient(url)));
  const [first] = clients;
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  await first?.untilClosed();
  const sender = await openRawClient(url);
  sender.send(headOf(WEBHOOK, { ...FORM, 'content-length': 2_000_000 }));
  expect(await sender.untilClosed()).toMatch(/^HTTP\/1\.1 503 /);
  const last = clients.at(-1);
  expect(await last?.untilClosed()).toMatch(/^HTTP\/1\.1 408 /);
});

test('a webhook that may be for any of several accounts may be that many times shorter, so hashing it costs no more', async () => {
  const labels = Array.from({ length: 8 }, (_, n) => `a${n}`);
  const keys = Object.fromEntries(labels.map((label, n) => [`HIVE_API_KEY_${label.toUpperCase()}`, `key-${n}`]));
  const server = await open({}, { HIVE_ACCOUNTS: labels.join(','), ...keys });
  const url = `${server.url}/webhooks/hive`;
  const body = (bytes: number) => JSON.stringify({ id: 1, text: 'x'.repeat(bytes) });
  const statusOf = async (path: string, bytes: number, key: string) =>
    (await postWebhook(url + path, body(bytes), key)).status;
  expect(await statusOf('', 260_000, 'key-7')).toBe(202);
  expect(await statusOf('', 260_000, 'wrong')).toBe(401);
  expect(await statusOf('/a7', 300_000, 'key-7')).toBe(202);
  const client = await clientOf(server);
  client.send(headOf(WEBHOOK, { ...FORM, 'content-length': 300_000 }));
  expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 413 .*\/webhooks\/hive\/<account>/s);
});

test('the limits fit each other: a request may take as long as its parts, and not for ever', () => {
  const { headersMs, bodyMs, requestMs, webhookBytes, connections } = SERVER_LIMITS;
  expect(requestMs).toBeGreaterThanOrEqual(headersMs + bodyMs);
  expect(webhookBytes).toBeLessThanOrEqual(64 * 1_024 * 1_024);
  expect(connections).toBeLessThanOrEqual(1_000);
});
