CREATE OR REPLACE VIEW "sync"."proofs" AS (with recursive known as (
  (select account, collection from sync.windows order by account, collection limit 1)
  union all
  select n.account, n.collection from known k cross join lateral (
    select w.account, w.collection from sync.windows w where (w.account, w.collection) > (k.account, k.collection)
    order by w.account, w.collection limit 1) n
)
select c.account, c.collection, whole.as_of as whole_as_of, whole.run_id as whole_run_id,
  greatest((select max(as_of) from (select w.as_of from sync.windows w where w.account = c.account and w.collection = c.collection and w.state = 'certified' and w.as_of is not null and w.kind = 'whole'
    and not exists (select from sync.lookups l where l.run_id = w.run_id
      and l.collection = w.collection and l.reason = 'suspect' and l.state = 'waiting') order by w.as_of desc limit 1) as newest), (select max(as_of) from (select w.as_of from sync.windows w where w.account = c.account and w.collection = c.collection and w.state = 'certified' and w.as_of is not null and w.kind = 'head'
    and not exists (select from sync.lookups l where l.run_id = w.run_id
      and l.collection = w.collection and l.reason = 'suspect' and l.state = 'waiting') order by w.as_of desc limit 1) as newest)) as new_up_to,
  coalesce((select w.as_of from sync.windows w join sync.runs r on r.id = w.run_id
    where w.account = c.account and w.collection = c.collection and w.state = 'certified' and w.as_of is not null and w.kind = 'head' and (whole.as_of is null or w.as_of > whole.as_of) and r.state in ('complete', 'incomplete')
      and not exists (select from sync.windows o where o.run_id = w.run_id and o.collection = w.collection
        and (o.kind = 'whole' or o.state not in ('certified', 'done', 'split')))
      and not exists (select from sync.lookups l where l.run_id = w.run_id and l.collection = w.collection
        and (l.state = 'failed' or l.outcome = 'unconfirmed'))
      and not exists (select from sync.lookups l where l.run_id = w.run_id
      and l.collection = w.collection and l.reason = 'suspect' and l.state = 'waiting')
    order by w.as_of desc limit 1), whole.as_of) as open_up_to,
  counted.last_item_count as api_count, counted.counted_at as api_count_at, counted.own_count,
  counted.last_item_count - counted.own_count as missing
from known c
left join lateral (
  select w.as_of, w.run_id from sync.windows w where w.account = c.account and w.collection = c.collection and w.state = 'certified' and w.as_of is not null and w.kind = 'whole' and w.reason is null and not exists (select from sync.lookups l where l.run_id = w.run_id
      and l.collection = w.collection and l.reason = 'suspect' and (l.state <> 'done' or l.outcome = 'unconfirmed'))
  order by w.as_of desc limit 1
) whole on true
left join lateral (
  select * from (
    select w.id, w.last_item_count, w.counted_at, w.own_count from sync.windows w
    where w.account = c.account and w.collection = c.collection and from_at is null and kind in ('whole', 'head', 'counted') and finished_at is not null and last_item_count is not null
      and (w.kind = 'whole' or w.to_at is null)
    order by w.finished_at desc limit 8
  ) last order by last.counted_at desc nulls last, last.id desc limit 1
) counted on true);