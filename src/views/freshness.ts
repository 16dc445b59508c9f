// May I trust the tables? One row per account and collection, and one row that tells the oldest proof of all of them.
// What is proved is read from sync.proofs and nowhere else.
import { getTableConfig } from 'drizzle-orm/pg-core';
import { collections } from '../collections/index.js';
import { id, instant, integer, sum, text } from '../db/columns.js';
import { ACCOUNT, defineView } from './view.js';

/** For each collection another expression; what a reader does not ask for is not counted. */
const ofCollection = (expression: (table: string) => string): string =>
  `case c.collection ${collections
    .map(({ name, pgTable }) => `when '${name}' then ${expression(`hive.${getTableConfig(pgTable).name}`)}`)
    .join('\n    ')} end`;

// All of them less the deleted ones: the primary key and a small partial index answer that, the rows are not read.
const rows = ofCollection(
  (table) => `(select count(*) from ${table} t where t.account = a.account)
      - (select count(*) from ${table} t where t.account = a.account and t._deleted_at is not null)`,
);
const lost = ofCollection(
  (table) =>
    `(select count(*) from ${table} t where t.account = a.account and t._lost is not null and t._deleted_at is null)`,
);

/** An account is in it from its first run or webhook on. Each is the next entry of an index, however many runs there are. */
const query = `
with recursive accounts as (
  select '' as account
  union all
  select n.account from accounts k cross join lateral (
    select account from (
      (select r.account from sync.runs r where r.account > k.account order by r.account limit 1)
      union all
      (select d.account from sync.webhook_deliveries d where d.account > k.account order by d.account limit 1)
    ) known order by account limit 1) n
)
select a.account, c.collection,
  ${rows} as rows,
  ${lost} as rows_with_lost_values,
  p.api_count, p.api_count_at, p.own_count, p.missing,
  p.whole_as_of as certified_up_to, p.new_up_to as new_records_up_to, p.open_up_to as open_records_up_to,
  success.finished_at as last_success_at, success.id as last_success_run_id,
  attempt.finished_at as last_attempt_at, attempt.id as last_attempt_run_id, attempt.state as last_attempt_state,
  (select count(*)::int from sync.dead_letters d
    where d.account = a.account and d.collection = c.collection and d.resolved_at is null) as open_dead_letters
from (select account from accounts where account <> '') a
cross join unnest(array[${collections.map(({ name }) => `'${name}'`).join(', ')}]) as c (collection)
left join sync.proofs p on p.account = a.account and p.collection = c.collection
left join lateral (
  select r.id, r.finished_at from unnest(array['full', 'incremental']) as m (mode) cross join lateral (
    select r.id, r.finished_at from sync.runs r
    where r.account = a.account and r.mode = m.mode and r.state = 'complete' and c.collection = any(r.collections)
    order by r.finished_at desc limit 1) r
  order by r.finished_at desc limit 1
) success on true
left join lateral (
  select id, state, finished_at from sync.runs r
  where r.account = a.account and r.mode in ('full', 'incremental') and r.finished_at is not null and c.collection = any(r.collections)
  order by r.finished_at desc limit 1
) attempt on true`;

export const freshness = defineView({
  name: 'freshness',
  comment:
    'Whether the tables are complete and fresh, and which kinds of change are true as of when: one row per account and collection, also for collections that are empty. Deleted records are not counted.',
  columns: {
    account: text(ACCOUNT, { personal: false }),
    collection: text('Name of the collection, which is also its table.', { personal: false }),
    rows: id('Records in the table that are not deleted.'),
    rows_with_lost_values: id('Of these, rows with a column whose value could not be read: their _lost names it.'),
    api_count: integer(
      "The API's own count of the whole collection when it last said one; null when it never did. It is that of api_count_at, not of now.",
    ),
    api_count_at: instant('When the request began whose answer said api_count; null when there was none.'),
    own_count: integer(
      'Our own count when the two were compared: records in the table that were not deleted, and open dead letters of records. Null when they were not compared.',
    ),
    missing: integer(
      'api_count less own_count, as of api_count_at: 0 when they agree; so many records are missing, or, when it is negative, there are too many, such as deleted ones. Missing ones and deleted ones cancel out: only certified_up_to proves that there are neither. Null when they were not compared.',
    ),
    certified_up_to: instant(
      'The whole list was proved as of then: every record that existed is in the table or an open dead letter, back-dated ones too; what was gone is marked as deleted; late changes of closed records, such as refunds, are in. What came or changed after that is not said. Null when that was never proved.',
    ),
    new_records_up_to: instant(
      'Records that were created until then are in the table, if they were dated after what was known before. It says nothing of back-dated or deleted ones: certified_up_to does. Null when nothing is proved yet.',
    ),
    open_records_up_to: instant(
      'Records that are still open are as they were then, or newer: all of them have been looked at since. Null when nothing is proved yet.',
    ),
    last_success_at: instant(
      'When the last full or incremental run that read this collection and ended complete did end; null when none is on file.',
    ),
    last_success_run_id: id('That run: sync.runs.id.'),
    last_attempt_at: instant(
      'When the last full or incremental run that read this collection ended, however it did; null when none is on file.',
    ),
    last_attempt_run_id: id('That run: sync.runs.id.'),
    last_attempt_state: text('How that run ended; null when there was none.', {
      values: {
        complete: 'all that it had to read is certified',
        incomplete: 'something is uncertified, or there are new dead letters',
        failed: 'it could not go on',
      },
    }),
    open_dead_letters: integer('Records, pages and deliveries of this collection that could not be taken in.'),
  },
  query,
});

/** Null when one of them has none: what was never proved is older than all that was. */
const oldest = (column: string): string => `case when count(*) = count(f.${column}) then min(f.${column}) end`;
const ofTheOldest = (column: string): string =>
  `(array_agg(f.${column} order by f.certified_up_to nulls first, f.account, f.collection))[1]`;

export const oldestProof = defineView({
  name: 'oldest_proof',
  comment:
    'The least that can be said of all accounts and collections together: always one row, made of hive.freshness. All null when no account has had a run yet. An account that is not synced any more stays in it: to leave it out, ask hive.freshness.',
  columns: {
    account: text('Account of the collection whose certified_up_to is the oldest, or null.', { personal: false }),
    collection: text('That collection.', { personal: false }),
    certified_up_to: instant(
      'The oldest hive.freshness.certified_up_to: the whole list of every collection was proved as of then or later. Null when one of them never was.',
    ),
    new_records_up_to: instant('The oldest hive.freshness.new_records_up_to. Null when one has none.'),
    open_records_up_to: instant('The oldest hive.freshness.open_records_up_to. Null when one has none.'),
    last_success_at: instant('The oldest hive.freshness.last_success_at. Null when one has none.'),
    collections_that_differ: id('Collections whose hive.freshness.missing is not 0.'),
    open_dead_letters: sum('Open dead letters of all of them.'),
    rows_with_lost_values: sum('Rows with a column whose value could not be read, of all of them.'),
  },
  query: `
select ${ofTheOldest('account')} as account, ${ofTheOldest('collection')} as collection,
  ${['certified_up_to', 'new_records_up_to', 'open_records_up_to', 'last_success_at']
    .map((column) => `${oldest(column)} as ${column}`)
    .join(',\n  ')},
  count(*) filter (where f.missing <> 0) as collections_that_differ,
  coalesce(sum(f.open_dead_letters), 0)::bigint as open_dead_letters,
  coalesce(sum(f.rows_with_lost_values), 0)::bigint as rows_with_lost_values
from (${query}) f`,
});
