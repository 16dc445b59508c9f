// The table of the lookups: records that a run reads by their ids.
import { sql } from 'drizzle-orm';
import { bigint, bigserial, index, integer, text, unique } from 'drizzle-orm/pg-core';
import { describedTable } from '../described.js';
import { runs } from './ledger.js';
import { ACCOUNT, at, COLLECTION, payload, syncSchema } from './schema.js';

export const lookups = describedTable(
  syncSchema,
  'lookups',
  'One row per record that a run reads by its id.',
  {
    id: [bigserial({ mode: 'number' }).primaryKey(), 'Number of the lookup.'],
    run_id: [
      bigint({ mode: 'number' })
        .notNull()
        .references(() => runs.id, { onDelete: 'cascade' }),
      'The run: sync.runs.id.',
    ],
    account: [text().notNull(), ACCOUNT],
    collection: [text().notNull(), COLLECTION],
    record_id: [bigint({ mode: 'number' }).notNull(), "Hive's id of the record."],
    reason: [
      text().notNull(),
      'open = may have changed; suspect = missing in a certified list; refresh = asked for by hand; retry = dead letter',
    ],
    state: [text().notNull().default('waiting'), 'waiting | done | failed'],
    outcome: [
      text(),
      'written | unchanged | gone | unconfirmed (404, but no other record was found right then, or too many are gone at once to be believed); null until it is done',
    ],
    priority: [integer().notNull(), 'Priority in the queue; a lower number goes first.'],
    losses: [
      payload(),
      'Typed columns of the record that could not be read, by dotted path, as in sync.pages; null = none.',
    ],
    finished_at: [at(), 'When it ended; null until then.'],
  },
  (table) => [
    unique('lookups_once').on(table.run_id, table.collection, table.record_id),
    index().on(table.account, table.collection, table.outcome),
    // For sync.proofs.
    index('lookups_unsettled')
      .on(table.run_id, table.collection)
      .where(sql`state <> 'done' or outcome = 'unconfirmed'`),
  ],
);
