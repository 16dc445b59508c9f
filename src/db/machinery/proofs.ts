// What is proved of each collection, and as of when: the one place that says which windows are a proof. Views, status,
// page, metrics and the plan of the next run read it from here.
import { sql } from 'drizzle-orm';
import { bigint, integer, text } from 'drizzle-orm/pg-core';
import { describeRelation } from '../described.js';
import { COUNTS_ALL } from './ledger.js';
import { ACCOUNT, at, COLLECTION, syncSchema } from './schema.js';

/** So many windows of one collection may be open at once; the one that ended last need not have counted last. */
const ENDED_TOGETHER = 8;

/** Every way of naming a window that proves something begins with this. */
const PROOF = "w.account = c.account and w.collection = c.collection and w.state = 'certified' and w.as_of is not null";

/** A whole list that left rows of which nobody knows whether they are gone proves nothing about deletions. */
const GONE_IS_SETTLED = `w.reason is null and not exists (select from sync.lookups l where l.run_id = w.run_id
      and l.collection = w.collection and l.reason = 'suspect' and (l.state <> 'done' or l.outcome = 'unconfirmed'))`;

/** Where a run has read the whole list, that list tells of the open records, and the head above it of new ones only. */
const ALL_OPEN_SEEN = `r.state in ('complete', 'incomplete')
      and not exists (select from sync.windows o where o.run_id = w.run_id and o.collection = w.collection
        and (o.kind = 'whole' or o.state not in ('certified', 'done', 'split')))
      and not exists (select from sync.lookups l where l.run_id = w.run_id and l.collection = w.collection
        and (l.state = 'failed' or l.outcome = 'unconfirmed'))`;

/** Nor does anything while a record that it left out has not answered: it may be there all the same. */
const ALL_HAVE_ANSWERED = `not exists (select from sync.lookups l where l.run_id = w.run_id
      and l.collection = w.collection and l.reason = 'suspect' and l.state = 'waiting')`;

const newest = (kind: 'whole' | 'head') =>
  `(select max(as_of) from (select w.as_of from sync.windows w where ${PROOF} and w.kind = '${kind}'
    and ${ALL_HAVE_ANSWERED} order by w.as_of desc limit 1) as newest)`;

/**
 * Each answer is the top of an index, however many windows there are (sync.windows in ledger.ts has the indexes).
 * hive.freshness and hive.oldest_proof read this view: a migration that makes it anew has to drop them before it, and make
 * them again after it.
 */
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
      missing: integer(),
    })
    .as(
      sql.raw(
        `
with recursive known as (
  (select account, collection from sync.windows order by account, collection limit 1)
  union all
  select n.account, n.collection from known k cross join lateral (
    select w.account, w.collection from sync.windows w where (w.account, w.collection) > (k.account, k.collection)
    order by w.account, w.collection limit 1) n
)
select c.account, c.collection, whole.as_of as whole_as_of, whole.run_id as whole_run_id,
  greatest(${newest('whole')}, ${newest('head')}) as new_up_to,
  coalesce((select w.as_of from sync.windows w join sync.runs r on r.id = w.run_id
    where ${PROOF} and w.kind = 'head' and (whole.as_of is null or w.as_of > whole.as_of) and ${ALL_OPEN_SEEN}
      and ${ALL_HAVE_ANSWERED}
    order by w.as_of desc limit 1), whole.as_of) as open_up_to,
  counted.last_item_count as api_count, counted.counted_at as api_count_at, counted.own_count,
  counted.last_item_count - counted.own_count as missing
from known c
left join lateral (
  select w.as_of, w.run_id from sync.windows w where ${PROOF} and w.kind = 'whole' and ${GONE_IS_SETTLED}
  order by w.as_of desc limit 1
) whole on true
left join lateral (
  select * from (
    select w.id, w.last_item_count, w.counted_at, w.own_count from sync.windows w
    where w.account = c.account and w.collection = c.collection and ${COUNTS_ALL}
      and (w.kind = 'whole' or w.to_at is null)
    order by w.finished_at desc limit ${ENDED_TOGETHER}
  ) last order by last.counted_at desc nulls last, last.id desc limit 1
) counted on true`.trim(),
      ),
    ),
  {
    relation: 'One row per account and collection that was ever read: what is proved of it, and as of when.',
    columns: {
      account: ACCOUNT,
      collection: COLLECTION,
      whole_as_of:
        'The last proof over the whole list: what existed then is in the table or an open dead letter, back-dated records too, and what was gone then is marked as deleted. A list that left rows which nothing confirms as gone is not it. Null = never.',
      whole_run_id: 'The run that proved that: sync.runs.id.',
      new_up_to:
        'Records that were new then are in the table; of older ones whole_as_of tells. Never earlier than whole_as_of; null = never.',
      open_up_to:
        'Open records are as they were then, or newer: the last run that looked at all of them. Null = never.',
      api_count: "The API's own count of the whole list when it last said one; null = it never did.",
      api_count_at: 'Start of the request whose answer said api_count.',
      own_count:
        'Our own count when the two were compared: rows that are not deleted, and records that are open dead letters. Null = not compared.',
      missing:
        'api_count less own_count: so many records are missing, or too many when it is negative. Null = not compared.',
    },
  },
);
