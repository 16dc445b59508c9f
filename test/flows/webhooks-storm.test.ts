// Promise: whatever webhooks bring, in whatever order, and whatever happens meanwhile, the rows end in the newest state.
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { describe, expect, test, vi } from 'vitest';
import { openDatabase } from '../../src/db/database.js';
import { openSimulator, type Simulator } from '../../src/simulator/index.js';
import { oneBackend } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { openOwnPostgres } from '../support/servers.js';
import { expectTablesToEqualTruth } from '../support/truth.js';
import { until } from '../support/until.js';
import { startWebhookWorker, untilQuiet, type WebhookState } from '../support/webhooks.js';

const EVENTS = process.env.SOAK === undefined ? 600 : 2_000;
/** Enough to be under way before and after PostgreSQL was away. */
const EVENTS_AROUND = process.env.SOAK === undefined ? 150 : 400;
/** A storm takes half a minute on a quiet machine. */
const DEADLINE_MS = 400_000;
vi.setConfig({ testTimeout: DEADLINE_MS });
const told = ['shipments', 'returns', 'restocking_shipments'] as const;
const storm = { connections: 8, duplicated: 0.3, badlySigned: 0.05, delayMs: [0, 400] as const, retryAfterMs: 500 };
/** A full sync of some seconds; every record is told about several times. */
const world = {
  rate: 'unlimited' as const,
  latencyMs: 40,
  sizes: { orders: 1_500, shipments: 350, returns: 120, restocking_shipments: 60 },
};
const statuses = {
  shipments: ['waiting_for_picking', 'picked', 'packed', 'on_hold'],
  returns: ['on_the_way', 'arrived', 'processing', 'action_required'],
  restocking_shipments: ['created', 'shipped', 'delivered', 'arrived'],
};

/** A multiplier that runs through all 32 bits: the same storm every time. */
const SPREAD = 2_654_435_761;

/** Statuses go on, and back and forth; as fast as they can be told. */
async function change(simulator: Simulator, events: number): Promise<void> {
  const records = Object.fromEntries(told.map((name) => [name, simulator.truth(name)]));
  const before = simulator.webhookStats().events;
  for (let n = before; n < before + events; n++) {
    const luck = Math.imul(n + 1, SPREAD) >>> 0;
    const collection = told[luck % 5 < 3 ? 0 : (luck % 5) - 2] ?? 'shipments';
    const own = records[collection] ?? [];
    const place = (luck >>> 8) % own.length;
    const old = own[place];
    const others = statuses[collection].filter((status) => status !== old?.status);
    const status = others[(luck >>> 4) % others.length] ?? '';
    const changed = simulator.apply({ kind: 'update', collection, id: old?.id ?? 0, patch: { status } });
    if (changed !== undefined) own[place] = changed;
    if (n % 50 === 49) await until('the sender keeps up', () => simulator.webhookStats().waiting < 400);
  }
  expect(simulator.webhookStats().events).toBe(before + events);
}

function report(what: string, simulator: Simulator, state: WebhookState): void {
  const { events, posts, answers, lost, acknowledgedAfterMs } = simulator.webhookStats();
  const sorted = acknowledgedAfterMs.toSorted((a, b) => a - b);
  const at = (share: number) => `${Math.round(sorted[Math.floor(sorted.length * share)] ?? 0)} ms`;
  console.log(
    `${what}: ${events} events, ${posts} posts, answers ${JSON.stringify(answers)}, lost ${lost}; acknowledged after ${at(0.5)} (half), ${at(0.99)} (p99), ${at(0.9999)} (longest); ${state.stored} bodies (${state.duringFullSync} during the full sync): ${JSON.stringify(state.outcomes)}; ${state.lookups} records asked for`,
  );
}

async function expectNothingForged(url: string): Promise<void> {
  const { db, close } = await openDatabase(url, { connections: 1 });
  const [forged] = await db.execute(sql`
    select (select count(*) from hive.status_changes where new = 'forged')
      + (select count(*) from sync.webhook_deliveries where payload ->> 'status' = 'forged') as n`);
  const letters = await db.execute(sql`select * from sync.dead_letters`);
  await close();
  expect(forged).toEqual({ n: 0 });
  expect(letters).toEqual([]);
}

describe.each(oneBackend())('queue on $name', ({ name, env }) => {
  test(`${EVENTS} webhooks, shuffled, 30 % twice, 5 % forged, during a full sync: the rows are the newest states`, async () => {
    const simulator = await openSimulator(world);
    const url = await createDatabase();
    const worker = await startWebhookWorker(simulator, url, env);
    await until('the full sync is under way', () => simulator.requests.length > 10);
    simulator.setWebhooks({ url: worker.webhookUrl, ...storm });
    await change(simulator, EVENTS);
    const state = await untilQuiet(simulator, url, DEADLINE_MS);
    report(name, simulator, state);

    const { lost, answers } = simulator.webhookStats();
    expect(lost).toBe(0);
    expect(Object.keys(answers)).toEqual(['202', '401']);
    expect(answers[401]).toBeGreaterThan(EVENTS * 0.03);
    expect(state.duringFullSync, 'deliveries that came while the full sync was running').toBeGreaterThan(100);
    await expectTablesToEqualTruth(url, simulator);
    await expectNothingForged(url);
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    expect(worker.output().stderr).not.toContain('"level":"error"');
    await simulator.close();
  });
});

test('PostgreSQL stopped for 5 s meanwhile: 503 until it is back, and none is lost', async () => {
  const server = await openOwnPostgres();
  const simulator = await openSimulator(world);
  try {
    const worker = await startWebhookWorker(simulator, server.url);
    await until('the full sync is under way', () => simulator.requests.length > 10);
    simulator.setWebhooks({ url: worker.webhookUrl, ...storm });
    await change(simulator, EVENTS_AROUND);
    await server.stop();
    const away = sleep(5_000);
    for (let n = 0; n < 300; n++) {
      simulator.apply({ kind: 'update', collection: 'shipments', position: n, patch: { status: `away ${n}` } });
    }
    await until('they are refused', () => (simulator.webhookStats().answers[503] ?? 0) >= storm.connections);
    await away;
    await server.start();
    await change(simulator, EVENTS_AROUND);
    const state = await untilQuiet(simulator, server.url, DEADLINE_MS);
    report('PostgreSQL away', simulator, state);
    expect(simulator.webhookStats().lost).toBe(0);
    await expectTablesToEqualTruth(server.url, simulator, told);
    await expectNothingForged(server.url);
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
  } finally {
    await simulator.close();
    await server.close();
  }
});
