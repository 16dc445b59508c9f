// The pages over HTTP: what they say, and what their forms do.
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileDeadLetters, listDeadLetters, type NewDeadLetter } from '../../../src/db/dead-letters.js';
import { readRun } from '../../../src/db/ledger.js';
import { openSimulator, type Simulator } from '../../../src/simulator/index.js';
import { startLookups } from '../../../src/sync/runs/start-run.js';
import { fullSync, workOff } from '../../support/app.js';
import { look, submit, textOf } from '../../support/page.js';
import { openTestServer, type TestServer } from '../../support/server.js';
import { until } from '../../support/until.js';

const HOSTILE = '<script>alert("x")</script>\'"><img src=x onerror=alert(1)>';

const letter = (n: number, change: Partial<NewDeadLetter> = {}): NewDeadLetter => ({
  account: 'default',
  collection: 'orders',
  kind: 'record',
  runId: null,
  page: null,
  url: null,
  recordId: n,
  httpStatus: null,
  errorCode: 'invalid_record',
  errors: [`error ${n}`],
  payload: { id: n },
  attempts: 1,
  fingerprint: `letter ${n}`,
  ...change,
});

let simulator: Simulator;
let server: TestServer;
beforeAll(async () => {
  simulator = await openSimulator({ rate: 'unlimited', sizes: { orders: 60, shipments: 0, returns: 0 } });
  server = await openTestServer(simulator);
  await fullSync(server, ['warehouses', 'skus', 'orders']);
});
afterAll(async () => {
  await server.close();
  await simulator.close();
});

const database = () => server.app.store.db;

describe('the status page', () => {
  test('shows rows, the API count, the certificate and the budget in the words of hive-sync status', async () => {
    const page = await look(server, '/');
    expect(page.status).toBe(200);
    const text = textOf(page.text);
    expect(text).toMatch(/orders 60 (60 \d+ s ago|–) fresh: 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d \d+ s ago/);
    expect(text).toMatch(/shipments 0 – never/);
    expect(text).toMatch(/\d+ of 1,000,000 requests in the last 60 s/);
    expect(text).toContain('Behind: shipments, returns, restocking_shipments');
  });

  test('has landmarks, a heading, named columns, and no style or script inline', async () => {
    const { text } = await look(server, '/');
    for (const landmark of ['<main', '<header', '<nav aria-label', '<footer', '<h1', '<html lang="en">'])
      expect(text).toContain(landmark);
    expect(text).toMatch(/<th scope="col">collection<\/th>/);
    expect(text).toMatch(/<th scope="row">orders<\/th>/);
    expect(text).not.toMatch(/<style|style=|<script>|\son\w+=/);
  });

  test('a browser without JavaScript is told to load it again', async () => {
    expect((await look(server, '/')).text).toMatch(/<noscript><meta http-equiv="refresh" content="\d+"><\/noscript>/);
  });

  test('its stylesheet, script and icon can be had and may be kept; the page itself may not', async () => {
    const page = await look(server, '/');
    expect(page.headers.get('cache-control')).toBe('no-store');
    const paths = [...page.text.matchAll(/(?:href|src)="(\/page\/[^"]+)"/g)].map(([, path]) => path ?? '');
    expect(paths.map((path) => path.split('.').at(-1)).sort()).toEqual(['css', 'js', 'svg']);
    for (const path of paths) {
      const answer = await server.ask(path);
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([
        200,
        'public, max-age=31536000, immutable',
      ]);
    }
  });

  test('values that could not be read are told in the headline and below the table', async () => {
    await database().execute(sql`
      update hive.orders set _lost = '{order_items.sku_id,total_price_in_cents}' where id in (select id from hive.orders limit 7)`);
    const page = await until('the rows are counted again', async () => {
      const text = textOf((await look(server, '/')).text);
      return text.includes('values of orders could not be read') ? text : undefined;
    });
    expect(page).toMatch(
      /orders: order_items\.sku_id, total_price_in_cents could not be read in 7 rows since \d+ \w+ ago/,
    );
    await database().execute(sql`update hive.orders set _lost = null`);
  });

  test('a halted account is told loudly, with the variable that holds its key', async () => {
    await database().execute(sql`update sync.rate_budgets set halted_at = now(), unauthorized = 2`);
    const { text } = await look(server, '/');
    expect(text).toMatch(/role="alert"/);
    expect(textOf(text)).toContain('Halted: the API refuses the key');
    expect(textOf(text)).toContain('Put the right key into HIVE_API_KEY ');
    await database().execute(sql`update sync.rate_budgets set halted_at = null, unauthorized = 0`);
  });

  test('counts what became of the webhooks', async () => {
    expect(textOf((await look(server, '/')).text)).not.toContain('Webhooks in the last 24 hours');
    await database().execute(sql`insert into sync.webhook_deliveries (account, body_hash, payload, outcome)
      select 'default', n::text, '{}', case when n <= 3 then 'applied' else 'stale' end from generate_series(1, 4) as n`);
    expect(textOf((await look(server, '/')).text)).toMatch(/Webhooks in the last 24 hours .*applied 3 .*stale 1 /);
    await database().execute(sql`delete from sync.webhook_deliveries`);
  });
});

describe('runs', () => {
  test('a run has a page with its windows and why they are certified', async () => {
    const text = textOf((await look(server, '/runs/1')).text);
    expect(text).toContain('Run 1 full');
    expect(text).toMatch(
      /orders all of it up to 20.* certified The list stood still, and as many records were seen as the API counts: 60\./,
    );
    expect(textOf((await look(server, '/runs')).text)).toMatch(/Runs .*1 full by command complete/);
  });

  test('a run that asks for single records has no pages to tell of', async () => {
    const { context } = server.account;
    const run = await startLookups(context, 'refresh', [{ collection: 'orders', ids: [1, 2] }], [], 'webhook');
    const text = textOf((await look(server, `/runs/${run.id}`)).text);
    expect(text).toMatch(/0 of 2 single records, about/);
    expect(text).not.toMatch(/of 0 pages/);
    await workOff(server, run.id);
  });

  test('what is not there is a page that says so, and for a program it is JSON', async () => {
    for (const path of ['/runs/999999', '/runs/abc', '/dead-letters/999999', '/dead-letters/-1']) {
      const page = await look(server, path);
      expect(page.status).toBe(404);
      expect(textOf(page.text)).toMatch(/There is no (run|dead letter)/);
    }
    expect(await (await server.ask('/runs/999999')).json()).toEqual({ errors: ['There is no run 999999.'] });
    const mistyped = await look(server, '/run');
    expect([mistyped.status, textOf(mistyped.text)]).toEqual([
      404,
      expect.stringContaining('There is nothing at GET /run'),
    ]);
    expect(await (await server.ask('/run')).json()).toEqual({ errors: ['There is nothing at GET /run.'] });
  });

  test('a button starts a full run, and a second click leads back with the run that is going', async () => {
    const started = await submit(server, '/runs', { account: 'default', mode: 'full' });
    expect(started.status).toBe(303);
    const id = Number(/^\/runs\/(\d+)\?said=started&run=\1$/.exec(started.location)?.[1]);
    expect(await readRun(database(), id)).toMatchObject({ mode: 'full', trigger: 'api', state: 'running' });
    expect(textOf((await look(server, started.location)).text)).toContain(`Run ${id} is started.`);

    const again = await submit(server, '/runs', { account: 'default', mode: 'full' });
    expect(again).toMatchObject({ status: 303, location: `/?said=going&run=${id}` });
    const page = textOf((await look(server, again.location)).text);
    expect(page).toContain(`Run ${id} of this mode is still going`);
    expect(page).toContain(`Run ${id} (full) is under way`);
    await database().execute(sql`update sync.runs set state = 'failed', finished_at = now() where id = ${id}`);
  });

  test('a form without its token starts nothing', async () => {
    const before = await database().execute(sql`select count(*) as n from sync.runs`);
    const answer = await server.ask('/runs', {
      method: 'POST',
      headers: { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' },
      body: 'mode=full',
    });
    expect(answer.status).toBe(403);
    expect(textOf(await answer.text())).toContain('This form is out of date.');
    expect(await database().execute(sql`select count(*) as n from sync.runs`)).toEqual(before);
  });

  test.each([
    [{ from: '2026-02-31' }, 'First day is "2026-02-31". Expected a date such as 2026-03-31'],
    [{ from: HOSTILE }, 'Expected a date such as 2026-03-31'],
    [{ from: '2026-03-02', to: '2026-03-01' }, 'First day 2026-03-02 lies after Last day 2026-03-01.'],
    [{ from: '2999-01-01' }, 'First day lies in the future'],
    [{ mode: 'everything' }, 'Choose what to read: incremental, full or backfill.'],
    [{ account: 'nobody' }, 'There is no account "nobody".'],
    [{ collections: ['orders', 'orderz'] }, 'There is no collection "orderz".'],
  ])('%j is answered with one sentence, and what was typed is kept', async (typed, sentence) => {
    const fields = {
      account: 'default',
      mode: 'backfill',
      collections: ['orders', 'skus'],
      from: '2026-01-01',
      to: '',
      ...typed,
    };
    const { status, text } = await submit(server, '/runs', fields, { from: '/runs/new' });
    expect(status).toBe(422);
    expect(textOf(text)).toContain(sentence);
    expect(text.match(/role="alert"/g)).toHaveLength(1);
    expect(text).toMatch(/value="orders" checked/);
    expect(text).toMatch(new RegExp(`name="from" value="${fields.from.slice(0, 1).replace('<', '&lt;')}`));
    expect(text).not.toContain('<script>alert');
  });

  test('a backfill of two days is filed with these days and collections', async () => {
    const fields = {
      account: 'default',
      mode: 'backfill',
      collections: 'orders',
      from: '2026-10-01',
      to: '2026-10-02',
    };
    const { status, location } = await submit(server, '/runs', fields, { from: '/runs/new' });
    expect(status).toBe(303);
    const run = await readRun(database(), Number(/\d+/.exec(location)?.[0]));
    expect(run).toMatchObject({
      mode: 'backfill',
      collections: ['orders'],
      from_at: new Date('2026-10-01T00:00:00.000Z'),
      to_at: new Date('2026-10-02T23:59:59.999Z'),
    });
    await database().execute(sql`update sync.runs set state = 'failed', finished_at = now() where id = ${run?.id}`);
  });
});

describe('dead letters', () => {
  beforeAll(async () => {
    const letters = Array.from({ length: 120 }, (_, i) => letter(i + 1, i < 5 ? { collection: 'returns' } : {}));
    await fileDeadLetters(database(), letters);
    await fileDeadLetters(database(), [
      letter(500, {
        kind: 'request',
        collection: 'skus',
        errors: [HOSTILE],
        payload: { [HOSTILE]: HOSTILE },
        url: `http://x/?${HOSTILE}`,
      }),
    ]);
  });

  const idOf = async (recordId: number) =>
    (await listDeadLetters(database(), { all: true, limit: null })).find((one) => one.record_id === recordId)?.id ?? 0;

  test('the list is shown in parts, newest first, and each part but the last has 50', async () => {
    const seen = new Set<string>();
    for (const [page, size] of [
      [1, 50],
      [2, 50],
      [3, 21],
      [4, 0],
    ] as const) {
      const { text } = await look(server, `/dead-letters?page=${page}`);
      const ids = [...text.matchAll(/id="letter-(\d+)"/g)].map(([, id]) => id ?? '');
      expect(ids).toHaveLength(size);
      for (const id of ids) seen.add(id);
    }
    expect(seen.size).toBe(121);
  });

  test('a filter keeps its choice, counts what fits, and goes along to the next part', async () => {
    const returns = await look(server, '/dead-letters?collection=returns&kind=&account=');
    expect(textOf(returns.text)).toContain('5 open dead letters');
    expect(returns.text).toMatch(/<option selected>returns<\/option>/);
    expect((await look(server, '/dead-letters?kind=record')).text).toContain('/dead-letters?kind=record&amp;page=2');
    expect(textOf((await look(server, '/dead-letters?collection=nothing')).text)).toContain('0 open dead letters');
  });

  test('hostile content is text everywhere', async () => {
    for (const path of [
      '/',
      '/dead-letters',
      `/dead-letters/${await idOf(500)}`,
      `/dead-letters?kind=${encodeURIComponent(HOSTILE)}`,
    ]) {
      expect((await look(server, path)).text).not.toMatch(/<script>|<img/);
    }
  });

  test('a payload is on the page of its letter only, folded, and not kept by browsers', async () => {
    const id = await idOf(500);
    const page = await look(server, `/dead-letters/${id}`);
    expect(page.text).toMatch(/<details class="card" id="payload"><summary>/);
    expect(page.headers.get('cache-control')).toBe('no-store');
    await fileDeadLetters(database(), [letter(501, { payload: { shipping_name: 'Ada Lovelace' } })]);
    for (const path of ['/', '/dead-letters', '/dead-letters?all=1']) {
      expect((await look(server, path)).text).not.toContain('Ada Lovelace');
    }
    expect((await look(server, `/dead-letters/${await idOf(501)}`)).text).toContain('Ada Lovelace');
  });

  test('discarding needs a reason; with one the letter is closed and says so', async () => {
    const path = `/dead-letters/${await idOf(1)}`;
    const refused = await submit(server, `${path}/discard`, { reason: '  ' }, { from: path });
    expect(refused.status).toBe(422);
    expect(textOf(refused.text)).toContain('Say why it can be let be');
    const done = await submit(server, `${path}/discard`, { reason: 'a test return' }, { from: path });
    expect(done).toMatchObject({ status: 303, location: `${path}?said=discarded` });
    const after = textOf((await look(server, done.location)).text);
    expect(after).toMatch(/discarded .*because a test return/);
    expect(after).toContain('If it comes back different, it opens again.');
    expect((await look(server, done.location)).text).not.toContain(`action="${path}/retry"`);
  });

  test('what is tried again is what the filter shows', async () => {
    const { status, location } = await submit(
      server,
      '/dead-letters/retry',
      { collection: 'returns' },
      {
        from: '/dead-letters?collection=returns',
      },
    );
    expect(status).toBe(303);
    const run = Number(/^\/runs\/(\d+)\?said=retrying/.exec(location)?.[1]);
    const lookups = await database().execute(
      sql`select collection, record_id from sync.lookups where run_id = ${run} order by record_id`,
    );
    expect(lookups).toEqual([2, 3, 4, 5].map((record_id) => ({ collection: 'returns', record_id })));
    await database().execute(sql`update sync.runs set state = 'failed', finished_at = now() where id = ${run}`);
  });

  test('a message is made of a word and numbers: an address cannot put sentences on the page', async () => {
    const { text } = await look(
      server,
      `/?said=${encodeURIComponent('Your account is lost')}&run=${encodeURIComponent(HOSTILE)}`,
    );
    expect(text).not.toContain('Your account is lost');
    expect((await look(server, '/?said=started&run=7xyzzy')).text).not.toContain('7xyzzy');
  });
});

test('several accounts are sections of their own on one page', async () => {
  const several = await openTestServer(simulator, {
    HIVE_ACCOUNTS: 'de,fr-b2b',
    HIVE_API_KEY_DE: simulator.apiKey,
    HIVE_API_KEY_FR_B2B: simulator.apiKey,
  });
  try {
    await several.app.store.db.execute(
      sql`insert into sync.rate_budgets (account, halted_at, unauthorized) values ('fr-b2b', now(), 2)`,
    );
    const { text } = await look(several, '/');
    expect([...text.matchAll(/<section class="account" id="account-([^"]+)"/g)].map(([, label]) => label)).toEqual([
      'de',
      'fr-b2b',
    ]);
    expect(text.match(/This account is halted/g)).toHaveLength(1);
    expect(textOf(text)).toContain('Put the right key into HIVE_API_KEY_FR_B2B ');
    const form = await look(several, '/runs/new?account=fr-b2b');
    expect(form.text).toMatch(/<option selected>fr-b2b<\/option>/);
  } finally {
    await several.close();
  }
});
