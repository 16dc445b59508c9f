// The tables of the ledger: what was asked for, and every page that came of it.
import { sql } from 'drizzle-orm';
import { bigint, bigserial, boolean, index, integer, primaryKey, text } from 'drizzle-orm/pg-core';
import { describedTable } from '../described.js';
import { ACCOUNT, at, COLLECTION, count, payload, syncSchema } from './schema.js';

export const runs = describedTable(
  syncSchema,
  'runs',
  'One row per run: one trigger of work, by hand or by schedule.',
  {
    id: [bigserial({ mode: 'number' }).primaryKey(), 'Number of the run; _run_id in schema hive.'],
    account: [text().notNull(), ACCOUNT],
    mode: [text().notNull(), 'incremental | full | backfill | refresh | retry'],
    collections: [text().array().notNull(), 'The collections that it reads.'],
    trigger: [text().notNull(), 'Who asked for it: cli | schedule | api | webhook (records in doubt)'],
    state: [
      text().notNull().default('running'),
      'running | complete | incomplete (something is uncertified, or there are new dead letters) | failed',
    ],
    reason: [text(), 'One sentence when the run did not end complete; else null.'],
    from_at: [at(), 'Backfill: first instant by created_at, inclusive; else null.'],
    to_at: [at(), 'Backfill: last instant by created_at, inclusive; else null.'],
    allow_deletes: [
      boolean().notNull().default(false),
      'May it set more tombstones at once than is plausible (--allow-deletes)?',
    ],
    started_at: [at().notNull().defaultNow(), 'When it was filed.'],
    heartbeat_at: [at().notNull().defaultNow(), 'When it last moved on.'],
    finished_at: [at(), 'When it ended; null while it runs.'],
  },
  (table) => [
    index().on(table.account, table.state),
    // For hive.freshness.
    index('runs_ended')
      .on(table.account, table.finished_at)
      .where(sql`mode in ('full', 'incremental') and finished_at is not null`),
    index('runs_complete').on(table.account, table.mode, table.finished_at).where(sql`state = 'complete'`),
  ],
);

/** A window that has ended and may tell how many records the whole list holds. An index goes by it: no column that changes with each page is in it. */
export const COUNTS_ALL =
  "from_at is null and kind in ('whole', 'head', 'counted') and finished_at is not null and last_item_count is not null";

export const windows = describedTable(
  syncSchema,
  'windows',
  'One row per window: a part of a collection that a run reads page by page. A certified one is the proof that nothing is missing in it.',
  {
    id: [bigserial({ mode: 'number' }).primaryKey(), 'Number of the window.'],
    run_id: [
      bigint({ mode: 'number' })
        .notNull()
        .references(() => runs.id, { onDelete: 'cascade' }),
      'The run: sync.runs.id.',
    ],
    account: [text().notNull(), ACCOUNT],
    collection: [text().notNull(), COLLECTION],
    kind: [
      text().notNull(),
      'whole = all of the collection; range = the part between two instants; head = its newest part, down to what is certified; chosen = the pages that hold open records, and some of those that hold closed ones which may still change; counted = a part whose count is compared with our own, and that is read only where the two differ',
    ],
    from_at: [at(), 'Lower bound by created_at, inclusive; null = open, or the list has no such filter.'],
    to_at: [at(), 'Upper bound by created_at, inclusive; null = open, or the list has no such filter.'],
    priority: [integer().notNull(), 'Priority of its pages in the queue; a lower number goes first.'],
    state: [
      text().notNull().default('waiting'),
      'waiting | reading | certified | done (chosen pages were read) | uncertified | failed | split (read as other windows)',
    ],
    reason: [text(), 'One sentence when it is not certified; else null.'],
    pass: [integer().notNull().default(1), 'Counts up each time pages are read again because the list moved.'],
    base_pass: [
      integer().notNull().default(1),
      'The pass in which it was last read from its first page; what was read before does not count as proof.',
    ],
    pages_again: [integer().array(), 'The pages of this pass; null = all of them.'],
    closed_down_to: [
      at(),
      'Chosen pages: closed records were looked at down to this created_at, and the next run goes on below it; null = down to the last one.',
    ],
    page_count: [
      integer(),
      'Pages of this pass, as the last answer said that could be believed; null while none could.',
    ],
    end_below: [
      integer(),
      'The lowest page of this pass that turned out to lie beyond the end of the list; null = none did.',
    ],
    first_item_count: [integer(), "The API's own count at the first page read in this pass."],
    last_item_count: [integer(), "The API's own count at the last page read in this pass."],
    counted_at: [at(), 'Start of the request whose answer said last_item_count.'],
    own_count: [
      integer(),
      'Our own count beside last_item_count when the two were compared: rows that are not deleted, and records that are open dead letters. Null = not compared.',
    ],
    items_per_page: [integer(), 'Records per page, as the API said.'],
    moved: [
      boolean().notNull().default(false),
      'Did two pages of this pass disagree about the count, or was there a pause between two of them? Then its pages must overlap to prove anything.',
    ],
    last_answered_at: [at(), 'When the last answer of this pass had arrived; null until one has.'],
    pages_read: [count(), 'Pages that were read.'],
    pages_failed: [count(), 'Pages that were given up; their dead letters say why.'],
    distinct_ids: [
      integer(),
      'Different records in the pages since base_pass, those without a usable id among them; null until the end.',
    ],
    without_id: [count(), 'Records without a usable id.'],
    inserted: [count(), 'Rows that were new.'],
    updated: [count(), 'Rows whose content had changed.'],
    unchanged: [count(), 'Rows that were as stored.'],
    dead_letters: [count(), 'Dead letters that it wrote.'],
    started_at: [at(), 'When its first page was stored; null until then.'],
    as_of: [
      at(),
      'Of a certified window: every record in it that existed at this instant and still did when its page was read is in the table. The start of the earliest request that the proof rests on, and never later than the clock of the API had come. Null = nothing is proved (yet): a whole list that was read up to an instant proves something when the part above that has been read, too.',
    ],
    finished_at: [at(), 'When it ended; null until then.'],
  },
  (table) => [
    index().on(table.run_id),
    index().on(table.account, table.collection, table.state),
    // For sync.proofs.
    index('windows_proofs')
      .on(table.account, table.collection, table.kind, table.as_of)
      .where(sql`state = 'certified' and as_of is not null`),
    index('windows_counts').on(table.account, table.collection, table.finished_at).where(sql.raw(COUNTS_ALL)),
  ],
);

export const pages = describedTable(
  syncSchema,
  'pages',
  'The ledger: one row per page that was read, written in the transaction that stored its rows.',
  {
    window_id: [
      bigint({ mode: 'number' })
        .notNull()
        .references(() => windows.id, { onDelete: 'cascade' }),
      'The window: sync.windows.id.',
    ],
    pass: [integer().notNull(), 'The reading of the window in which it was read, from 1.'],
    page: [integer().notNull(), 'Number of the page, from 1.'],
    state: [text().notNull(), 'read | failed (its dead letter says why) | beyond (the list ends before it)'],
    page_count: [integer(), 'Number of pages, as this page said.'],
    item_count: [integer(), 'Number of records in the whole list, as this page said.'],
    items_per_page: [integer(), 'Records per page, as this page said.'],
    records: [count(), 'Records in the page.'],
    ids: [
      bigint({ mode: 'number' }).array().notNull().default(sql`'{}'`),
      'Their ids; a negative number stands for a record without a usable one.',
    ],
    without_id: [count(), 'Records that carry no usable id; each has a negative number in ids.'],
    in_order: [boolean(), 'Newest first, as the documentation says? Null when the records carry no created_at.'],
    newest_at: [at(), 'Latest created_at in the page; null when there is none.'],
    oldest_at: [at(), 'Earliest created_at in the page; null when there is none.'],
    requested_at: [at().notNull(), 'Start of the request.'],
    answered_at: [at(), 'When its answer had arrived; null in entries of old releases.'],
    api_at: [at(), "The API's own clock when it answered (header Date, whole seconds); null when it did not say."],
    losses: [payload(), 'Of how many records a typed column could not be read, by dotted path; null = of none.'],
    committed_at: [at().notNull().defaultNow(), 'When its rows were stored.'],
  },
  (table) => [
    primaryKey({ columns: [table.window_id, table.pass, table.page] }),
    index().on(table.window_id, table.requested_at),
  ],
);
