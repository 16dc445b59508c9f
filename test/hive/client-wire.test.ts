// What a hostile or broken server could do to the client.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { HiveBodyError, HiveHttpError, HiveNetworkError, HiveTimeoutError, UsageError } from '../../src/errors.js';
import { openTestDatabase } from '../support/database.js';
import { API_KEY, closedOrigin, errorFrom, everythingIn, openTestClient, serve } from './client-parts.js';

const { db } = await openTestDatabase();
const PAGE = JSON.stringify({ data: [], pagination: { page_count: 1, item_count: 0 } });

test('the key travels in the Authorization header and nowhere else', async () => {
  const seen: unknown[] = [];
  const origin = await serve((request, response) => {
    seen.push(request.url, request.headers);
    response.end(PAGE);
  });
  const answer = await openTestClient(db, origin).list('/orders', { page: 1 });
  expect(seen).toEqual([
    '/orders?page=1',
    expect.objectContaining({ authorization: `Bearer ${API_KEY}`, 'user-agent': 'hive-sync/test' }),
  ]);
  expect(JSON.stringify(answer)).not.toContain(API_KEY);
});

test.each([301, 302, 307, 308])(
  'a redirect (%i) is not followed, so that the key stays with its origin',
  async (status) => {
    let visits = 0;
    const elsewhere = await serve((_request, response) => {
      visits++;
      response.end(PAGE);
    });
    const origin = await serve((_request, response) => {
      response.writeHead(status, { location: `${elsewhere}/orders` }).end();
    });
    const error = await errorFrom(openTestClient(db, origin).list('/orders', { page: 1 }));
    expect(error).toBeInstanceOf(HiveHttpError);
    expect(error).toMatchObject({ status });
    expect(visits).toBe(0);
  },
);

test('a body beyond the bound is refused, and not read to its end', async () => {
  let sent = 0;
  const origin = await serve((_request, response) => {
    const write = () => {
      sent += 65_536;
      if (!response.destroyed) response.write(Buffer.alloc(65_536, 'x'), () => setImmediate(write));
    };
    write();
  });
  const error = await errorFrom(openTestClient(db, origin, { maxBodyBytes: 100_000 }).get('/orders/1'));
  expect(error).toBeInstanceOf(HiveBodyError);
  expect(error.message).toContain('longer than 100000 bytes');
  expect(sent).toBeLessThan(50_000_000);
});

test('the bound holds for what a compressed body unpacks to', async () => {
  const { gzipSync } = await import('node:zlib');
  const bomb = gzipSync(Buffer.alloc(10_000_000));
  const origin = await serve((_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
  });
  const error = await errorFrom(openTestClient(db, origin, { maxBodyBytes: 1_000_000 }).get('/orders/1'));
  expect(error).toBeInstanceOf(HiveBodyError);
});

test('a body that is shorter than announced is a network error, not a short page', async () => {
  const origin = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': String(PAGE.length + 100) });
    response.write(PAGE, () => response.destroy());
  });
  expect(await errorFrom(openTestClient(db, origin).list('/orders', { page: 1 }))).toBeInstanceOf(HiveNetworkError);
});

test('a body that trickles in runs into the timeout too', async () => {
  const origin = await serve((_request, response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write(' '), 50);
    response.on('close', () => clearInterval(timer));
  });
  const error = await errorFrom(openTestClient(db, origin, { timeoutMs: 300 }).get('/orders/1'));
  expect(error).toBeInstanceOf(HiveTimeoutError);
  expect(everythingIn(error)).not.toContain(API_KEY);
});

test('a refused connection says so by its code', async () => {
  const error = await errorFrom(openTestClient(db, await closedOrigin()).get('/orders/1'));
  expect(error).toBeInstanceOf(HiveNetworkError);
  expect(error.message).toContain('ECONNREFUSED');
  expect(everythingIn(error)).not.toContain(API_KEY);
});

test('a name that nobody knows says so by its code', async () => {
  const error = await errorFrom(openTestClient(db, 'http://hive.invalid').get('/orders/1'));
  expect(error).toBeInstanceOf(HiveNetworkError);
  expect(error.message).toMatch(/ENOTFOUND|EAI_AGAIN/);
});

test('a key that no header can carry is refused at once, and not printed', async () => {
  const error = await errorFrom((async () => openTestClient(db, 'http://127.0.0.1', { apiKey: 'secret\nkey' }))());
  expect(error).toBeInstanceOf(UsageError);
  expect(everythingIn(error)).not.toContain('secret');
});

test('headers that are no numbers teach nothing', async () => {
  const origin = await serve((_request, response) => {
    response.writeHead(200, { 'x-rate-limit-used': '-3', 'x-rate-limit-max': 'unlimited' }).end(PAGE);
  });
  const client = openTestClient(db, origin);
  await client.list('/orders', { page: 1 });
  expect(await client.budget.reserve()).toMatchObject({ limit: 100, others: 0 });
});

test('a request that failed on the way has used up its slot all the same', async () => {
  const client = openTestClient(db, await closedOrigin());
  await errorFrom(client.get('/orders/1'));
  await client.budget.close();
  const slots = await db.execute(
    sql`select n from sync.rate_slots where account = ${client.account} and at > '-infinity'`,
  );
  expect(slots).toEqual([{ n: 1 }]);
});
