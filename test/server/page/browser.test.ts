// The pages in a real browser, as people see and click them.
import { sql } from 'drizzle-orm';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openBrowser } from '../../../scripts/browser.mjs';
import type { AccountWorker } from '../../../src/queue/worker.js';
import { openSimulator, type Simulator } from '../../../src/simulator/index.js';
import { fullSync } from '../../support/app.js';
import { FAINT_TEXTS } from '../../support/contrast.js';
import { needing } from '../../support/needs.js';
import { ADMIN_TOKEN, openTestServer, type TestServer } from '../../support/server.js';
import { until } from '../../support/until.js';

let browser: Browser;
let simulator: Simulator;
let server: TestServer;
let page: Page;
/** What the page complained about: scripts that threw, and what its own policy refused. */
let complaints: string[];
/** What it complains about rightly in this test. */
let expected: RegExp[];

beforeAll(async () => {
  browser = await openBrowser();
  simulator = await openSimulator({ rate: 'unlimited', sizes: { orders: 400, shipments: 40, returns: 20 } });
  server = await openTestServer(simulator, { HIVE_TIMEOUT_MS: '1000', SYNC_PAGE_ATTEMPTS: '100' });
  simulator.addFault({
    match: { path: '/orders', page: 2 },
    respond: { patchRecords: [{ index: 5, merge: { items: 'none' } }] },
  });
  await fullSync(server, ['warehouses', 'skus', 'orders', 'shipments', 'returns', 'restocking_shipments']);
  // Words that no line can be broken in.
  const long = 'x'.repeat(600);
  await server.app.store.db.execute(sql`
    insert into sync.dead_letters (account, collection, kind, url, errors, payload, fingerprint, resolved_at, resolution, resolution_reason)
    values ('default', 'orders', 'request', ${`https://api.example/${long}`}, array[${long}], to_jsonb(${long}::text), 'long', now(), 'discarded', ${long})`);
});
afterAll(async () => {
  await browser.close();
  await server.close();
  await simulator.close();
});
afterEach(async () => {
  expect(complaints.filter((one) => !expected.some((pattern) => pattern.test(one)))).toEqual([]);
  await page.context().close();
});

async function openPage(options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ baseURL: server.url, ...options });
  const fresh = await context.newPage();
  complaints = [];
  expected = [];
  fresh.on('pageerror', (error) => complaints.push(error.message));
  fresh.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  return fresh;
}

/** Waits until the page has renewed itself at least once more, without being loaded again. */
const untilRenewed = (shown: Page) =>
  shown.waitForResponse((answer) => answer.url() === shown.url() && answer.request().resourceType() === 'fetch');

describe('a run in progress', needing('browser'), () => {
  let worker: AccountWorker | undefined;
  const holdBack = (pages: readonly number[]) =>
    simulator.addFault({ match: { path: '/orders', page: pages }, times: null, respond: { hang: true } });
  afterEach(async () => {
    simulator.clearFaults();
    await worker?.close();
  });

  test('the bar moves by itself, what is open, typed in or focused stays, and the end is shown', async () => {
    // Read from the last page on, so the run can come only as far as there, however fast this machine is.
    holdBack([2, 3, 4, 5, 6]);
    page = await openPage();
    await page.goto('/');
    worker = server.account.work();
    await page.getByRole('button', { name: 'Full sync' }).click();
    await page.waitForURL(/\/runs\/\d+\?said=started/);
    expect(await page.getByRole('status').first().textContent()).toMatch(/Run \d+ is started\./);
    await page.goto('/');
    const bar = page.getByRole('progressbar', { name: 'orders', exact: true });
    await bar.waitFor();
    const shareOf = () => bar.evaluate(({ position }: { position: number }) => position);
    await page.evaluate('globalThis.notLoadedAgain = true');
    const button = page.getByRole('button', { name: 'Sync now' });
    await button.focus();
    const first = await shareOf();
    simulator.clearFaults();
    holdBack([2, 3]);
    await until('the bar moves to where it is held back', async () => (await shareOf()) > Math.max(first, 0.8));
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Sync now');
    simulator.clearFaults();
    await until('the run is over on the page', async () => (await page.locator('[data-running]').count()) === 0);
    expect(await page.evaluate('globalThis.notLoadedAgain')).toBe(true);
    expect(await page.locator('table.runs tbody tr').first().textContent()).toMatch(/full.*by hand.*complete/s);
  });
});

describe('a dead letter', needing('browser'), () => {
  let worker: AccountWorker;
  beforeEach(async () => {
    await server.app.store.db.execute(
      sql`update sync.dead_letters set resolved_at = null, resolution = null where kind = 'record'`,
    );
    worker = server.account.work();
  });
  afterEach(() => worker.close());

  test('is found on the status page, tried again through its button, and resolved before one’s eyes', async () => {
    page = await openPage();
    await page.goto('/');
    await page.getByRole('link', { name: /^orders, record \d+$/ }).click();
    await page.getByRole('heading', { level: 1, name: /^Dead letter 1/ }).waitFor();
    expect(await page.locator('ul.errors').textContent()).toContain('items: expected a list of objects');
    expect(await page.getByText('"items": "none"').isVisible()).toBe(false);
    await page.getByText('Payload').click();
    expect(await page.getByText('"items": "none"').isVisible()).toBe(true);
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.waitForURL(/said=retrying/);
    await until('the letter is resolved on the page', async () =>
      (await page.locator('.headline').textContent())?.includes('retried'),
    );
    expect(await page.getByRole('button', { name: 'Retry' }).count()).toBe(0);
    const [row] = await server.app.store.db.execute<{ open: number }>(
      sql`select count(*) as open from sync.dead_letters where resolved_at is null`,
    );
    expect(row?.open).toBe(0);
  });

  test('an open payload and a half-written reason survive a renewal of the page', async () => {
    page = await openPage();
    await page.goto('/dead-letters/1');
    await page.getByText('Payload').click();
    await page.getByLabel('Why it can be let be').pressSequentially('half a sent');
    await untilRenewed(page);
    await untilRenewed(page);
    expect(await page.getByText('"items": "none"').isVisible()).toBe(true);
    expect(await page.getByLabel('Why it can be let be').inputValue()).toBe('half a sent');
    await page.keyboard.type('ence');
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.waitForURL(/said=discarded/);
    expect(await page.locator('.facts').textContent()).toContain('half a sentence');
  });
});

describe('looks', needing('browser'), () => {
  const PATHS = ['/', '/runs', '/runs/1', '/runs/new', '/dead-letters?all=1', '/dead-letters/1', '/dead-letters/2'];

  test.each(PATHS)('on a phone of 360 px %s needs no scrolling to the side', async (path) => {
    page = await openPage({ viewport: { width: 360, height: 780 }, isMobile: true, hasTouch: true });
    await page.goto(path);
    expect(await page.evaluate('document.documentElement.clientWidth')).toBe(360);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
  });

  test('at every width between a phone and a large screen nothing sticks out of its card', async () => {
    page = await openPage();
    await page.goto('/');
    for (let width = 360; width <= 1_400; width += 40) {
      await page.setViewportSize({ width, height: 800 });
      expect(await page.evaluate(STICKING_OUT), `${width} px`).toEqual([]);
    }
  });

  test.each(['light', 'dark'] as const)(
    'in a %s scheme every text has a contrast of at least 4.5',
    async (colorScheme) => {
      for (const path of PATHS) {
        page = await openPage({ colorScheme });
        await page.goto(path);
        expect(await page.evaluate(FAINT_TEXTS), `${path}, ${colorScheme}`).toEqual([]);
        const background = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
        expect(Number(/\d+/.exec(background)?.[0]) < 128).toBe(colorScheme === 'dark');
        await page.context().close();
      }
      page = await openPage();
    },
  );

  test('without JavaScript the page shows the same and its buttons work', async () => {
    page = await openPage({ javaScriptEnabled: false });
    expected.push(/status of 422/);
    await page.goto('/');
    expect(await page.locator('table.collections tbody tr').count()).toBe(6);
    await page.getByRole('link', { name: 'Backfill …' }).click();
    await page.getByLabel('First day').fill('31.03.2026');
    await page.getByRole('button', { name: 'Start the run' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('Expected a date such as 2026-03-31');
    expect(await page.getByLabel('First day').inputValue()).toBe('31.03.2026');
  });

  test('a worker that does not answer is said at the bottom, and the page stays', async () => {
    page = await openPage();
    await page.goto('/dead-letters/1');
    await server.app.store.db.execute(
      sql`update sync.dead_letters set resolved_at = null, resolution = null where id = 1`,
    );
    await page.reload();
    expected.push(/ERR_INTERNET_DISCONNECTED/);
    await page.context().setOffline(true);
    await page.getByText('the worker does not answer, trying again').waitFor();
    await page.context().setOffline(false);
    await page.getByText('the worker does not answer, trying again').waitFor({ state: 'detached' });
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain('Dead letter 1');
  });
});

describe('login', needing('browser'), () => {
  let closed: TestServer;
  beforeAll(async () => {
    closed = await openTestServer(simulator, { ADMIN_TOKEN });
  });
  afterAll(() => closed.close());

  test('a wrong token is refused, the right one leads to where one wanted to go, and one can leave again', async () => {
    page = await openPage({ baseURL: closed.url });
    expected.push(/status of 401/);
    await page.goto('/dead-letters');
    await page.getByLabel('Admin token').fill('not the token');
    await page.getByRole('button', { name: 'Log in' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('That is not the token.');
    await page.getByLabel('Admin token').fill(ADMIN_TOKEN);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { level: 1, name: 'Dead letters' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/dead-letters');
    await page.getByRole('link', { name: 'Status' }).click();
    await page.getByRole('button', { name: 'Full sync' }).click();
    await page.waitForURL(/\/runs\/1\?said=started/);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Admin token').waitFor();
    await page.goto('/');
    expect(new URL(page.url()).pathname).toBe('/login');
  });
});

/** In the page: what is wider than its card. */
const STICKING_OUT = `[...document.querySelectorAll('.card')]
  .filter((card) => card.scrollWidth > card.clientWidth).map((card) => card.textContent.trim().slice(0, 40))`;
