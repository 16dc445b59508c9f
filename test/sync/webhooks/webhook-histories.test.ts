// The ordering rule over made-up histories, on real tables: a record goes through states, back and forth too; each state
// is delivered, perhaps often, late and in any order; lists and single reads show it meanwhile and are stored late.
import { sql } from 'drizzle-orm';
import { afterAll, expect, test } from 'vitest';
import { collectionNamed, collections } from '../../../src/collections/index.js';
import { openClaims } from '../../../src/db/run-claims.js';
import { transact } from '../../../src/db/transact.js';
import { upsertRecords } from '../../../src/db/upsert.js';
import { storeDelivery } from '../../../src/db/webhook-deliveries.js';
import { openLog } from '../../../src/log.js';
import type { Collection } from '../../../src/sync/collection.js';
import type { SyncContext } from '../../../src/sync/context.js';
import { silent } from '../../../src/sync/observer.js';
import { takeInWebhooks } from '../../../src/sync/webhooks/take-in-webhook.js';
import { weighAnswer } from '../../../src/sync/webhooks/webhook-doubts.js';
import { parsed } from '../../support/collections.js';
import { openTestDatabase } from '../../support/database.js';
import fc from '../../support/property.js';

const { db, url } = await openTestDatabase();
const all = openClaims(url);
afterAll(() => all.close());
const claims = all.ofAccount('a');
const START = Date.UTC(2026, 0, 1);
/** Between two states; deliveries and reads lie at times between them. */
const STATE_EVERY = 1_000;
const ID = 7;

const context = {
  account: 'a',
  db,
  claims,
  collections,
  log: openLog(process.env.LOG_LEVEL ?? 'silent', process.stderr),
  observer: silent,
  frontier: 8,
  enqueue: async () => {},
  webhookShare: { most: 25, windowMs: 60_000 },
} as unknown as SyncContext;

function named(name: string): Collection {
  const collection = collectionNamed(name);
  if (collection === undefined) throw new Error(name);
  return collection;
}

/** How much a record of this kind tells about its age. */
const kinds = [
  { what: 'nothing tells its age', collection: named('restocking_shipments'), extras: () => ({}) },
  {
    what: 'it carries updated_at',
    collection: named('shipments'),
    extras: (state: number) => ({ updated_at: new Date(START + state * STATE_EVERY).toISOString() }),
  },
  {
    what: 'it passes a milestone',
    collection: named('returns'),
    extras: (state: number) => ({
      received_at: state < 2 ? null : '2026-01-01T00:00:02.000Z',
      started_processing_at: null,
      completed_handling_at: null,
    }),
  },
];

const statuses = fc
  .array(fc.constantFrom('x', 'y', 'z'), { minLength: 2, maxLength: 6 })
  .filter((list) => list.every((status, i) => i === 0 || status !== list[i - 1]));
const afterwards = fc.integer({ min: 1, max: 4 * STATE_EVERY });
const history = fc.record({
  statuses,
  /** Per state, how long after it each of its deliveries arrives. */
  deliveries: fc.array(fc.array(afterwards, { minLength: 1, maxLength: 3 }), { minLength: 6, maxLength: 6 }),
  /** Reads follow each other; what they show may be stored much later. */
  reads: fc.array(fc.record({ gap: afterwards, takes: fc.integer({ min: 0, max: 900 }), storedAfter: afterwards }), {
    maxLength: 4,
  }),
  takeIns: fc.array(fc.integer({ min: 1, max: 10 * STATE_EVERY }), { maxLength: 5 }),
});

/** What chance seldom finds. */
const examples = [
  // There and back; the way back is told at once and shows what is stored. Then a slow page shows the middle.
  {
    statuses: ['x', 'y', 'x'],
    deliveries: [[1], [2_000], [100]],
    reads: [{ gap: 1_500, takes: 100, storedAfter: 900 }],
    takeIns: [10, 2_150],
  },
  // The first state is told late, the second never; a slow page with the second was asked for before that.
  {
    statuses: ['x', 'y'],
    deliveries: [[1_200]],
    reads: [{ gap: 1_100, takes: 50, storedAfter: 400 }],
    takeIns: [1_300],
  },
];

const empty = (tables: Collection['tables']) =>
  db.execute(
    sql`truncate ${sql.join([...tables], sql`, `)}, sync.webhook_deliveries, sync.runs, sync.dead_letters cascade`,
  );

type Event = { readonly at: number; readonly act: () => Promise<unknown> };

test.each(kinds)(
  '$what: every history ends in the newest state, and no row ever goes back',
  async ({ collection, extras }) => {
    let questions = 0;
    let histories = 0;
    await fc.assert(
      fc.asyncProperty(history, async (made) => {
        await empty(collection.tables);
        const body = (state: number) => ({
          ...collection.example,
          id: ID,
          status: made.statuses[state],
          ...extras(state),
        });
        const stateAt = (at: number) => Math.min(made.statuses.length - 1, Math.floor(at / STATE_EVERY));
        const instant = (at: number) => new Date(START + at).toISOString();
        const receive = async (at: number, state: number) => {
          const text = JSON.stringify(body(state));
          const { id } = await storeDelivery(db, {
            account: 'a',
            bodyHash: text,
            event: undefined,
            collection: collection.name,
            recordId: ID,
            payload: JSON.parse(text),
          });
          await db.execute(sql`update sync.webhook_deliveries set last_received_at = ${instant(at)} where id = ${id}`);
        };
        const store = (requestedAt: number, servedAt: number) => {
          const locking = new Set<number>();
          return transact(db, async (tx) => {
            const records = [parsed(collection, body(stateAt(servedAt)))];
            const provenance = { account: 'a', requestedAt: START + requestedAt, source: 'page' as const, runId: null };
            await upsertRecords(tx, collection, records, provenance, locking);
            await weighAnswer(tx, collection, records, provenance, locking);
          });
        };
        const events: Event[] = made.takeIns.map((at) => ({ at, act: () => takeInWebhooks(context) }));
        for (const state of made.statuses.keys()) {
          for (const late of made.deliveries[state] ?? []) {
            const at = state * STATE_EVERY + late;
            events.push({ at, act: () => receive(at, state) });
          }
        }
        let free = 0;
        for (const { gap, takes, storedAfter } of made.reads) {
          const requestedAt = free + gap;
          const servedAt = requestedAt + takes;
          free = servedAt + 1;
          events.push({ at: servedAt + storedAfter, act: () => store(requestedAt, servedAt) });
        }
        events.sort((a, b) => a.at - b.at);

        let seen = 0;
        const look = async (at: number) => {
          const [row] = await db.execute<{ status: string }>(
            sql`select status from ${collection.pgTable} where id = ${ID}`,
          );
          if (row === undefined) return;
          const found = made.statuses.findIndex((status, i) => i >= seen && i <= stateAt(at) && status === row.status);
          expect(found, `the row went back to ${row.status}`).not.toBe(-1);
          seen = found;
        };
        for (const { at, act } of events) {
          await act();
          await look(at);
        }
        await takeInWebhooks(context);
        // What is in doubt is asked for, and nothing else.
        const now = Math.max(free, (events.at(-1)?.at ?? 0) + 1, made.statuses.length * STATE_EVERY);
        const [doubt] = await db.execute<{ n: number }>(
          sql`select count(*) as n from sync.webhook_deliveries where outcome = 'in_doubt'`,
        );
        if ((doubt?.n ?? 0) > 0) {
          questions += 1;
          await store(now, now);
        }
        histories += 1;
        const [end] = await db.execute<{ status: string; open: number }>(sql`
        select status, (select count(*) from sync.webhook_deliveries where processed_at is null) as open
        from ${collection.pgTable} where id = ${ID}`);
        expect(end).toEqual({ status: made.statuses.at(-1), open: 0 });
      }),
      { numRuns: process.env.SOAK === undefined ? 60 : 2_000, examples: examples.map((example) => [example] as const) },
    );
    console.log(`${collection.name}: ${questions} of ${histories} histories needed a request at their end`);
  },
  process.env.SOAK === undefined ? 60_000 : 600_000,
);

test('a delivery that cannot be stored is set aside by whoever comes first, and no other in its place', async () => {
  const { name, example, tables } = named('restocking_shipments');
  await empty(tables);
  await db.execute(sql`
    create function public.refuse() returns trigger language plpgsql as $$ begin raise 'not this one'; end $$`);
  await db.execute(sql`
    create trigger refuse before insert on hive.restocking_shipments for each row when (new.id = 666) execute function public.refuse()`);
  const receive = (recordId: number) => {
    const payload = { ...example, id: recordId };
    return storeDelivery(db, {
      ...{ account: 'a', bodyHash: `body ${recordId}`, event: undefined, collection: name, recordId, payload },
    });
  };
  // Two attempts fail, in a batch and alone. Before the slower worker sets the delivery aside, the other one has done
  // that, and a new delivery has come.
  let transactions = 0;
  const slower = new Proxy(db, {
    get(target, key) {
      if (key !== 'transaction') return Reflect.get(target, key);
      return async (...args: Parameters<typeof db.transaction>) => {
        transactions += 1;
        if (transactions === 3) {
          await takeInWebhooks(context);
          await receive(8);
        }
        return target.transaction(...args);
      };
    },
  });
  await receive(666);
  await receive(7);
  await takeInWebhooks({ ...context, db: slower });
  expect(transactions).toBeGreaterThan(3);
  const letters = await db.execute(sql`select record_id, kind from sync.dead_letters`);
  expect(letters).toEqual([{ record_id: 666, kind: 'webhook' }]);
  const rows = await db.execute<{ id: number }>(sql`select id from hive.restocking_shipments order by id`);
  expect(rows.map(({ id }) => id)).toEqual([7, 8]);
  await db.execute(sql`drop function public.refuse() cascade`);
});
