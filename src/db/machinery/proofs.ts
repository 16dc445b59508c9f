// What is proved of each collection, and as of when: the one place that says which windows are a proof. Views, status,
// page, metrics and the plan of the next run read it from here.
import { sql } from 'drizzle-orm';
import { bigint, integer, text } from 'drizzle-orm/pg-core';
import { describeRelation } from '../described.js';
import { ACCOUNT, at, COLLECTION, syncSchema } from './schema.js';

/** Every way of naming a window that proves something begins with this. */
const PROOF = "w.account = c.account and w.collection = c.collection and w.state = 'certified' and w.as_of is not null";

export const proofs = describeRelation(
  syncSchema
    .view('proofs', {
      account: text(),
      collection: text(),
      whole_as_of: at(),
      whole_run_id: bigint({ mode: 'number' }),
      new_up_to: at(),
      open_up_to: at(),
      api_count: integer(),
      api_count_at: at(),
      own_count: integer(),
    })
    .as(
      sql.raw(
        `
select c.account, c.collection, whole.as_of as whole_as_of, whole.run_id as whole_run_id,
  (select max(w.as_of) from sync.windows w where ${PROOF} and w.kind in ('whole', 'head')) as new_up_to,
  (select max(w.as_of) from sync.windows w join sync.runs r on r.id = w.run_id
    where ${PROOF} and w.kind in ('whole', 'head') and (w.kind = 'whole' or r.state in ('complete', 'incomplete')
      and not exists (select from sync.windows o where o.run_id = w.run_id and o.collection = w.collection
        and o.state not in ('certified', 'done', 'split'))
      and not exists (select from sync.lookups l where l.run_id = w.run_id and l.collection = w.collection
        and l.state = 'failed'))) as open_up_to,
  counted.last_item_count as api_count, counted.counted_at as api_count_at, counted.own_count
from (select distinct account, collection from sync.windows) c
left join lateral (
  select w.as_of, w.run_id from sync.windows w where ${PROOF} and w.kind = 'whole' order by w.as_of desc limit 1
) whole on true
left join lateral (
  select w.last_item_count, w.counted_at, w.own_count from sync.windows w
  where w.account = c.account and w.collection = c.collection and w.from_at is null and w.last_item_count is not null
    and (w.kind = 'whole' or w.to_at is null) and w.kind in ('whole', 'head', 'counted')
    and w.finished_at is not null
  order by w.counted_at desc nulls last, w.id desc limit 1
) counted on true`.trim(),
      ),
    ),
  {
    relation: 'One row per account and collection that was ever read: what is proved of it, and as of when.',
    columns: {
      account: ACCOUNT,
      collection: COLLECTION,
      whole_as_of:
        'The last proof over the whole list: what existed then is in the table, deletions and back-dated records included. Null = never.',
      whole_run_id: 'The run that proved that: sync.runs.id.',
      new_up_to:
        'Records that were new then are in the table; of older ones whole_as_of tells. Never earlier than whole_as_of; null = never.',
      open_up_to:
        'Open records are as they were then, or newer: the last run that looked at all of them. Null = never.',
      api_count: "The API's own count of the whole list when it last said one; null = it never did.",
      api_count_at: 'Start of the request whose answer said api_count.',
      own_count:
        'Our own count when the two were compared: rows that are not deleted, and records that are open dead letters. Null = not compared.',
    },
  },
);
