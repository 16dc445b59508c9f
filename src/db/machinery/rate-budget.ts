// The tables of the rate budget: how fast we may ask. The functions of the migrations keep them.
import { bigint, boolean, integer, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';
import { describedTable } from '../described.js';
import { ACCOUNT, at, count, syncSchema } from './schema.js';

export const rateBudgets = describedTable(
  syncSchema,
  'rate_budgets',
  'One row per account: what is known of its rate budget.',
  {
    account: [text().primaryKey(), ACCOUNT],
    max_requests: [integer().notNull().default(100), 'Requests per window: what X-Rate-Limit-Max said last.'],
    others: [count(), 'Requests per window that others seem to use, from X-Rate-Limit-Used.'],
    blocked_until: [at(), 'No request before this instant, after a 429; null = not blocked.'],
    next_n: [bigint({ mode: 'number' }).notNull().default(1), 'Number of the next slot.'],
    unauthorized: [count(), '401s in a row; at two the account is halted.'],
    halted_at: [at(), 'When the key was refused for good; null = it works.'],
  },
);

export const rateSlots = describedTable(
  syncSchema,
  'rate_slots',
  'The exact log of requests: slot n may not come before slot n − limit plus the window.',
  {
    account: [text().notNull(), ACCOUNT],
    n: [bigint({ mode: 'number' }).notNull(), 'Number of the slot, counted up per account.'],
    at: [
      timestamp({ withTimezone: true }).notNull(),
      'When the request may be sent; once answered, when it had arrived for certain. -infinity = given back.',
    ],
    rejected: [boolean().notNull().default(false), 'Was it answered with a 429?'],
  },
  (table) => [primaryKey({ columns: [table.account, table.n] })],
);
