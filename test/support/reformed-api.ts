// The simulated API with its records in another form: a server in front of it that rewrites what it answers, as when a new
// release of the API writes its fields in another way. What the simulator holds stays as it is.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Simulator } from '../../src/simulator/index.js';

type Json = Record<string, unknown>;
/** @param path of the request below the base URL. @returns the record as it is sent */
export type Reform = (record: Json, path: string) => unknown;

export interface ReformedApi {
  readonly url: string;
  /** Another form from now on; undefined = as the simulator writes it. */
  become(reform: Reform | undefined): void;
  close(): Promise<void>;
}

export async function openReformedApi(simulator: Pick<Simulator, 'url'>): Promise<ReformedApi> {
  let reform: Reform | undefined;
  const base = new URL(simulator.url);
  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => response.destroy(error));
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', base);
    const { authorization = '' } = request.headers;
    const got = await fetch(url, { headers: { authorization } });
    const text = await got.text();
    const path = url.pathname.slice(base.pathname.length);
    const body = reform === undefined || got.status !== 200 ? text : JSON.stringify(reformed(JSON.parse(text), path));
    const limits = ['x-rate-limit-max', 'x-rate-limit-used', 'retry-after'].flatMap((name) => {
      const value = got.headers.get(name);
      return value === null ? [] : [[name, value] as const];
    });
    response.writeHead(got.status, { 'content-type': 'application/json', ...Object.fromEntries(limits) }).end(body);
  }

  const reformed = (body: Json, path: string): unknown =>
    Array.isArray(body.data) ? { ...body, data: body.data.map((one) => reform?.(one, path)) } : reform?.(body, path);

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${base.pathname}`,
    become: (next) => {
      reform = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
