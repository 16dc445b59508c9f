CREATE VIEW "hive"."inventory_by_day" AS (select d.account, d.sku_id, d.warehouse_id, every.day::date as day, d.stocked, d.reserved, d.total,
  every.day::date = d.day as is_observed
from (
  select *, lead(day) over (partition by account, sku_id, warehouse_id order by day) as next_day from hive.inventory_daily
) d
cross join sync.installation i
cross join lateral generate_series(
  d.day::timestamp, coalesce(d.next_day - 1, greatest(d.day, (now() at time zone i.timezone)::date))::timestamp, '1 day'
) as every(day)
where d.stocked is not null or d.reserved is not null or d.total is not null);