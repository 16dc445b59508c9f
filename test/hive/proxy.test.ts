// The API behind a proxy and with a certificate of an authority of its own, as in a company's network.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { openSimulator, type Simulator } from '../../src/simulator/index.js';
import { openAuthority } from '../support/certificates.js';
import { runCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { needing } from '../support/needs.js';

/** A name that nothing but the proxy can find. */
const API = 'api.hive.invalid';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function listening(server: http.Server | https.Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** The simulator behind TLS. */
function openSecureApi(simulator: Simulator, { cert, key }: { cert: string; key: string }): Promise<number> {
  const options = { cert: readFileSync(cert), key: readFileSync(key) };
  return listening(
    https.createServer(options, ({ method, url, headers }, response) => {
      const { origin } = new URL(simulator.url);
      http.get(origin + (url ?? ''), { ...(method === undefined ? {} : { method }), headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
    }),
  );
}

/** A proxy that makes tunnels to the API for whoever knows the password, and to nobody else. */
async function openConnectProxy(apiPort: number) {
  const asked: string[] = [];
  const proxy = http.createServer((_request, response) => response.writeHead(405).end());
  proxy.on('connect', ({ url = '', headers }, client: net.Socket) => {
    asked.push(url);
    if (headers['proxy-authorization'] !== `Basic ${Buffer.from('me:p@ss').toString('base64')}`) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const api = net.connect(apiPort, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      client.pipe(api).pipe(client);
    });
    for (const socket of [client, api]) {
      socket.on('error', () => {});
      closing.push(() => socket.destroy());
    }
  });
  return { asked, port: await listening(proxy) };
}

describe('an API behind a proxy', needing('openssl'), () => {
  async function scene() {
    const authority = openAuthority();
    closing.push(authority.close);
    const simulator = await openSimulator({ sizes: { orders: 25 }, rate: 'unlimited' });
    closing.push(() => simulator.close());
    const proxy = await openConnectProxy(await openSecureApi(simulator, authority.sign([`DNS:${API}`])));
    const env = {
      HIVE_API_KEY: simulator.apiKey,
      HIVE_API_URL: `https://${API}${new URL(simulator.url).pathname}`,
      DATABASE_URL: await createDatabase(),
      HTTPS_PROXY: `http://me:p%40ss@127.0.0.1:${proxy.port}`,
      NODE_EXTRA_CA_CERTS: authority.ca,
      SYNC_PAGE_ATTEMPTS: '1',
    };
    return { simulator, proxy, env };
  }

  test('is read through it, with its certificate verified', async () => {
    const { simulator, proxy, env } = await scene();
    const ended = await runCli(['sync', 'orders'], env);
    expect(ended.stderr).not.toContain('Error');
    expect(ended.code).toBe(0);
    expect(simulator.requests.length).toBeGreaterThan(1);
    expect(new Set(proxy.asked)).toEqual(new Set([`${API}:443`]));
  });

  test.each([
    [
      'a wrong password',
      (port: number) => ({ HTTPS_PROXY: `http://me:S3CRET@127.0.0.1:${port}` }),
      /through the proxy 127\.0\.0\.1:\d+ \(it wants a user and a password, 407\)/,
    ],
    [
      'a proxy that is not there',
      () => ({ HTTPS_PROXY: 'http://127.0.0.1:1' }),
      /through the proxy 127\.0\.0\.1:1 \(ECONNREFUSED\)/,
    ],
    [
      'a certificate that nobody knows',
      () => ({ NODE_EXTRA_CA_CERTS: '' }),
      /\(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)\. Name the authority of its certificate with NODE_EXTRA_CA_CERTS=<file>/,
    ],
    ['NO_PROXY', () => ({ NO_PROXY: 'hive.invalid' }), /The API could not be reached \((ENOTFOUND|EAI_AGAIN)\)/],
  ])('%s is said by doctor', async (_what, change, expected) => {
    const { proxy, env } = await scene();
    const { code, stdout } = await runCli(['doctor'], { ...env, ...change(proxy.port) });
    expect(stdout).toMatch(expected);
    expect(stdout).not.toContain('S3CRET');
    expect(code).toBe(1);
  });

  test('a proxy that hangs up at once is asked a few times, and named', async () => {
    const { env } = await scene();
    let connections = 0;
    const proxy = net.createServer((client) => {
      connections += 1;
      client.on('error', () => {});
      client.once('data', () => client.destroy());
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    closing.push(() => proxy.close());
    const { port } = proxy.address() as AddressInfo;
    const { code, stdout } = await runCli(['doctor'], {
      ...env,
      HTTPS_PROXY: `http://127.0.0.1:${port}`,
      HIVE_TIMEOUT_MS: '3000',
    });
    expect(stdout).toMatch(/through the proxy 127\.0\.0\.1:\d+ \(ECONNRESET\)/);
    expect(code).toBe(1);
    expect(connections).toBeLessThan(10);
  });
});
