// Promise: every view says what its comment says, in any world: nulls wherever they may be, ids that are missing or stand
// twice, what is deleted and comes back, several accounts, days on which clocks are changed, and money at the edges.
import { sql } from 'drizzle-orm';
import { getTableConfig } from 'drizzle-orm/pg-core';
import { expect, test } from 'vitest';
import { collectionNamed, collections } from '../../src/collections/index.js';
import { setTimezone } from '../../src/db/installation.js';
import { sumUp } from '../../src/db/rollups/sum-up.js';
import type { Row } from '../../src/db/stored-record.js';
import { upsertRecords } from '../../src/db/upsert.js';
import { setTombstone } from '../../src/sync/reading/tombstones.js';
import { parsed } from '../support/collections.js';
import { openTestDatabase } from '../support/database.js';
import { Shelves } from '../support/plain/shelves.js';
import { expectPlainTruth } from '../support/plain-views.js';
import fc from '../support/property.js';
import { dated, type Step, type Story, story, type WorldCollection } from '../support/worlds.js';

const RUNS = Number(process.env.SOAK_RUNS ?? (process.env.SOAK === undefined ? 50 : 2_000));
const SEED = Number(process.env.SEED ?? 19);

const { db } = await openTestDatabase();
const tables = collections.flatMap((collection) =>
  collection.tables.map((table) => `hive.${getTableConfig(table).name}`),
);

const known = (name: WorldCollection) => {
  const collection = collectionNamed(name);
  if (collection === undefined) throw new Error(`no collection ${name}`);
  return collection;
};

/** Through the doors of the product, so that triggers and daily values act as they do in reality. */
async function live({ from, zone, steps }: Story): Promise<Shelves> {
  await db.execute(sql`truncate ${sql.raw(tables.join(', '))}, hive.status_changes`);
  await setTimezone(db, zone);
  const shelves = new Shelves(zone);
  let at = from;
  for (const step of steps) {
    if ('after' in step) at += step.after;
    await take(step, at, shelves);
  }
  return shelves;
}

async function take(step: Step, at: number, shelves: Shelves): Promise<void> {
  switch (step.do) {
    case 'show': {
      const records = step.records.map((record) => parsed(known(step.collection), dated(record, Date.now())));
      const seen = { account: step.account, requestedAt: at, source: 'page', runId: 1 } as const;
      await db.transaction((tx) => upsertRecords(tx, known(step.collection), records, seen));
      if (step.collection !== 'skus') return;
      // Equal ids in one answer: the later record counts.
      for (const { id, children } of new Map(records.map((record) => [record.id, record])).values())
        shelves.show(step.account, id, (children.sku_inventory ?? []) as readonly Row[], at);
      return;
    }
    case 'delete': {
      const { account, id: recordId, collection } = step;
      await db.transaction((tx) =>
        setTombstone(tx, known(collection), { account, recordId, requestedAt: at, runId: 1 }),
      );
      if (collection === 'skus') shelves.clear(account, recordId, at);
      return;
    }
    case 'sum up':
      await sumUp(db);
      return;
    case 'time zone':
      await setTimezone(db, step.zone);
      shelves.zone = step.zone;
  }
}

test(
  'in any world every view says what its comment says, whether or not it was added up since',
  async () => {
    let rows = 0;
    await fc.assert(
      fc.asyncProperty(story, async (told) => {
        const shelves = await live(told);
        rows += await expectPlainTruth(db, { changes: shelves.changes });
        await sumUp(db);
        await expectPlainTruth(db, { changes: shelves.changes });
      }),
      { numRuns: RUNS, seed: SEED },
    );
    expect(rows).toBeGreaterThan(RUNS * 10);
    console.log(`seed ${SEED}: ${RUNS} worlds, ${rows} rows of views`);
  },
  process.env.SOAK === undefined ? 180_000 : 3_600_000,
);
