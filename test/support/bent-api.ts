// A list API in which every answer can be bent: what the simulator is too honest for. Nobody counts its requests per
// minute, and nothing checks a key.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fullSync, openTestApp } from './app.js';
import { atEndOfTest } from './clean-up.js';
import { openTestDatabase } from './database.js';

export interface BentRecord extends Record<string, unknown> {
  id: number | string;
  created_at: string;
}

export interface BentRequest {
  readonly list: string;
  readonly page: number;
  readonly from: string | null;
  readonly to: string | null;
  /** Among the requests for this list, 1 = the first. */
  readonly nth: number;
}

export interface Envelope {
  readonly data: readonly BentRecord[];
  readonly pagination: Readonly<Record<string, unknown>>;
}

export interface BentAnswer {
  readonly status?: number;
  readonly body?: unknown;
  readonly delayMs?: number;
}

export interface BentApi {
  readonly url: string;
  readonly apiKey: string;
  /** In the order in which they are listed. May be changed at any time. */
  readonly records: BentRecord[];
  /** Of its list, not single records. */
  readonly requests: readonly BentRequest[];
  /** Before an answer is made. */
  before: (request: BentRequest) => void;
  /** Another answer than the right one; undefined = the right one. */
  bend: (request: BentRequest, right: Envelope) => BentAnswer | undefined;
  /** What it says where nothing is bent. */
  right(request: Pick<BentRequest, 'page' | 'from' | 'to'>): Envelope;
}

export const PER_PAGE = 5;

/** `size` records, newest first, a minute apart, with ids from `size` down to 1. */
export async function openBentApi(list: string, size: number): Promise<BentApi> {
  const records = Array.from({ length: size }, (_, i) => ({
    id: size - i,
    created_at: new Date(Date.UTC(2026, 0, 1) + (size - i) * 60_000).toISOString(),
  }));
  const requests: BentRequest[] = [];
  const api: BentApi = {
    url: '',
    apiKey: 'a-key',
    records,
    requests,
    before: () => {},
    bend: () => undefined,
    right({ page, from, to }) {
      const all = api.records.filter(
        ({ created_at: at }) => (to === null || at <= to) && (from === null || at >= from),
      );
      const pageCount = Math.max(1, Math.ceil(all.length / PER_PAGE));
      return {
        data: all.slice((page - 1) * PER_PAGE, page * PER_PAGE),
        pagination: { current_page: page, item_count: all.length, page_count: pageCount, items_per_page: PER_PAGE },
      };
    },
  };

  function answerTo({ pathname, searchParams: query }: URL): BentAnswer {
    const [path = '', id] = pathname.replace('/merchant_api/v1/', '').split('/');
    if (id !== undefined) {
      const found = api.records.find((record) => path === list && String(record.id) === id);
      return found === undefined ? { status: 404, body: { errors: ['not found'] } } : { body: found };
    }
    const request: BentRequest = {
      list: path,
      page: Number(query.get('page') ?? 1),
      from: query.get('created_at[gte]'),
      to: query.get('created_at[lte]'),
      nth: requests.length + 1,
    };
    if (path !== list) {
      return {
        body: { data: [], pagination: { current_page: 1, item_count: 0, page_count: 1, items_per_page: PER_PAGE } },
      };
    }
    requests.push(request);
    api.before(request);
    const right = api.right(request);
    return api.bend(request, right) ?? { body: right };
  }

  const server = createServer((request, response) => {
    const { status = 200, body, delayMs = 0 } = answerTo(new URL(request.url ?? '/', 'http://api'));
    setTimeout(() => {
      response.writeHead(status, {
        'content-type': 'application/json',
        'x-rate-limit-max': '1000000',
        'x-rate-limit-used': '1',
      });
      response.end(JSON.stringify(body ?? { errors: ['refused'] }));
    }, delayMs);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEndOfTest(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(api, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/merchant_api/v1` });
}

/** 12 pages of a list, and the product on an empty database. One request at a time, so that a script is a script. */
export async function openBentStage(list: 'orders' | 'shipments', size = 60) {
  const api = await openBentApi(list, size);
  const { url, db } = await openTestDatabase();
  const app = await openTestApp(api, url, { SYNC_CONCURRENCY: '1', SYNC_PAGE_ATTEMPTS: '3' });
  atEndOfTest(app.close);
  const ids = async (): Promise<number[]> => {
    const rows = await db.execute<{ id: number }>(`select id from hive.${list} where _deleted_at is null`);
    return rows.map(({ id }) => Number(id));
  };
  return {
    api,
    app,
    db,
    list,
    full: async () => (await fullSync(app, [list], 60_000)).run,
    /** What the table lacks, and what it has too many. */
    async compare() {
      const stored = new Set(await ids());
      const right = new Set(api.records.map(({ id }) => id));
      return {
        missing: [...right].filter((id) => !stored.has(id as number)),
        extra: [...stored].filter((id) => !right.has(id)),
      };
    },
    /** Epoch milliseconds; null = the whole list was never proved. */
    async wholeAsOf(): Promise<number | null> {
      const [row] = await db.execute<{ ms: number | null }>(
        `select extract(epoch from whole_as_of)::float8 * 1000 as ms from sync.proofs where collection = '${list}'`,
      );
      return row?.ms ?? null;
    },
    letters: () =>
      db.execute<{ record_id: number | null; resolution: string | null }>(
        'select record_id, resolution from sync.dead_letters order by id',
      ),
  };
}
