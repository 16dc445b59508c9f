// The history of statuses, which the API does not keep: one row per change that a sync or a webhook saw, written in the
// statement that changes the record's row. A first sight is no change: `_first_seen_at` says when it was, and the first
// change's `old` what it showed. So a first load of a million orders writes nothing here, and nothing is lost.
import { type SQL, sql } from 'drizzle-orm';
import { bigint, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';
import { commentsOn, describedTable, describeRelation } from './described.js';
import { hive } from './hive-schema.js';

export const statusChanges = describedTable(
  hive,
  'status_changes',
  "One row per change of a status that a sync or a webhook saw; within a record in the order of id. The first sight of a record is no change and has no row: it was at the record's _first_seen_at, and showed what the first change has in old. What changed twice between two looks is one change, and a status that came back in between is none.",
  {
    account: [text().notNull(), 'Label of the Hive account (API key) that the record belongs to. Never null.'],
    collection: [text().notNull(), 'Table of the record in schema hive, such as orders. Never null.'],
    record_id: [bigint({ mode: 'number' }).notNull(), "Hive's id of the record: id in its table. Never null."],
    id: [
      bigint({ mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
      'Counts up: of two changes of one record, the later one has the greater. Never null.',
    ],
    field: [
      text().notNull(),
      'Column of the record that changed: one of its statuses, or _deleted_at, whose values are ISO 8601 texts here. Never null.',
    ],
    old: [text(), 'Value before; null when there was none.'],
    new: [text(), 'Value after; null when there is none any more.'],
    observed_at: [
      timestamp({ withTimezone: true, precision: 3 }).notNull(),
      'When it was seen: start of the request that showed it, or arrival of the webhook. It happened between the look before and then. Never null.',
    ],
    source: [
      text().notNull(),
      'What showed it: page (of the list) | record (asked for by its id) | webhook (sent by Hive). Never null.',
    ],
    run_id: [bigint({ mode: 'number' }), 'The run that saw it: sync.runs.id. Null outside a run.'],
  },
  (table) => [primaryKey({ columns: [table.account, table.collection, table.record_id, table.id] })],
);

// Statuses are enumerations.
describeRelation(statusChanges, {
  ...commentsOn(statusChanges),
  harmless: Object.keys(commentsOn(statusChanges).columns),
});

export interface Seen {
  readonly collection: string;
  readonly account: string;
  /** ISO 8601. */
  readonly at: string;
  readonly source: 'page' | 'record' | 'webhook';
  readonly runId: number | null;
}

/** An instant as it stands in `old` and `new`, whatever the time zone of the session. */
const isoText = (column: string): string => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** SQL for what a row of `relation` shows of the watched columns, as one object. */
export const watchedOf = (relation: string, statusFields: readonly string[]): string =>
  `jsonb_build_object(${[
    ...statusFields.map((name) => `'${name}', ${relation}."${name}"`),
    `'_deleted_at', ${isoText(`${relation}._deleted_at`)}`,
  ].join(', ')})`;

/** An insert of what differs between the objects `before` and `after` of the relation `changed` (id, before, after). */
export const insertChanges = ({ collection, account, at, source, runId }: Seen): SQL => sql`
  insert into hive.status_changes (account, collection, record_id, field, old, new, observed_at, source, run_id)
  select ${account}::text, ${collection}::text, changed.id, field, before ->> field, after ->> field,
    ${at}::timestamptz, ${source}::text, ${runId}::bigint
  from changed cross join lateral jsonb_object_keys(changed.after) as field
  where before -> field is distinct from after -> field
  order by changed.id`;
