// What the interleavings share: one account with three shipments, two sides whose sessions meet the gates, and the
// writers of the product, each as a step that asks and stores.
import { sql } from 'drizzle-orm';
import { pino } from 'pino';
import { collections } from '../../src/collections/index.js';
import { shipments } from '../../src/collections/shipments.js';
import { type Database, openDatabase } from '../../src/db/database.js';
import { createRun, readWindows } from '../../src/db/ledger.js';
import { addLookups, readLookups } from '../../src/db/lookups.js';
import { openRateBudget } from '../../src/db/rate-budget.js';
import { openClaims } from '../../src/db/run-claims.js';
import { storeDelivery } from '../../src/db/webhook-deliveries.js';
import { openClient } from '../../src/hive/client.js';
import { type ApiRecord, openSimulator } from '../../src/simulator/index.js';
import type { SyncContext } from '../../src/sync/context.js';
import { silent } from '../../src/sync/observer.js';
import { syncPage } from '../../src/sync/reading/sync-page.js';
import { syncRecord } from '../../src/sync/reading/sync-record.js';
import { rederive } from '../../src/sync/records/rederive.js';
import { finishRun } from '../../src/sync/runs/finish-run.js';
import { takeInWebhooks } from '../../src/sync/webhooks/take-in-webhook.js';
import { createDatabase } from '../support/database.js';
import { installGates } from '../support/gates.js';

export const ACCOUNT = 'a';
const url = await createDatabase();
export const gates = await installGates(url);
export const plain = await openDatabase(url);
const claims = openClaims(url);
const simulator = await openSimulator({
  sizes: { shipments: 3, orders: 3, returns: 0, restocking_shipments: 0 },
  rate: 'unlimited',
});
/** What was logged since the schedule began. */
export const logged = { text: '' };
const log = pino(
  { level: 'warn' },
  {
    write(line: string) {
      logged.text += line;
    },
  },
);
const budget = openRateBudget(plain.db, { account: ACCOUNT, limit: 100_000, windowMs: 1, reserve: 0, log });
const client = openClient({
  apiUrl: simulator.url,
  apiKey: simulator.apiKey,
  timeoutMs: 10_000,
  budget,
  userAgent: 'test',
});
export const sides = { first: await openSide('first'), second: await openSide('second') };
export type Side = keyof typeof sides;

async function openSide(name: string): Promise<{ database: Database; context: SyncContext }> {
  const database = await openDatabase(gates.urlOf(name));
  const context: SyncContext = {
    ...{
      account: ACCOUNT,
      keyVariable: 'HIVE_API_KEY',
      db: database.db,
      client,
      claims: claims.ofAccount(ACCOUNT),
      collections,
      log,
      observer: silent,
      frontier: 8,
    },
    ...{ pauseMs: 5_000, lookbackDays: 30, closedPages: 10, probe: async () => {} },
    webhookShare: { most: 25, windowMs: 60_000 },
    // The queue only carries; what is due is done by the test.
    enqueue: async () => {},
  };
  return { database, context };
}

/** Of the schedule before, everything goes. */
const emptied = (
  await plain.db.execute<{ name: string }>(sql`
    select format('%I.%I', table_schema, table_name) as name from information_schema.tables
    where table_schema in ('sync', 'hive') and table_type = 'BASE TABLE'
      and table_name not in ('installation', 'migrations', 'rate_budgets', 'rate_slots')`)
).map(({ name }) => name);

export async function closeParts(): Promise<void> {
  await Promise.all([sides.first.database.close(), sides.second.database.close(), gates.close(), claims.close()]);
  await budget.close();
  await plain.close();
  await simulator.close();
}

/** One part of a pair. What it needs is filed before; `act` asks and stores. */
interface Writer {
  prepare(context: SyncContext): Promise<() => Promise<unknown>>;
  /** Does it bring the record in its newest state? */
  readonly isNews: boolean;
}

const list = () => simulator.truth('shipments');
/** The record that the schedules are about: the newest, first on its page. */
export const target = list()[0] as ApiRecord;
/** The list after each change since the schedule began, newest last. */
const states: ApiRecord[][] = [];
let changes = 0;

/** All records get another status, never one that they had before, and other parts. */
export function change(): void {
  for (const { id } of list()) {
    changes += 1;
    const part = { id: changes, merchant_item_id: `${changes}`, quantity: changes, sku_id: 1, merchant_sku_id: 's' };
    const items = [{ ...part, batches: [], serial_numbers: [] }];
    const updated_at = new Date(Date.UTC(2026, 0, 1) + changes * 1_000).toISOString();
    const patch = { status: `s${changes}`, items, updated_at };
    simulator.apply({ kind: 'update', collection: 'shipments', id, patch });
  }
  states.push(structuredClone(list()));
}

/** Every status that the target has had since the schedule began, newest last. */
export const statuses = (): unknown[] => states.map((state) => state.find(({ id }) => id === target.id)?.status);

/** Empties the tables and forgets what was. */
export async function startAnew(): Promise<void> {
  // Much faster than truncating tables that hold a few rows.
  await plain.db.execute(sql.raw(`do 'begin ${emptied.map((name) => `delete from ${name};`).join(' ')} end'`));
  states.length = 0;
}

async function fileRun(mode: 'full' | 'refresh' | 'retry', windows: Parameters<typeof createRun>[2]) {
  const run = { account: ACCOUNT, mode, trigger: 'cli' as const, collections: ['shipments'] };
  return createRun(plain.db, run, windows);
}

async function fileLookup(mode: 'refresh' | 'retry'): Promise<number> {
  const run = await fileRun(mode, []);
  await addLookups(plain.db, run, { collection: 'shipments', reason: mode, priority: 1 }, [target.id]);
  const [lookup] = await readLookups(plain.db, run.id);
  return lookup?.id ?? 0;
}

async function receive(records: readonly ApiRecord[]): Promise<void> {
  for (const record of records) {
    const about = { event: undefined, collection: 'shipments', recordId: record.id };
    const bodyHash = JSON.stringify([record.id, record.status]);
    await storeDelivery(plain.db, { account: ACCOUNT, bodyHash, payload: structuredClone(record), ...about });
  }
}

const webhookOf = (recordsOf: () => readonly ApiRecord[]) => async (context: SyncContext) => {
  return async () => {
    await receive(recordsOf());
    await takeInWebhooks(context);
  };
};

export const writers = {
  /** The whole list is one page, so the end of its window and of its run follow. */
  page: {
    isNews: true,
    async prepare(context) {
      const run = await fileRun('full', [
        { collection: 'shipments', kind: 'whole', from: null, to: null, priority: 1 },
      ]);
      const [window] = await readWindows(plain.db, run.id);
      return () => syncPage(context, { windowId: window?.id ?? 0, pass: 1, page: 1, priority: 1 });
    },
  },
  lookup: {
    isNews: true,
    async prepare(context) {
      const lookupId = await fileLookup('refresh');
      return () => syncRecord(context, { lookupId, priority: 1 });
    },
  },
  'retry of a letter': {
    isNews: true,
    async prepare(context) {
      const lookupId = await fileLookup('retry');
      return () => syncRecord(context, { lookupId, priority: 1 });
    },
  },
  webhook: { isNews: true, prepare: webhookOf(() => list().toReversed()) },
  'late webhook': { isNews: false, prepare: webhookOf(() => states[0] ?? []) },
  rederive: {
    isNews: false,
    async prepare({ db }) {
      return async () => {
        for await (const _ of rederive(db, shipments));
      };
    },
  },
  'run end': {
    isNews: false,
    async prepare(context) {
      const run = await fileRun('full', []);
      return () => finishRun(context, run.id);
    },
  },
} satisfies Record<string, Writer>;
export type Name = keyof typeof writers;
