// The table of what the API sent beyond its description.
import { bigint, primaryKey, text } from 'drizzle-orm/pg-core';
import { describedTable } from '../described.js';
import { ACCOUNT, at, COLLECTION, syncSchema } from './schema.js';

export const schemaDrift = describedTable(
  syncSchema,
  'schema_drift',
  'Fields, types and values that the API sent and that this release does not know. The content is in _raw.',
  {
    account: [text().notNull(), ACCOUNT],
    collection: [text().notNull(), COLLECTION],
    path: [text().notNull(), 'Dotted path in the record, [] for the elements of a list: items[].price.'],
    kind: [
      text().notNull(),
      'unknown_field | type (of another type, its value landed all the same) | loss (it could not be read: the column keeps an older value, or is null) | value | unstorable_text',
    ],
    seen: [text().notNull(), 'What was there: a type, or a value of an enumeration.'],
    expected: [text(), 'What was expected; null for an unknown field.'],
    sample: [text(), "The value's form without its content, so that no personal data lands here."],
    first_seen_at: [at().notNull().defaultNow(), 'When it was first seen.'],
    last_seen_at: [at().notNull().defaultNow(), 'When it was last seen.'],
    count: [bigint({ mode: 'number' }).notNull().default(1), 'How often it was seen.'],
  },
  (table) => [primaryKey({ columns: [table.account, table.collection, table.path, table.kind, table.seen] })],
);
