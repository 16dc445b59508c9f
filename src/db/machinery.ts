// The tables of the machinery, schema `sync`: what was asked, what came, what failed, and how fast we may ask.
import { sql } from 'drizzle-orm';
import {
  bigint,
  bigserial,
  boolean,
  customType,
  index,
  integer,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  unique,
  uuid,
} from 'drizzle-orm/pg-core';

export const syncSchema = pgSchema('sync');

const at = () => timestamp({ withTimezone: true, precision: 3 });
/** jsonb as it is: Drizzle's own reads a JSON text such as "12" a second time, as a number. */
const payload = customType<{ data: unknown; driverData: unknown }>({
  dataType: () => 'jsonb',
  toDriver: (value) => JSON.stringify(value),
  fromDriver: (value) => value,
});
const count = () => integer().notNull().default(0);

/** One row: this database's identity, so that a Redis shared by several databases keeps their queues apart. */
export const installation = syncSchema.table('installation', {
  id: uuid().primaryKey().defaultRandom(),
  created_at: at().notNull().defaultNow(),
});

export const runs = syncSchema.table(
  'runs',
  {
    id: bigserial({ mode: 'number' }).primaryKey(),
    account: text().notNull(),
    /** incremental | full | backfill | refresh | retry */
    mode: text().notNull(),
    collections: text().array().notNull(),
    /** cli | schedule | api */
    trigger: text().notNull(),
    /** running | complete | incomplete (uncertified or new dead letters) | failed | interrupted */
    state: text().notNull().default('running'),
    /** One sentence when the run did not end complete. */
    reason: text(),
    from_at: at(),
    to_at: at(),
    /** May it set more tombstones at once than is plausible? */
    allow_deletes: boolean().notNull().default(false),
    started_at: at().notNull().defaultNow(),
    heartbeat_at: at().notNull().defaultNow(),
    finished_at: at(),
  },
  (table) => [index().on(table.account, table.state)],
);

export const windows = syncSchema.table(
  'windows',
  {
    id: bigserial({ mode: 'number' }).primaryKey(),
    run_id: bigint({ mode: 'number' })
      .notNull()
      .references(() => runs.id, { onDelete: 'cascade' }),
    account: text().notNull(),
    collection: text().notNull(),
    /**
     * whole = all of the collection · range = the part between two instants · head = its newest part, down to what is
     * certified · chosen = the pages that hold open records
     */
    kind: text().notNull(),
    /** Bounds by created_at, both inclusive; null = open, or the list has no such filter. */
    from_at: at(),
    to_at: at(),
    /** BullMQ priority of its pages. */
    priority: integer().notNull(),
    /** waiting | reading | certified | done (chosen pages were read) | uncertified | failed | split */
    state: text().notNull().default('waiting'),
    reason: text(),
    /** Counts up each time pages are read again because the list moved. */
    pass: integer().notNull().default(1),
    /** The pass in which the window was last read from its first page; what was read before does not count as proof. */
    base_pass: integer().notNull().default(1),
    /** The pages of this pass; null = all of them. */
    pages_again: integer().array(),
    /** Pages of this pass, as its first page said; null until it was read. */
    page_count: integer(),
    /** The API's own count at the first and at the last page read in this pass. */
    first_item_count: integer(),
    last_item_count: integer(),
    items_per_page: integer(),
    /** Did two pages of this pass disagree about the count? */
    moved: boolean().notNull().default(false),
    pages_read: count(),
    pages_failed: count(),
    /** Distinct ids in the pages since base_pass, and records without an id. */
    distinct_ids: integer(),
    without_id: count(),
    inserted: count(),
    updated: count(),
    unchanged: count(),
    dead_letters: count(),
    started_at: at(),
    finished_at: at(),
  },
  (table) => [index().on(table.run_id), index().on(table.account, table.collection, table.state)],
);

/** The ledger: one row per page that was read, in the transaction that stored its rows. */
export const pages = syncSchema.table(
  'pages',
  {
    window_id: bigint({ mode: 'number' })
      .notNull()
      .references(() => windows.id, { onDelete: 'cascade' }),
    pass: integer().notNull(),
    page: integer().notNull(),
    /** read | failed (its dead letter says why) */
    state: text().notNull(),
    page_count: integer(),
    item_count: integer(),
    items_per_page: integer(),
    records: count(),
    ids: bigint({ mode: 'number' }).array().notNull().default(sql`'{}'`),
    /** Records that carry no usable id, so that they are missing in ids. */
    without_id: count(),
    /** Newest first, as the documentation says? null when the records carry no created_at. */
    in_order: boolean(),
    newest_at: at(),
    oldest_at: at(),
    requested_at: at().notNull(),
    committed_at: at().notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.window_id, table.pass, table.page] })],
);

/** Records that a run reads one by one. */
export const lookups = syncSchema.table(
  'lookups',
  {
    id: bigserial({ mode: 'number' }).primaryKey(),
    run_id: bigint({ mode: 'number' })
      .notNull()
      .references(() => runs.id, { onDelete: 'cascade' }),
    account: text().notNull(),
    collection: text().notNull(),
    record_id: bigint({ mode: 'number' }).notNull(),
    /** open = may have changed · suspect = missing in a certified list · refresh = asked for by hand · retry = dead letter */
    reason: text().notNull(),
    /** waiting | done | failed */
    state: text().notNull().default('waiting'),
    /** written | unchanged | gone | unconfirmed (the API knows no single records of this collection) */
    outcome: text(),
    priority: integer().notNull(),
    finished_at: at(),
  },
  (table) => [
    unique('lookups_once').on(table.run_id, table.collection, table.record_id),
    index().on(table.account, table.collection, table.outcome),
  ],
);

export const deadLetters = syncSchema.table(
  'dead_letters',
  {
    id: bigserial({ mode: 'number' }).primaryKey(),
    account: text().notNull(),
    collection: text().notNull(),
    /** request | record | webhook */
    kind: text().notNull(),
    run_id: bigint({ mode: 'number' }),
    page: integer(),
    url: text(),
    record_id: bigint({ mode: 'number' }),
    http_status: integer(),
    error_code: text(),
    /** The API's own errors array, or the messages of our validation. */
    errors: text().array().notNull().default(sql`'{}'`),
    payload: payload(),
    attempts: integer().notNull().default(1),
    first_seen_at: at().notNull().defaultNow(),
    last_seen_at: at().notNull().defaultNow(),
    resolved_at: at(),
    /** retried | superseded | discarded */
    resolution: text(),
    /** Why it was discarded, in the words of who did. */
    resolution_reason: text(),
    /** What makes two occurrences the same trouble: recorded once, however often it recurs. */
    fingerprint: text().notNull(),
  },
  (table) => [
    index('dead_letters_open').on(table.account, table.collection).where(sql`resolved_at is null`),
    unique('dead_letters_once').on(table.account, table.collection, table.fingerprint),
  ],
);

export const webhookDeliveries = syncSchema.table('webhook_deliveries', {
  id: bigserial({ mode: 'number' }).primaryKey(),
  account: text().notNull(),
  /** SHA-256 of the raw body. */
  body_hash: text().notNull(),
  event: text(),
  collection: text(),
  record_id: bigint({ mode: 'number' }),
  payload: payload().notNull(),
  received_at: at().notNull().defaultNow(),
  processed_at: at(),
  /** applied | unchanged | stale | dead_letter */
  outcome: text(),
});

/** Fields and types that the API sent and that we did not know. */
export const schemaDrift = syncSchema.table(
  'schema_drift',
  {
    account: text().notNull(),
    collection: text().notNull(),
    /** Dotted path in the record, [] for the elements of a list: items[].price. */
    path: text().notNull(),
    /** unknown_field | type | value | unstorable_text */
    kind: text().notNull(),
    seen: text().notNull(),
    expected: text(),
    /** The value's form without its content, so that no personal data lands here. */
    sample: text(),
    first_seen_at: at().notNull().defaultNow(),
    last_seen_at: at().notNull().defaultNow(),
    count: bigint({ mode: 'number' }).notNull().default(1),
  },
  (table) => [primaryKey({ columns: [table.account, table.collection, table.path, table.kind, table.seen] })],
);

export const rateBudgets = syncSchema.table('rate_budgets', {
  account: text().primaryKey(),
  /** What X-Rate-Limit-Max said last. */
  max_requests: integer().notNull().default(100),
  /** Requests per window that others seem to use, from X-Rate-Limit-Used. */
  others: count(),
  blocked_until: at(),
  next_n: bigint({ mode: 'number' }).notNull().default(1),
  /** 401s in a row; at two the account is halted. */
  unauthorized: count(),
  halted_at: at(),
});

/** The exact log of requests: slot n may not come before slot n − limit plus the window. */
export const rateSlots = syncSchema.table(
  'rate_slots',
  {
    account: text().notNull(),
    n: bigint({ mode: 'number' }).notNull(),
    /** When the request may be sent; once answered, when it had arrived for certain. -infinity = given back. */
    at: timestamp({ withTimezone: true }).notNull(),
    /** Was it answered with a 429? */
    rejected: boolean().notNull().default(false),
  },
  (table) => [primaryKey({ columns: [table.account, table.n] })],
);
