// The table of what could not be taken in.
import { sql } from 'drizzle-orm';
import { bigint, bigserial, index, integer, text, unique } from 'drizzle-orm/pg-core';
import { describedTable } from '../described.js';
import { ACCOUNT, at, COLLECTION, payload, syncSchema } from './schema.js';

export const deadLetters = describedTable(
  syncSchema,
  'dead_letters',
  'What could not be taken in, kept with its payload. Open while resolved_at is null. May hold personal data.',
  {
    id: [bigserial({ mode: 'number' }).primaryKey(), 'Number of the dead letter.'],
    account: [text().notNull(), ACCOUNT],
    collection: [text().notNull(), COLLECTION],
    kind: [text().notNull(), 'request | record | webhook'],
    run_id: [
      bigint({ mode: 'number' }),
      'The run in which it was last seen: sync.runs.id; of a page that failed again when it was tried again, the run in which it had failed before. Null outside a run.',
    ],
    page: [integer(), 'The page; null when it was no page.'],
    url: [text(), 'What was asked for; null when nothing was.'],
    record_id: [bigint({ mode: 'number' }), "Hive's id of the record; null when not known."],
    http_status: [integer(), 'Status of the answer; null when there was none.'],
    error_code: [text(), 'Short code of the error, for filters.'],
    errors: [
      text().array().notNull().default(sql`'{}'`),
      "The API's own errors array, or the messages of our validation.",
    ],
    payload: [payload(), 'What was received; null when nothing was. Personal data.'],
    attempts: [integer().notNull().default(1), 'How often it was tried.'],
    first_seen_at: [at().notNull().defaultNow(), 'When it first happened.'],
    last_seen_at: [at().notNull().defaultNow(), 'When it last happened.'],
    resolved_at: [at(), 'When it was closed; null while it is open.'],
    resolution: [text(), 'retried | superseded (a later version came in) | discarded; null while it is open'],
    resolution_reason: [text(), 'Why it was discarded, in the words of who did; else null.'],
    fingerprint: [
      text().notNull(),
      'What makes two occurrences the same trouble: recorded once, however often it recurs.',
    ],
  },
  (table) => [
    index('dead_letters_open').on(table.account, table.collection).where(sql`resolved_at is null`),
    unique('dead_letters_once').on(table.account, table.collection, table.fingerprint),
  ],
);
