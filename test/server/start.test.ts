// The worker's server as a user starts it: where it listens, and what is said when it cannot.
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { openSimulator } from '../../src/simulator/index.js';
import { runCli, startCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { until } from '../support/until.js';

test('the log says where the server is, and it answers there', async () => {
  const simulator = await openSimulator({ rate: 'unlimited', sizes: { orders: 5, shipments: 5 } });
  const worker = startCli(['worker'], {
    HIVE_API_KEY: simulator.apiKey,
    HIVE_API_URL: simulator.url,
    DATABASE_URL: await createDatabase(),
    ADMIN_TOKEN: 'never-in-a-log-line',
  });
  const url = await until(
    'the server is up',
    () => /"url":"(http:\/\/127\.0\.0\.1:\d+)"/.exec(worker.output().stderr)?.[1],
  );
  expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ ok: true });
  await until('it is ready', async () => (await fetch(`${url}/readyz`)).status === 200);
  expect((await fetch(`${url}/api/status`)).status).toBe(401);
  worker.kill('SIGTERM');
  const { code, stderr } = await worker.ended;
  expect(code).toBe(0);
  expect(stderr).not.toContain('never-in-a-log-line');
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  await simulator.close();
});

test('a port that is taken is one clear sentence and exit code 1', async () => {
  const taken = net.createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const { code, stderr } = await runCli(['worker'], {
    HIVE_API_KEY: 'a-key',
    HIVE_API_URL: 'http://127.0.0.1:9',
    DATABASE_URL: await createDatabase(),
    HTTP_PORT: String(port),
    LOG_LEVEL: 'error',
  });
  taken.close();
  expect(code).toBe(1);
  expect(stderr).toMatch(
    new RegExp(`^Error: The server cannot listen on 127\\.0\\.0\\.1, port ${port}: .*HTTP_PORT.*\\n$`),
  );
});

test.each(['0.0.0.0', '::', 'sync.example'])(
  '%s without ADMIN_TOKEN is refused before anything is opened',
  async (HTTP_HOST) => {
    const { code, stderr } = await runCli(['worker'], { HIVE_API_KEY: 'a-key', HTTP_HOST }, '/tmp');
    expect(code).toBe(2);
    expect(stderr).toMatch(/HTTP_HOST is ".*", which others can reach: set ADMIN_TOKEN/);
  },
);
