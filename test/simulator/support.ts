// A client that shows everything: one request, with its status, headers and parsed body.
import { Agent, request } from 'node:http';
import { openSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/index.js';

export interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  /** The parsed body; undefined when it is no JSON. */
  json: unknown;
}

export interface Page {
  data: { id: number; [field: string]: unknown }[];
  pagination: { current_page: number; item_count: number; page_count: number; items_per_page: number };
}

export interface SendOptions {
  method?: string;
  key?: string | null;
  body?: unknown;
  contentType?: string;
}

/** One request over a connection of its own, to an absolute URL. */
export function send(
  url: string,
  { method = 'GET', key = 'test-key', body, contentType }: SendOptions = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const headers: Record<string, string> = {};
    if (key !== null) headers.authorization = `Bearer ${key}`;
    if (text !== undefined) headers['content-type'] = contentType ?? 'application/json';
    const outgoing = request(url, { method, headers, agent: new Agent() }, (incoming) => {
      const parts: Buffer[] = [];
      incoming.on('data', (part: Buffer) => parts.push(part));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const whole = Buffer.concat(parts).toString('utf8');
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text: whole, json: parse(whole) });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(text);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Runs a test against a simulator of its own, without a budget unless the options give one. */
export async function withSimulator(options: SimulatorOptions, test: (sim: Simulator) => Promise<void>): Promise<void> {
  const sim = await openSimulator({ rate: 'unlimited', ...options });
  try {
    await test(sim);
  } finally {
    await sim.close();
  }
}

export async function getPage(sim: Simulator, path: string): Promise<Page> {
  const reply = await send(sim.url + path);
  if (reply.status !== 200) throw new Error(`${path}: ${reply.status} ${reply.text}`);
  return reply.json as Page;
}

/** All records of a list, page by page. */
export async function walk(sim: Simulator, path: string): Promise<Page['data']> {
  const separator = path.includes('?') ? '&' : '?';
  const records: Page['data'] = [];
  for (let page = 1; ; page++) {
    const { data, pagination } = await getPage(sim, `${path}${separator}page=${page}`);
    records.push(...data);
    if (page >= pagination.page_count) return records;
  }
}

/** A clock that only moves when told; starts at 2026-11-02T00:00:00Z, the beginning of a minute. */
export function openClock() {
  let ms = Date.UTC(2026, 10, 2);
  return {
    now: () => ms,
    advance: (byMs: number) => {
      ms += byMs;
    },
  };
}

export const noRecords = { warehouses: 0, skus: 0, orders: 0, shipments: 0, returns: 0, restocking_shipments: 0 };
