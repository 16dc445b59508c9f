// What a sender of webhooks is answered, and what is stored.
import { sql } from 'drizzle-orm';
import { afterAll, describe, expect, test } from 'vitest';
import { collectionNamed } from '../../src/collections/index.js';
import { signatureOf } from '../../src/hive/webhook-signature.js';
import { openSimulator } from '../../src/simulator/index.js';
import { takeInWebhooks } from '../../src/sync/webhooks/take-in-webhook.js';
import { openTestServer } from '../support/server.js';
import { openOwnPostgres } from '../support/servers.js';
import { until } from '../support/until.js';
import { postWebhook } from '../support/webhooks.js';

const nobody = { url: 'http://127.0.0.1:9', apiKey: 'key-1' };
const shipment = JSON.stringify(collectionNamed('shipments')?.example);

describe('one account', async () => {
  const server = await openTestServer(nobody, { ADMIN_TOKEN: 'a-token-for-tests-only' });
  afterAll(() => server.close());
  const { db } = server.app.store;
  const url = `${server.url}/webhooks/hive`;
  const stored = () =>
    db.execute(sql`select collection, record_id, event, times, outcome from sync.webhook_deliveries order by id`);
  const errorsOf = async (answer: Response) => [answer.status, ((await answer.json()) as { errors: string[] }).errors];

  test.each([
    ['missing', undefined],
    ['of another key', 'key-2'],
  ])('a signature that is %s is 401, and nothing is stored', async (_what, key) => {
    const answer =
      key === undefined ? await fetch(url, { method: 'POST', body: shipment }) : await postWebhook(url, shipment, key);
    expect(await errorsOf(answer)).toEqual([401, [expect.stringContaining('x-hive-signature is missing or wrong')]]);
    expect(await stored()).toEqual([]);
  });

  test('a body that was changed on its way is 401', async () => {
    const answer = await fetch(url, {
      method: 'POST',
      body: shipment.replace('Delivered', 'In transit'),
      headers: { 'x-hive-signature': signatureOf(Buffer.from(shipment), nobody.apiKey) },
    });
    expect(answer.status).toBe(401);
  });

  test.each([
    ['no JSON', 'status=shipped', 'The body is not JSON.'],
    ['half of it', shipment.slice(0, 40), 'The body is not JSON.'],
    ['nothing', '', 'The body is not JSON.'],
    [
      'more values than anybody sends',
      JSON.stringify(Array(500_001).fill(1)),
      'The body holds more than 500000 values.',
    ],
    ['nested without end', '['.repeat(100_000) + ']'.repeat(100_000), 'The body is nested more than 100 times.'],
  ])('a signed body that is %s is 400', async (_what, body, sentence) => {
    expect(await errorsOf(await postWebhook(url, body, nobody.apiKey))).toEqual([400, [sentence]]);
  });

  test('a body of more than 2 MiB is 413', async () => {
    const answer = await postWebhook(url, JSON.stringify({ id: 1, text: 'x'.repeat(2_200_000) }), nobody.apiKey);
    expect(await errorsOf(answer)).toEqual([413, [expect.any(String)]]);
  });

  test('an account that there is not is 404; a GET is no webhook', async () => {
    expect((await postWebhook(`${url}/fr`, shipment, nobody.apiKey)).status).toBe(404);
    expect((await fetch(url)).status).not.toBe(202);
    expect(await stored()).toEqual([]);
  });

  test('what is signed is stored and acknowledged, whatever its content type; the same body again is counted', async () => {
    const answers = [
      await postWebhook(url, shipment, nobody.apiKey),
      await postWebhook(`${url}/default`, shipment, nobody.apiKey, { 'content-type': 'text/plain' }),
      await postWebhook(`${url}?event=delivery_status_updated`, shipment, nobody.apiKey, { 'content-type': '' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    expect(await stored()).toEqual([{ collection: 'shipments', record_id: 170, event: null, times: 3, outcome: null }]);
  });

  test('a slash at the end of the address is no other address', async () => {
    for (const address of [`${url}/`, `${url}/default/`]) {
      expect((await postWebhook(address, shipment, nobody.apiKey)).status).toBe(202);
    }
    expect((await postWebhook(`${url}/fr/`, shipment, nobody.apiKey)).status).toBe(404);
    expect(await stored()).toMatchObject([{ collection: 'shipments', record_id: 170, times: 5 }]);
  });

  test('a byte order mark is read over, and integers beyond 2^53 are stored as they are written', async () => {
    const body = `\ufeff${shipment.replace('{', '{"beyond":9007199254740993,"below":-9007199254740993,')}`;
    expect((await postWebhook(url, body, nobody.apiKey)).status).toBe(202);
    const [last] = await db.execute(sql`
      select collection, record_id, payload->>'beyond' as beyond, payload->>'below' as below
      from sync.webhook_deliveries order by id desc limit 1`);
    expect(last).toEqual({
      collection: 'shipments',
      record_id: 170,
      beyond: '9007199254740993',
      below: '-9007199254740993',
    });
    await db.execute(sql`delete from sync.webhook_deliveries where payload ? 'beyond'`);
  });

  test('version 2, an unknown shape and text that PostgreSQL cannot hold are stored; the unknown one becomes a dead letter', async () => {
    const order = { id: 9, status: 'fulfilled' };
    const envelope = {
      event_type: 'order.status_updated',
      event_id: 'e1',
      timestamp: '2026-01-01T00:00:00Z',
      data: order,
    };
    for (const body of [envelope, { hello: 'NUL \u0000 and \ud800' }]) {
      expect((await postWebhook(url, JSON.stringify(body), nobody.apiKey)).status).toBe(202);
    }
    expect(await takeInWebhooks(server.account.context)).toBe(true);
    expect(await stored()).toMatchObject([
      { collection: 'shipments', outcome: 'applied' },
      { collection: 'orders', record_id: 9, event: 'order.status_updated', outcome: 'in_doubt' },
      { collection: null, record_id: null, outcome: 'dead_letter' },
    ]);
    expect(await db.execute(sql`select kind, collection, error_code, payload from sync.dead_letters`)).toEqual([
      {
        kind: 'webhook',
        collection: 'unknown',
        error_code: 'unknown_shape',
        payload: { hello: 'NUL \\u0000 and \\ud800' },
      },
    ]);
    expect(await db.execute(sql`select id, status, _source from hive.shipments`)).toEqual([
      { id: 170, status: 'shipped', _source: 'webhook' },
    ]);
  });

  test.each(['null', 'true', '7', '"shipped"', '[]'])(
    'JSON that is no object, %s, is an unknown shape too',
    async (body) => {
      expect((await postWebhook(url, body, nobody.apiKey)).status).toBe(202);
      expect(await takeInWebhooks(server.account.context)).toBe(true);
      const [letter] = await db.execute(
        sql`select error_code, payload from sync.dead_letters order by id desc limit 1`,
      );
      expect(letter).toEqual({ error_code: 'unknown_shape', payload: JSON.parse(body) });
    },
  );
});

test('a body is read as exactly as a page: integers beyond 2^53, and amounts with decimals', async () => {
  const server = await openTestServer(nobody);
  const { db } = server.app.store;
  const take = async (body: string) => {
    expect((await postWebhook(`${server.url}/webhooks/hive`, body, nobody.apiKey)).status).toBe(202);
    expect(await takeInWebhooks(server.account.context)).toBe(true);
  };
  const first = { ...collectionNamed('shipments')?.example, order_id: 'N', updated_at: '2026-01-01T00:00:00Z' };
  await take(JSON.stringify(first).replace('"N"', '9223372036854775807'));
  const read = () =>
    db.execute(sql`select order_id::text, delivered_at is null as open, _lost, _source from hive.shipments`);
  expect(await read()).toEqual([{ order_id: '9223372036854775807', open: false, _lost: null, _source: 'webhook' }]);
  // Newer for certain, and a good value stays.
  const next = { ...first, delivered_at: 'on Tuesday', order_id: 7.5, updated_at: '2026-01-02T00:00:00+0000' };
  await take(JSON.stringify(next));
  expect(await read()).toEqual([
    { order_id: '9223372036854775807', open: false, _lost: ['delivered_at', 'order_id'], _source: 'webhook' },
  ]);
  const order = JSON.stringify({ ...collectionNamed('orders')?.example, total_price_in_cents: 'N' });
  await take(order.replace('"N"', '123.00'));
  expect(await db.execute(sql`select total_price_in_cents as price, _lost from hive.orders`)).toEqual([
    { price: null, _lost: ['total_price_in_cents'] },
  ]);
  await server.close();
});

test('several accounts: each by its path, and without one by its key', async () => {
  const server = await openTestServer(nobody, {
    HIVE_ACCOUNTS: 'de,fr,at',
    HIVE_API_KEY_DE: 'key-de',
    HIVE_API_KEY_FR: 'key-fr',
    HIVE_API_KEY_AT: 'key-fr',
  });
  const url = `${server.url}/webhooks/hive`;
  const statusOf = async (path: string, key: string) => (await postWebhook(url + path, shipment, key)).status;
  expect(await statusOf('/de', 'key-de')).toBe(202);
  expect(await statusOf('/de', 'key-fr')).toBe(401);
  expect(await statusOf('/at', 'key-fr')).toBe(202);
  expect(await statusOf('', 'key-de')).toBe(202);
  expect(await statusOf('', 'key-fr')).toBe(404);
  expect(await statusOf('', 'key')).toBe(401);
  const rows = await server.app.store.db.execute(sql`select account, times from sync.webhook_deliveries order by 1`);
  expect(rows).toEqual([
    { account: 'at', times: 1 },
    { account: 'de', times: 2 },
  ]);
  await server.close();
});

test('without its database it answers 503 within some seconds, and stores what is sent again', async () => {
  const postgres = await openOwnPostgres();
  const simulator = await openSimulator();
  const server = await openTestServer(simulator, { DATABASE_URL: postgres.url });
  const url = `${server.url}/webhooks/hive`;
  expect((await postWebhook(url, shipment, simulator.apiKey)).status).toBe(202);
  await postgres.stop();
  const startedAt = performance.now();
  const refused = await postWebhook(url, shipment, simulator.apiKey);
  expect([refused.status, await refused.json()]).toEqual([
    503,
    { errors: [expect.stringContaining('database is away')] },
  ]);
  expect(performance.now() - startedAt).toBeLessThan(4_000);
  expect((await postWebhook(url, shipment, 'wrong')).status).toBe(401);
  await postgres.start();
  await until('it is stored', async () => (await postWebhook(url, shipment, simulator.apiKey)).status === 202);
  await server.close();
  await simulator.close();
  await postgres.close();
});
