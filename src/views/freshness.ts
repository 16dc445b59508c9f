// May I trust the tables? One row per account and collection.
import { getTableConfig } from 'drizzle-orm/pg-core';
import { collections } from '../collections/index.js';
import { id, instant, integer, text } from '../db/columns.js';
import { ACCOUNT, defineView } from './view.js';

// All of them less the deleted ones: the primary key and a small partial index answer that, the rows are not read.
const counts = collections.map(({ pgTable, name }) => {
  const table = `hive.${getTableConfig(pgTable).name}`;
  return `select '${name}' as collection, (select count(*) from ${table} t where t.account = a.account)
      - (select count(*) from ${table} t where t.account = a.account and t._deleted_at is not null) as rows`;
});

export const freshness = defineView({
  name: 'freshness',
  comment:
    'Whether the tables are complete and fresh: one row per account and collection, also for collections that are empty. Deleted records are not counted.',
  columns: {
    account: text(ACCOUNT, { personal: false }),
    collection: text('Name of the collection, which is also its table.', { personal: false }),
    rows: id('Records in the table that are not deleted.'),
    api_count: integer(
      "The API's own count when the whole collection was last read; null when it never was, or when the API gave none.",
    ),
    certified_up_to: instant(
      'Every record created up to then is in the table, proved by a certificate; null when nothing is certified yet.',
    ),
    last_run_id: id('The last run that ended and read this collection: sync.runs.id; null when there was none.'),
    last_run_state: text('How that run ended; null when there was none.', {
      values: {
        complete: 'all that it had to read is certified',
        incomplete: 'something is uncertified, or there are new dead letters',
        failed: 'it could not go on',
      },
    }),
    last_run_at: instant('When that run ended; null when there was none.'),
    open_dead_letters: integer('Records, pages and deliveries of this collection that could not be taken in.'),
  },
  query: `
select a.account, c.collection, c.rows,
  (select w.last_item_count from sync.windows w
    where w.account = a.account and w.collection = c.collection and w.from_at is null
      and (w.kind = 'whole' or w.to_at is null) and w.last_item_count is not null
    order by w.id desc limit 1) as api_count,
  (select max(coalesce(w.to_at, w.started_at)) from sync.windows w
    where w.account = a.account and w.collection = c.collection and w.state = 'certified'
      and w.kind in ('whole', 'head')) as certified_up_to,
  r.id as last_run_id, r.state as last_run_state, r.finished_at as last_run_at,
  (select count(*)::int from sync.dead_letters d
    where d.account = a.account and d.collection = c.collection and d.resolved_at is null) as open_dead_letters
from (select distinct account from sync.runs) a
cross join lateral (
    ${counts.join('\n    union all\n    ')}
  ) c
left join lateral (
    select id, state, finished_at from sync.runs r
    where r.account = a.account and c.collection = any(r.collections) and r.finished_at is not null
    order by r.id desc limit 1
  ) r on true`,
});
