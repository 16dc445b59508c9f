// Promise: two writers at the same record come to the same end as one after the other, however they interleave. Every
// pair is played with the one held at each of its gates in turn (before each statement that writes, and before it
// commits) while the other runs as far as it can.
import { sql } from 'drizzle-orm';
import { pino } from 'pino';
import { afterAll, describe, expect, test } from 'vitest';
import { collections } from '../../src/collections/index.js';
import { shipments } from '../../src/collections/shipments.js';
import { type Database, openDatabase } from '../../src/db/database.js';
import { fileDeadLetters } from '../../src/db/dead-letters.js';
import { createRun, readWindows } from '../../src/db/ledger.js';
import { addLookups, readLookups } from '../../src/db/lookups.js';
import { openRateBudget } from '../../src/db/rate-budget.js';
import { openRunClaims } from '../../src/db/run-claims.js';
import { storeDelivery } from '../../src/db/webhook-deliveries.js';
import { describe as inWords } from '../../src/errors.js';
import { openClient } from '../../src/hive/client.js';
import { type ApiRecord, openSimulator } from '../../src/simulator/index.js';
import type { SyncContext } from '../../src/sync/context.js';
import { silent } from '../../src/sync/observer.js';
import { syncPage } from '../../src/sync/reading/sync-page.js';
import { syncRecord } from '../../src/sync/reading/sync-record.js';
import { rederive } from '../../src/sync/records/rederive.js';
import { finishRun } from '../../src/sync/runs/finish-run.js';
import { takeInWebhooks } from '../../src/sync/webhooks/take-in-webhook.js';
import { expectedOf, parsed, readStored } from '../support/collections.js';
import { createDatabase } from '../support/database.js';
import { installGates, running } from '../support/gates.js';
import { until } from '../support/until.js';

const ACCOUNT = 'a';
const url = await createDatabase();
const gates = await installGates(url);
const plain = await openDatabase(url);
const claims = openRunClaims(url);
const simulator = await openSimulator({
  sizes: { shipments: 3, orders: 3, returns: 0, restocking_shipments: 0 },
  rate: 'unlimited',
});
/** What was logged since the schedule began. */
let logged = '';
const log = pino({ level: 'warn' }, { write: (line: string) => (logged += line) });
const budget = openRateBudget(plain.db, { account: ACCOUNT, limit: 100_000, windowMs: 1, reserve: 0, log });
const client = openClient({
  apiUrl: simulator.url,
  apiKey: simulator.apiKey,
  timeoutMs: 10_000,
  budget,
  userAgent: 'test',
});
const sides = { first: await openSide('first'), second: await openSide('second') };
type Side = keyof typeof sides;

async function openSide(name: string): Promise<{ database: Database; context: SyncContext }> {
  const database = await openDatabase(gates.urlOf(name));
  const context: SyncContext = {
    ...{ account: ACCOUNT, db: database.db, client, claims, collections, log, observer: silent, frontier: 8 },
    ...{ lookbackDays: 30, closedPages: 10, probe: async () => {} },
    // The queue only carries; what is due is done by the test.
    enqueue: async () => {},
  };
  return { database, context };
}

const emptied = (
  await plain.db.execute<{ name: string }>(sql`
    select format('%I.%I', table_schema, table_name) as name from information_schema.tables
    where table_schema in ('sync', 'hive') and table_type = 'BASE TABLE'
      and table_name not in ('installation', 'migrations', 'rate_budgets', 'rate_slots')`)
).map(({ name }) => name);

afterAll(async () => {
  await Promise.all([sides.first.database.close(), sides.second.database.close(), gates.close(), claims.close()]);
  await budget.close();
  await plain.close();
  await simulator.close();
});

/** One part of a pair. What it needs is filed before; `act` asks and stores. */
interface Writer {
  prepare(context: SyncContext): Promise<() => Promise<unknown>>;
  /** Does it bring the record in its newest state? */
  readonly isNews: boolean;
}

const list = () => simulator.truth('shipments');
/** The record that the schedules are about: the newest, first on its page. */
const target = list()[0] as ApiRecord;
/** The list after each change since the schedule began, newest last. */
let states: ApiRecord[][] = [];
let changes = 0;

/** All records get another status, never one that they had before, and other parts. */
function change(): void {
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

const statusNow = () => states.at(-1)?.find(({ id }) => id === target.id)?.status;

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

const writers = {
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
type Name = keyof typeof writers;

/** Rows before: none, or only the one with the greatest id, so that new and old ones are taken in another order. */
const beginnings = ['new', 'partly there'] as const;

async function begin(rows: (typeof beginnings)[number]): Promise<void> {
  // Much faster than truncating tables that hold a few rows.
  await plain.db.execute(sql.raw(`do 'begin ${emptied.map((name) => `delete from ${name};`).join(' ')} end'`));
  states = [];
  change();
  change();
  if (rows === 'partly there') {
    const store = await writers.page.prepare({ ...sides.first.context, db: plain.db });
    await store();
    await plain.db.execute(sql`delete from hive.shipments where id < ${target.id}`);
    await plain.db.execute(sql`delete from hive.shipment_items where shipment_id < ${target.id}`);
    // Something for rederive to mend.
    await plain.db.execute(sql`update hive.shipments set tracking_url = 'damaged'`);
  }
  const none = { runId: null, page: null, url: null, httpStatus: null };
  const letter = { account: ACCOUNT, collection: 'shipments', kind: 'record' as const, recordId: target.id, ...none };
  const trouble = { errorCode: 'invalid_record', errors: ['x'], payload: {}, attempts: 1, fingerprint: 'record x' };
  await fileDeadLetters(plain.db, [{ ...letter, ...trouble }]);
  change();
  logged = '';
}

/**
 * The first asks before the record changes, the second after that. One of them is held at its nth gate while the other
 * runs as far as it can. @returns whether it had such a gate, and the newest status that was brought
 */
async function play(
  pair: readonly [Name, Name],
  held: Side,
  at: number,
): Promise<{ wasHeld: boolean; newest: unknown }> {
  const act = {
    first: await writers[pair[0]].prepare(sides.first.context),
    second: await writers[pair[1]].prepare(sides.second.context),
  };
  let newest = writers[pair[0]].isNews ? statusNow() : undefined;
  await gates.hold('first', held === 'first' ? at : 1);
  await gates.hold('second', held === 'second' ? at : null);
  const first = running(act.first);
  const stands = await gates.untilStill('first', first);
  change();
  if (writers[pair[1]].isNews) newest = statusNow();
  const second = running(act.second);
  let wasHeld = stands === 'held';
  if (held === 'second') {
    wasHeld = (await gates.untilStill('second', second)) === 'held';
    await gates.open('first');
    if (wasHeld) await gates.untilStill('first', first);
  } else if (wasHeld) await gates.untilStill('second', second);
  await gates.open(held);
  await until('both have ended', () => first.hasEnded() && second.hasEnded());
  for (const { error } of [first, second]) if (error() !== undefined) problems.push(`threw: ${inWords(error())}`);
  return { wasHeld, newest };
}

/** What is not as it should be after the schedule under way. */
let problems: string[] = [];

async function judge(newest: unknown): Promise<void> {
  // Who found another at it comes again.
  await takeInWebhooks({ ...sides.first.context, db: plain.db });
  if (logged.includes('deadlock')) problems.push('a deadlock');
  for (const [id, stored] of await readStored(plain.db, shipments, ACCOUNT)) {
    const derived = expectedOf(shipments, parsed(shipments, stored.raw));
    if (JSON.stringify(stored) !== JSON.stringify(derived)) problems.push(`row ${id} is not what its payload says`);
  }
  const [row] = await plain.db.execute<{ status: string; in_doubt: boolean }>(sql`
    select status, exists (select from sync.webhook_deliveries d where d.record_id = s.id and d.processed_at is null)
      as in_doubt from hive.shipments s where id = ${target.id}`);
  if (row === undefined) problems.push('the row is missing');
  else if (row.status !== newest && !row.in_doubt) problems.push('the row is not the newest');
  const truth = states.map((state) => state.find(({ id }) => id === target.id)?.status);
  const chain = await plain.db.execute<{ old: string; new: string }>(sql`
    select old, new from hive.status_changes where record_id = ${target.id} and field = 'status' order by id`);
  const isTrue = chain.every((one) => truth.includes(one.old) && truth.indexOf(one.old) < truth.indexOf(one.new));
  if (!isTrue) problems.push('status_changes tells what never was');
}

const pairs: readonly (readonly [Name, Name])[] = [
  ['page', 'page'],
  ['page', 'webhook'],
  ['webhook', 'page'],
  ['page', 'late webhook'],
  ['late webhook', 'page'],
  ['page', 'lookup'],
  ['lookup', 'page'],
  ['lookup', 'webhook'],
  ['webhook', 'lookup'],
  ['lookup', 'late webhook'],
  ['webhook', 'webhook'],
  ['rederive', 'page'],
  ['page', 'rederive'],
  ['rederive', 'webhook'],
  ['page', 'run end'],
  ['run end', 'page'],
  ['page', 'retry of a letter'],
  ['retry of a letter', 'page'],
];

/** More gates than any writer has: a mistake would try for ever. */
const MOST_GATES = 200;
/** In CI every third gate, and all that the first tables have. */
const isTried = (at: number): boolean => process.env.SOAK !== undefined || at <= 8 || at % 3 === 0;

describe.each(beginnings)('rows: %s', (rows) => {
  test.each(pairs)(
    '%s and %s: the newest wins, nothing is told that never was, and nobody locks up',
    async (...pair) => {
      const found = new Map<string, string[]>();
      let schedules = 0;
      for (const held of ['first', 'second'] as const) {
        for (let at = 1; at <= MOST_GATES; at++) {
          if (!isTried(at)) continue;
          problems = [];
          await begin(rows);
          const { wasHeld, newest } = await play(pair, held, at);
          schedules += 1;
          await judge(newest);
          for (const problem of problems) found.set(problem, [...(found.get(problem) ?? []), `${held} at ${at}`]);
          if (!wasHeld) break;
        }
      }
      console.log(`${rows}, ${pair.join(' and ')}: ${schedules} schedules`);
      expect(Object.fromEntries(found)).toEqual({});
    },
    300_000,
  );
});
