// The worker's HTTP server over a real database and queue, without a worker, so that a test says what happens when.
import { PassThrough } from 'node:stream';
import { readConfig } from '../../src/config.js';
import { openLog } from '../../src/log.js';
import type { ServerLimits } from '../../src/server/limits.js';
import { type Metrics, openMetrics } from '../../src/server/metrics/metrics.js';
import { openServer, type Server } from '../../src/server/server.js';
import type { Simulator } from '../../src/simulator/index.js';
import { openTestApp, type TestApp } from './app.js';
import { createDatabase } from './database.js';

export interface TestServer extends TestApp {
  readonly url: string;
  readonly databaseUrl: string;
  /** fetch() below the server's address; redirects are shown, not followed. */
  ask(path: string, init?: RequestInit): Promise<Response>;
  /** What the server has logged so far, a line each. */
  lines(): Record<string, unknown>[];
}

export const ADMIN_TOKEN = 'a-token-for-tests-only';

/**
 * @param env what differs from a server on loopback without ADMIN_TOKEN
 * @param limits of the server, where a test wants others
 */
export async function openTestServer(
  simulator: Pick<Simulator, 'url' | 'apiKey'>,
  env: Record<string, string> = {},
  limits: Partial<ServerLimits> = {},
): Promise<TestServer> {
  const databaseUrl = env.DATABASE_URL ?? (await createDatabase());
  const metrics: Metrics = openMetrics('test');
  const testApp = await openTestApp(simulator, databaseUrl, env, metrics.observerOf);
  const config = readConfig({
    HIVE_API_URL: simulator.url,
    HIVE_API_KEY: simulator.apiKey,
    DATABASE_URL: databaseUrl,
    HTTP_PORT: '0',
    ...env,
  });
  const written: string[] = [];
  const stream = new PassThrough().on('data', (line: Buffer) => written.push(line.toString()));
  const log = openLog('info', stream);
  const server: Server = await openServer({ ...testApp.app, config, log, version: 'test', metrics }, limits);
  return {
    ...testApp,
    url: server.url,
    databaseUrl,
    ask: (path, init) => fetch(server.url + path, { redirect: 'manual', ...init }),
    lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
    async close() {
      await server.close();
      log.flush();
      await testApp.close();
    },
  };
}
