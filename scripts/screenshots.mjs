// Takes the pictures of the status page for the docs: a simulated account with an hour of history, then a browser.
// Run it after a change of the page, and look at what it made:  npm run build && node scripts/screenshots.mjs
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'drizzle-orm';
import { openApp } from '../dist/app.js';
import { collections } from '../dist/collections/index.js';
import { readConfig } from '../dist/config.js';
import { readRun } from '../dist/db/ledger.js';
import { readRunStatus } from '../dist/db/status.js';
import { openLog } from '../dist/log.js';
import { openMetrics } from '../dist/server/metrics/metrics.js';
import { openServer } from '../dist/server/server.js';
import { openSimulator } from '../dist/simulator/index.js';
import { startRun } from '../dist/sync/runs/start-run.js';
import { openBrowser } from './browser.mjs';

const target = path.resolve(import.meta.dirname, '../docs/images');
const home = mkdtempSync(path.join(tmpdir(), 'hive-sync-pictures-'));
const MINUTES = 60_000;

/** What passTime() has added up to: the simulated API counts its minutes by the same clock. */
let passedMs = 0;
const simulator = await openSimulator({
  endAt: new Date(),
  spanDays: 500,
  latencyMs: [2, 10],
  now: () => performance.now() + passedMs,
});
const config = readConfig({
  HIVE_ACCOUNT: 'shop-berlin',
  HIVE_API_KEY: simulator.apiKey,
  HIVE_API_URL: simulator.url,
  HIVE_SYNC_HOME: home,
  DATABASE_URL: process.env.DATABASE_URL,
  HTTP_PORT: '0',
  SYNC_INCREMENTAL_EVERY: '5m',
  SYNC_PAGE_ATTEMPTS: '2',
  SYNC_RETRY_BASE_MS: '10',
});
const log = openLog(process.env.LOG_LEVEL ?? 'warn', process.stderr);
const version = process.env.npm_package_version ?? '0.1.0';
const metrics = openMetrics(version);
const app = await openApp(config, { log, version, durable: false, observerOf: metrics.observerOf });
const server = await openServer({ ...app, config, log, version, metrics });
const [account] = app.accounts;
const worker = account.work();
const { db } = app.store;
try {
  await makeHistory();
  await startUnderWay();
  await takePictures();
} finally {
  await worker.close();
  await server.close();
  await app.close();
  await simulator.close();
  rmSync(home, { recursive: true, force: true });
}

/** Runs as a worker would have started them over the last hour: each is a real one, then moved into the past. */
async function makeHistory() {
  await sync('full');
  await passTime(5);
  for (let n = 0; n < 10; n++) {
    for (let i = 0; i < 5 + ((n * 37) % 60); i++) simulator.apply({ kind: 'insert', collection: 'orders' });
    if (n === 3) {
      const headers = { 'retry-after': '1' };
      simulator.addFault({ match: { path: '/orders' }, times: 2, respond: { status: 429, headers } });
    }
    if (n === 9) {
      const refused = [{ index: 3, merge: { items: 'none' } }];
      simulator.addFault({ match: { path: '/orders', page: 1 }, times: null, respond: { patchRecords: refused } });
      const broken = [{ index: 2, value: 'not a record' }];
      simulator.addFault({ match: { path: '/returns', page: 1 }, times: null, respond: { patchRecords: broken } });
      simulator.addFault({ match: { path: '/skus', page: 2 }, times: 2, respond: { status: 503 } });
    }
    await sync('incremental');
    await passTime(5);
  }
}

/** A full run, caught when it is about half done. */
async function startUnderWay() {
  simulator.addFault({ match: { path: '/orders' }, times: null, respond: { delayMs: 350 } });
  simulator.addFault({ match: { path: '/shipments' }, times: null, respond: { delayMs: 500 } });
  const run = await startRun(account.context, collections, { mode: 'full', trigger: 'schedule' });
  await until(async () => {
    const [status] = await readRunStatus(db, { runIds: [run.id] });
    const orders = status.windows.find(({ collection }) => collection === 'orders');
    return orders.pages !== null && orders.pagesDone / orders.pages > 0.35;
  });
}

async function takePictures() {
  const browser = await openBrowser(['--disable-lcd-text']);
  try {
    await picture(browser, 'status-light.png', { viewport: { width: 1280, height: 960 }, colorScheme: 'light' });
    await picture(browser, 'status-dark.png', { viewport: { width: 1280, height: 960 }, colorScheme: 'dark' });
    const phone = { viewport: { width: 360, height: 780 }, deviceScaleFactor: 1.5, isMobile: true };
    await picture(browser, 'status-phone.png', { ...phone, colorScheme: 'light' });
  } finally {
    await browser.close();
  }
}

async function picture(browser, file, options) {
  const page = await browser.newPage(options);
  await page.goto(server.url);
  await page.screenshot({ path: path.join(target, file) });
  await page.close();
  console.log(`docs/images/${file}`);
}

async function sync(mode) {
  const { id } = await startRun(account.context, collections, { mode, trigger: 'schedule' });
  await until(async () => (await readRun(db, id)).state !== 'running');
}

async function passTime(minutes) {
  passedMs += minutes * MINUTES;
  const later = sql`make_interval(mins => ${minutes})`;
  await db.execute(sql`update sync.runs set started_at = started_at - ${later}, finished_at = finished_at - ${later}`);
  await db.execute(sql`update sync.windows set to_at = to_at - ${later}, started_at = started_at - ${later}`);
  await db.execute(sql`update sync.rate_slots set at = at - ${later} where at > '-infinity'`);
  await db.execute(
    sql`update sync.dead_letters set first_seen_at = first_seen_at - ${later}, last_seen_at = last_seen_at - ${later}`,
  );
}

async function until(check) {
  const end = Date.now() + 2 * MINUTES;
  while (!(await check())) {
    if (Date.now() > end) throw new Error('waited two minutes in vain');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
