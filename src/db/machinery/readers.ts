// The table of who was given the right to read. A dump carries rights only where the roles are there already: this says
// afterwards whose rights are missing.
import { text } from 'drizzle-orm/pg-core';
import { describedTable } from '../described.js';
import { at, syncSchema } from './schema.js';

export const readers = describedTable(
  syncSchema,
  'readers',
  'Roles that hive-sync grant gave rights; doctor says when one of them cannot read any more, after a restore.',
  {
    role: [text().primaryKey(), 'Name of the role.'],
    access: [text().notNull(), 'What it may read: `whole` = schema hive, `masked` = schema hive_masked.'],
    granted_at: [at().notNull().defaultNow(), 'When it was given last.'],
  },
);
