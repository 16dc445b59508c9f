// A client with its real budget, and HTTP servers that misbehave in ways that the simulator does not.
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import type { Db } from '../../src/db/database.js';
import { openRateBudget, type RateBudget } from '../../src/db/rate-budget.js';
import { type Client, type ClientOptions, openClient } from '../../src/hive/client.js';
import { openSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/index.js';
import { atEndOfTest } from '../support/clean-up.js';
import { log } from '../support/log.js';

export const API_KEY = 'test-key-never-shown';

let accounts = 0;

/** A client of an account of its own, unless one is named. */
export function openTestClient(
  db: Db,
  apiUrl: string,
  { account = `client ${++accounts}`, ...options }: Partial<ClientOptions> & { account?: string } = {},
): Client & { budget: RateBudget; account: string } {
  const budget = openRateBudget(db, { account, limit: undefined, windowMs: 60_000, reserve: 0, log });
  atEndOfTest(() => budget.close());
  const defaults = { apiUrl, apiKey: API_KEY, timeoutMs: 10_000, budget, userAgent: 'hive-sync/test' };
  return { ...openClient({ ...defaults, ...options }), budget, account };
}

/** A simulator until the end of the test, without a rate limit unless the options give one. */
export async function openTestSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await openSimulator({ rate: 'unlimited', apiKey: API_KEY, ...options });
  atEndOfTest(() => simulator.close());
  return simulator;
}

/** A plain HTTP server until the end of the test; returns its origin. */
export async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEndOfTest(() => closeServer(server));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Where nobody listens (any more). */
export async function closedOrigin(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await closeServer(server);
  return `http://127.0.0.1:${port}`;
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

/** The error that a promise ends with. @throws when it does not */
export async function errorFrom(promise: Promise<unknown>): Promise<Error> {
  const result = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in result && result.error instanceof Error) return result.error;
  throw new Error(`expected an error, got ${inspect(result)}`);
}

/** Everything that a careless log line could print of an error. */
export const everythingIn = (error: Error): string =>
  [error.message, error.stack, JSON.stringify(error), inspect(error, { depth: 20, showHidden: true })].join('\n');
