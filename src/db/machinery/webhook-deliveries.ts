// The table of what webhooks brought.
import { sql } from 'drizzle-orm';
import { bigint, bigserial, index, integer, text, unique } from 'drizzle-orm/pg-core';
import { describedTable } from '../described.js';
import { ACCOUNT, at, payload, syncSchema } from './schema.js';

export const webhookDeliveries = describedTable(
  syncSchema,
  'webhook_deliveries',
  'One row per body that a webhook brought with a valid signature, stored before it is answered; the same body again is counted. May hold personal data.',
  {
    id: [bigserial({ mode: 'number' }).primaryKey(), 'Number of the delivery.'],
    account: [text().notNull(), ACCOUNT],
    body_hash: [text().notNull(), 'SHA-256 of the raw body, hex.'],
    event: [text(), 'Name of the event; null when the delivery did not say.'],
    collection: [text(), 'The collection to which the payload belongs; null when its shape fits none.'],
    record_id: [bigint({ mode: 'number' }), "Hive's id of the record; null when not known."],
    payload: [payload().notNull(), 'What was received. Personal data.'],
    received_at: [at().notNull().defaultNow(), 'When it arrived first.'],
    times: [integer().notNull().default(1), 'How often the same body came.'],
    last_received_at: [at().notNull().defaultNow(), 'When it arrived last: its state is not newer than that.'],
    processed_at: [at(), 'When it was dealt with; null while there is something left to do.'],
    outcome: [
      text(),
      'null = not looked at yet | applied | unchanged | stale (older than the row) | in_doubt (the record will be asked for) | fetched (a read that began later told) | gone | unconfirmed (the API answers 404, which nothing confirms) | dead_letter',
    ],
  },
  (table) => [
    unique('webhook_deliveries_once').on(table.account, table.body_hash),
    index('webhook_deliveries_open').on(table.account, table.id).where(sql`processed_at is null`),
    index('webhook_deliveries_of_record').on(table.account, table.collection, table.record_id),
    index('webhook_deliveries_by_age').on(table.last_received_at),
  ],
);
