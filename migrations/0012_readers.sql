DROP VIEW "hive"."freshness";--> statement-breakpoint
DROP VIEW "sync"."proofs";--> statement-breakpoint
CREATE VIEW "sync"."proofs" AS (with recursive known as (
  (select account, collection from sync.windows order by account, collection limit 1)
  union all
  select n.account, n.collection from known k cross join lateral (
    select w.account, w.collection from sync.windows w where (w.account, w.collection) > (k.account, k.collection)
    order by w.account, w.collection limit 1) n
)
select c.account, c.collection, whole.as_of as whole_as_of, whole.run_id as whole_run_id,
  greatest((select max(w.as_of) from sync.windows w where w.account = c.account and w.collection = c.collection and w.state = 'certified' and w.as_of is not null and w.kind = 'whole'), (select max(w.as_of) from sync.windows w where w.account = c.account and w.collection = c.collection and w.state = 'certified' and w.as_of is not null and w.kind = 'head')) as new_up_to,
  coalesce((select w.as_of from sync.windows w join sync.runs r on r.id = w.run_id
    where w.account = c.account and w.collection = c.collection and w.state = 'certified' and w.as_of is not null and w.kind = 'head' and (whole.as_of is null or w.as_of > whole.as_of) and r.state in ('complete', 'incomplete')
      and not exists (select from sync.windows o where o.run_id = w.run_id and o.collection = w.collection
        and o.state not in ('certified', 'done', 'split'))
      and not exists (select from sync.lookups l where l.run_id = w.run_id and l.collection = w.collection
        and l.state = 'failed')
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
) counted on true);--> statement-breakpoint
CREATE INDEX "runs_ended" ON "sync"."runs" USING btree ("account","finished_at") WHERE mode in ('full', 'incremental') and finished_at is not null;--> statement-breakpoint
CREATE INDEX "runs_complete" ON "sync"."runs" USING btree ("account","mode","finished_at") WHERE state = 'complete';--> statement-breakpoint
CREATE INDEX "windows_proofs" ON "sync"."windows" USING btree ("account","collection","kind","as_of") WHERE state = 'certified' and as_of is not null;--> statement-breakpoint
CREATE INDEX "windows_counts" ON "sync"."windows" USING btree ("account","collection","finished_at") WHERE from_at is null and kind in ('whole', 'head', 'counted') and finished_at is not null and last_item_count is not null;--> statement-breakpoint
CREATE INDEX "lookups_unsettled" ON "sync"."lookups" USING btree ("run_id","collection") WHERE state <> 'done' or outcome = 'unconfirmed';--> statement-breakpoint
CREATE VIEW "hive"."oldest_proof" AS (select (array_agg(f.account order by f.certified_up_to nulls first, f.account, f.collection))[1] as account, (array_agg(f.collection order by f.certified_up_to nulls first, f.account, f.collection))[1] as collection,
  case when count(*) = count(f.certified_up_to) then min(f.certified_up_to) end as certified_up_to,
  case when count(*) = count(f.new_records_up_to) then min(f.new_records_up_to) end as new_records_up_to,
  case when count(*) = count(f.open_records_up_to) then min(f.open_records_up_to) end as open_records_up_to,
  case when count(*) = count(f.last_success_at) then min(f.last_success_at) end as last_success_at,
  count(*) filter (where f.missing <> 0) as collections_that_differ,
  coalesce(sum(f.open_dead_letters), 0)::bigint as open_dead_letters,
  coalesce(sum(f.rows_with_lost_values), 0)::bigint as rows_with_lost_values
from (
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
  case c.collection when 'warehouses' then (select count(*) from hive.warehouses t where t.account = a.account)
      - (select count(*) from hive.warehouses t where t.account = a.account and t._deleted_at is not null)
    when 'skus' then (select count(*) from hive.skus t where t.account = a.account)
      - (select count(*) from hive.skus t where t.account = a.account and t._deleted_at is not null)
    when 'orders' then (select count(*) from hive.orders t where t.account = a.account)
      - (select count(*) from hive.orders t where t.account = a.account and t._deleted_at is not null)
    when 'shipments' then (select count(*) from hive.shipments t where t.account = a.account)
      - (select count(*) from hive.shipments t where t.account = a.account and t._deleted_at is not null)
    when 'returns' then (select count(*) from hive.returns t where t.account = a.account)
      - (select count(*) from hive.returns t where t.account = a.account and t._deleted_at is not null)
    when 'restocking_shipments' then (select count(*) from hive.restocking_shipments t where t.account = a.account)
      - (select count(*) from hive.restocking_shipments t where t.account = a.account and t._deleted_at is not null) end as rows,
  case c.collection when 'warehouses' then (select count(*) from hive.warehouses t where t.account = a.account and t._lost is not null and t._deleted_at is null)
    when 'skus' then (select count(*) from hive.skus t where t.account = a.account and t._lost is not null and t._deleted_at is null)
    when 'orders' then (select count(*) from hive.orders t where t.account = a.account and t._lost is not null and t._deleted_at is null)
    when 'shipments' then (select count(*) from hive.shipments t where t.account = a.account and t._lost is not null and t._deleted_at is null)
    when 'returns' then (select count(*) from hive.returns t where t.account = a.account and t._lost is not null and t._deleted_at is null)
    when 'restocking_shipments' then (select count(*) from hive.restocking_shipments t where t.account = a.account and t._lost is not null and t._deleted_at is null) end as rows_with_lost_values,
  p.api_count, p.api_count_at, p.own_count, p.missing,
  p.whole_as_of as certified_up_to, p.new_up_to as new_records_up_to, p.open_up_to as open_records_up_to,
  success.finished_at as last_success_at, success.id as last_success_run_id,
  attempt.finished_at as last_attempt_at, attempt.id as last_attempt_run_id, attempt.state as last_attempt_state,
  (select count(*)::int from sync.dead_letters d
    where d.account = a.account and d.collection = c.collection and d.resolved_at is null) as open_dead_letters
from (select account from accounts where account <> '') a
cross join unnest(array['warehouses', 'skus', 'orders', 'shipments', 'returns', 'restocking_shipments']) as c (collection)
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
) attempt on true) f);--> statement-breakpoint
CREATE VIEW "hive"."freshness" AS (with recursive accounts as (
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
  case c.collection when 'warehouses' then (select count(*) from hive.warehouses t where t.account = a.account)
      - (select count(*) from hive.warehouses t where t.account = a.account and t._deleted_at is not null)
    when 'skus' then (select count(*) from hive.skus t where t.account = a.account)
      - (select count(*) from hive.skus t where t.account = a.account and t._deleted_at is not null)
    when 'orders' then (select count(*) from hive.orders t where t.account = a.account)
      - (select count(*) from hive.orders t where t.account = a.account and t._deleted_at is not null)
    when 'shipments' then (select count(*) from hive.shipments t where t.account = a.account)
      - (select count(*) from hive.shipments t where t.account = a.account and t._deleted_at is not null)
    when 'returns' then (select count(*) from hive.returns t where t.account = a.account)
      - (select count(*) from hive.returns t where t.account = a.account and t._deleted_at is not null)
    when 'restocking_shipments' then (select count(*) from hive.restocking_shipments t where t.account = a.account)
      - (select count(*) from hive.restocking_shipments t where t.account = a.account and t._deleted_at is not null) end as rows,
  case c.collection when 'warehouses' then (select count(*) from hive.warehouses t where t.account = a.account and t._lost is not null and t._deleted_at is null)
    when 'skus' then (select count(*) from hive.skus t where t.account = a.account and t._lost is not null and t._deleted_at is null)
    when 'orders' then (select count(*) from hive.orders t where t.account = a.account and t._lost is not null and t._deleted_at is null)
    when 'shipments' then (select count(*) from hive.shipments t where t.account = a.account and t._lost is not null and t._deleted_at is null)
    when 'returns' then (select count(*) from hive.returns t where t.account = a.account and t._lost is not null and t._deleted_at is null)
    when 'restocking_shipments' then (select count(*) from hive.restocking_shipments t where t.account = a.account and t._lost is not null and t._deleted_at is null) end as rows_with_lost_values,
  p.api_count, p.api_count_at, p.own_count, p.missing,
  p.whole_as_of as certified_up_to, p.new_up_to as new_records_up_to, p.open_up_to as open_records_up_to,
  success.finished_at as last_success_at, success.id as last_success_run_id,
  attempt.finished_at as last_attempt_at, attempt.id as last_attempt_run_id, attempt.state as last_attempt_state,
  (select count(*)::int from sync.dead_letters d
    where d.account = a.account and d.collection = c.collection and d.resolved_at is null) as open_dead_letters
from (select account from accounts where account <> '') a
cross join unnest(array['warehouses', 'skus', 'orders', 'shipments', 'returns', 'restocking_shipments']) as c (collection)
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
) attempt on true);
