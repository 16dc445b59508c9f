CREATE TABLE "sync"."carrier_performance" (
	"account" text,
	"carrier" text,
	"week" date,
	"shipments" integer,
	"delivered" integer,
	"delivered_share" double precision,
	"median_hours" double precision,
	"p90_hours" double precision,
	"returned_to_sender" integer,
	"action_required" integer
);
--> statement-breakpoint
CREATE TABLE "sync"."carrier_performance_touched" (
	"account" text,
	"week" date
);
--> statement-breakpoint
CREATE TABLE "sync"."order_fulfilment" (
	"account" text,
	"order_id" bigint,
	"merchant_order_id" text,
	"status" text,
	"created_at" timestamp (3) with time zone,
	"first_shipped_at" timestamp (3) with time zone,
	"delivered_at" timestamp (3) with time zone,
	"hours_to_ship" double precision,
	"hours_in_transit" double precision,
	"hours_to_deliver" double precision,
	"shipments" integer,
	"is_split" boolean,
	"carrier" text,
	"is_open" boolean
);
--> statement-breakpoint
CREATE TABLE "sync"."order_fulfilment_touched" (
	"account" text,
	"order_id" bigint
);
--> statement-breakpoint
CREATE TABLE "sync"."sku_sales" (
	"account" text,
	"day" date,
	"sku_id" bigint,
	"merchant_sku_id" text,
	"currency" text,
	"orders" integer,
	"units" integer,
	"revenue_in_cents" bigint,
	"net_revenue_in_cents" bigint
);
--> statement-breakpoint
CREATE TABLE "sync"."sku_sales_touched" (
	"account" text,
	"day" date
);
--> statement-breakpoint
DROP VIEW "hive"."carrier_performance";--> statement-breakpoint
DROP VIEW "hive"."order_fulfilment";--> statement-breakpoint
DROP VIEW "hive"."return_rates";--> statement-breakpoint
DROP VIEW "hive"."sku_sales";--> statement-breakpoint
CREATE INDEX "carrier_performance_account_week" ON "sync"."carrier_performance" USING btree ("account","week");--> statement-breakpoint
CREATE INDEX "order_fulfilment_account_order_id" ON "sync"."order_fulfilment" USING btree ("account","order_id");--> statement-breakpoint
CREATE INDEX "order_fulfilment_created_at" ON "sync"."order_fulfilment" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "order_fulfilment_merchant_order_id" ON "sync"."order_fulfilment" USING btree ("merchant_order_id");--> statement-breakpoint
CREATE INDEX "sku_sales_account_day" ON "sync"."sku_sales" USING btree ("account","day");--> statement-breakpoint
CREATE VIEW "hive"."carrier_performance" AS (select account, carrier, week, shipments, delivered, delivered_share, median_hours, p90_hours, returned_to_sender, action_required from sync.carrier_performance s
where not exists (select from sync.carrier_performance_touched t where t.account = s.account and t.week = s.week)
union all
select account, carrier, week, count(*)::int as shipments, count(delivered_at)::int as delivered,
  round(count(delivered_at)::numeric / count(*), 3)::float8 as delivered_share,
  round((percentile_cont(0.5) within group (order by hours))::numeric, 1)::float8 as median_hours,
  round((percentile_cont(0.9) within group (order by hours))::numeric, 1)::float8 as p90_hours,
  count(*) filter (where delivery_status = 'Returned to sender')::int as returned_to_sender,
  count(*) filter (where delivery_status = 'Action required')::int as action_required
from (
  select t.account, s.carrier, t.week, s.delivered_at, s.delivery_status, s.hours
  from (
    select account, week, (select timezone from sync.installation) as zone from (select distinct account, week from sync.carrier_performance_touched) k offset 0
  ) t
  cross join lateral (
    select coalesce(nullif(s.shipment_provider, ''), 'unknown') as carrier, s.delivered_at, s.delivery_status,
      extract(epoch from s.delivered_at - s.shipped_at)::float8 / 3600 as hours
    from hive.shipments s
    where s.account = t.account
      and s.shipped_at >= (t.week::timestamp at time zone t.zone) - interval '3 hours'
      and s.shipped_at < ((t.week + 7)::timestamp at time zone t.zone) + interval '3 hours'
      and date_trunc('week', s.shipped_at at time zone t.zone)::date = t.week
      and s._deleted_at is null and s.status is distinct from 'cancelled' offset 0
  ) s
) shipped
group by account, carrier, week);--> statement-breakpoint
CREATE VIEW "hive"."order_fulfilment" AS (select account, order_id, merchant_order_id, status, created_at, first_shipped_at, delivered_at, hours_to_ship, hours_in_transit, hours_to_deliver, shipments, is_split, carrier, is_open from sync.order_fulfilment s
where not exists (select from sync.order_fulfilment_touched t where t.account = s.account and t.order_id = s.order_id)
union all
select o.account, o.id as order_id, o.merchant_order_id, o.status, o.created_at, s.first_shipped_at, s.delivered_at,
  round((extract(epoch from s.first_shipped_at - o.created_at) / 3600)::numeric, 1)::float8 as hours_to_ship,
  round((extract(epoch from s.delivered_at - s.first_shipped_at) / 3600)::numeric, 1)::float8 as hours_in_transit,
  round((extract(epoch from s.delivered_at - o.created_at) / 3600)::numeric, 1)::float8 as hours_to_deliver,
  s.shipments, s.shipments > 1 as is_split, s.carrier,
  coalesce(o.status = 'fulfillable', false) or s.is_open as is_open
from (select distinct account, order_id from sync.order_fulfilment_touched) t
cross join lateral (
  select o.account, o.id, o.merchant_order_id, o.status, o.created_at from hive.orders o
  where o.account = t.account and o.id = t.order_id and o._deleted_at is null offset 0
) o
cross join lateral (
  select count(*)::int as shipments, min(shipped_at) as first_shipped_at,
    case when count(*) = count(delivered_at) then max(delivered_at) end as delivered_at,
    string_agg(distinct shipment_provider, ', ') as carrier,
    coalesce(bool_or(coalesce(delivery_status not in ('Delivered', 'Returned to sender'), true)), false) as is_open
  from hive.shipments s
  where s.account = o.account and s.order_id = o.id and s._deleted_at is null and s.status is distinct from 'cancelled'
) s);--> statement-breakpoint
CREATE VIEW "hive"."return_rates" AS (select r.account, r.sku_id, s.merchant_sku_id, s.name as sku, r.reason, r.returns, r.units_announced, r.units_returned,
  coalesce(sold.units, 0) as units_sold, round(r.units_returned::numeric / nullif(sold.units, 0), 4)::float8 as return_rate
from (
  select r.account, p.sku_id,
    coalesce(nullif(p.reason, ''), nullif(r.return_reason, ''), 'unknown') as reason, count(distinct r.id)::int as returns,
    coalesce(sum(p.announced), 0)::int as units_announced, coalesce(sum(p.handled), 0)::int as units_returned
  from hive.returns r
  join (
    select account, return_id, sku_id, customer_return_reason as reason, quantity as announced, 0 as handled
    from hive.return_items
    union all
    select l.account, l.return_id, l.sku_id, i.customer_return_reason, 0, l.quantity
    from hive.return_line_items l
    left join hive.return_items i on i.account = l.account and i.return_id = l.return_id and i.id = l.return_item_id
  ) p on p.account = r.account and p.return_id = r.id
  where r._deleted_at is null
  group by r.account, p.sku_id, coalesce(nullif(p.reason, ''), nullif(r.return_reason, ''), 'unknown')
) r
left join hive.skus s on s.account = r.account and s.id = r.sku_id
left join (
  select account, sku_id, sum(units)::int as units from (
select account, day, sku_id, merchant_sku_id, currency, orders, units, revenue_in_cents, net_revenue_in_cents from sync.sku_sales s
where not exists (select from sync.sku_sales_touched t where t.account = s.account and t.day = s.day)
union all
select t.account, t.day, i.sku_id, i.merchant_sku_id, o.currency, count(distinct o.id)::int as orders,
  sum(i.quantity)::int as units,
  sum(i.quantity * i.price_per_unit_in_cents_with_discount)::bigint as revenue_in_cents,
  round(sum(i.quantity * i.price_per_unit_in_cents_with_discount
    * coalesce(o.total_net_revenue_in_cents::float8
      / nullif(o.total_net_revenue_in_cents + o.total_tax_in_cents, 0), 1)))::bigint as net_revenue_in_cents
from (
  select account, day, (select timezone from sync.installation) as zone from (select distinct account, day from sync.sku_sales_touched) k offset 0
) t
cross join lateral (
  select o.account, o.id, o.currency, o.total_net_revenue_in_cents, o.total_tax_in_cents from hive.orders o
  where o.account = t.account
    and o.created_at >= (t.day::timestamp at time zone t.zone) - interval '3 hours'
    and o.created_at < ((t.day + 1)::timestamp at time zone t.zone) + interval '3 hours'
    and (o.created_at at time zone t.zone)::date = t.day
    and o._deleted_at is null and o.status is distinct from 'unfulfillable' offset 0
) o
cross join lateral (
  select i.sku_id, i.merchant_sku_id, i.quantity, i.price_per_unit_in_cents_with_discount from hive.order_items i
  where i.account = o.account and i.order_id = o.id offset 0
) i
group by t.account, t.day, i.sku_id, i.merchant_sku_id, o.currency
  ) sales group by account, sku_id
) sold on sold.account = r.account and sold.sku_id = r.sku_id);--> statement-breakpoint
CREATE VIEW "hive"."sku_sales" AS (select d.*, s.name as sku
from (
select account, day, sku_id, merchant_sku_id, currency, orders, units, revenue_in_cents, net_revenue_in_cents from sync.sku_sales s
where not exists (select from sync.sku_sales_touched t where t.account = s.account and t.day = s.day)
union all
select t.account, t.day, i.sku_id, i.merchant_sku_id, o.currency, count(distinct o.id)::int as orders,
  sum(i.quantity)::int as units,
  sum(i.quantity * i.price_per_unit_in_cents_with_discount)::bigint as revenue_in_cents,
  round(sum(i.quantity * i.price_per_unit_in_cents_with_discount
    * coalesce(o.total_net_revenue_in_cents::float8
      / nullif(o.total_net_revenue_in_cents + o.total_tax_in_cents, 0), 1)))::bigint as net_revenue_in_cents
from (
  select account, day, (select timezone from sync.installation) as zone from (select distinct account, day from sync.sku_sales_touched) k offset 0
) t
cross join lateral (
  select o.account, o.id, o.currency, o.total_net_revenue_in_cents, o.total_tax_in_cents from hive.orders o
  where o.account = t.account
    and o.created_at >= (t.day::timestamp at time zone t.zone) - interval '3 hours'
    and o.created_at < ((t.day + 1)::timestamp at time zone t.zone) + interval '3 hours'
    and (o.created_at at time zone t.zone)::date = t.day
    and o._deleted_at is null and o.status is distinct from 'unfulfillable' offset 0
) o
cross join lateral (
  select i.sku_id, i.merchant_sku_id, i.quantity, i.price_per_unit_in_cents_with_discount from hive.order_items i
  where i.account = o.account and i.order_id = o.id offset 0
) i
group by t.account, t.day, i.sku_id, i.merchant_sku_id, o.currency
) d
left join hive.skus s on s.account = d.account and s.id = d.sku_id);--> statement-breakpoint
-- Rollups: whoever changes a row touches the keys that it is counted under, in the same transaction. Keys are only ever
-- added here, so writers never wait for each other; sumUp() takes them away.
CREATE FUNCTION sync.touch_orders() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE zone text := (SELECT timezone FROM sync.installation);
BEGIN
	IF TG_OP <> 'DELETE' THEN
		INSERT INTO sync.order_fulfilment_touched (account, order_id) SELECT account, id FROM new_rows;
		INSERT INTO sync.sku_sales_touched (account, day)
		SELECT DISTINCT account, (created_at AT TIME ZONE zone)::date FROM new_rows WHERE created_at IS NOT NULL;
	END IF;
	IF TG_OP = 'DELETE' THEN
		INSERT INTO sync.order_fulfilment_touched (account, order_id) SELECT account, id FROM old_rows;
	END IF;
	IF TG_OP <> 'INSERT' THEN
		INSERT INTO sync.sku_sales_touched (account, day)
		SELECT DISTINCT account, (created_at AT TIME ZONE zone)::date FROM old_rows WHERE created_at IS NOT NULL;
	END IF;
	RETURN NULL;
END $$;--> statement-breakpoint
CREATE FUNCTION sync.touch_order_items() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE zone text := (SELECT timezone FROM sync.installation);
BEGIN
	IF TG_OP <> 'DELETE' THEN
		INSERT INTO sync.sku_sales_touched (account, day)
		SELECT DISTINCT o.account, (o.created_at AT TIME ZONE zone)::date
		FROM (SELECT DISTINCT account, order_id FROM new_rows) i
		JOIN hive.orders o ON o.account = i.account AND o.id = i.order_id WHERE o.created_at IS NOT NULL;
	END IF;
	IF TG_OP <> 'INSERT' THEN
		INSERT INTO sync.sku_sales_touched (account, day)
		SELECT DISTINCT o.account, (o.created_at AT TIME ZONE zone)::date
		FROM (SELECT DISTINCT account, order_id FROM old_rows) i
		JOIN hive.orders o ON o.account = i.account AND o.id = i.order_id WHERE o.created_at IS NOT NULL;
	END IF;
	RETURN NULL;
END $$;--> statement-breakpoint
CREATE FUNCTION sync.touch_shipments() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE zone text := (SELECT timezone FROM sync.installation);
BEGIN
	IF TG_OP <> 'DELETE' THEN
		INSERT INTO sync.order_fulfilment_touched (account, order_id)
		SELECT DISTINCT account, order_id FROM new_rows WHERE order_id IS NOT NULL;
		INSERT INTO sync.carrier_performance_touched (account, week)
		SELECT DISTINCT account, date_trunc('week', shipped_at AT TIME ZONE zone)::date FROM new_rows
		WHERE shipped_at IS NOT NULL;
	END IF;
	IF TG_OP <> 'INSERT' THEN
		INSERT INTO sync.order_fulfilment_touched (account, order_id)
		SELECT DISTINCT account, order_id FROM old_rows WHERE order_id IS NOT NULL;
		INSERT INTO sync.carrier_performance_touched (account, week)
		SELECT DISTINCT account, date_trunc('week', shipped_at AT TIME ZONE zone)::date FROM old_rows
		WHERE shipped_at IS NOT NULL;
	END IF;
	RETURN NULL;
END $$;--> statement-breakpoint
-- Other days in another time zone, or a table that was emptied: all sums go, all keys are to be counted.
CREATE FUNCTION sync.touch_all() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE zone text := (SELECT timezone FROM sync.installation);
BEGIN
	DELETE FROM sync.sku_sales;
	DELETE FROM sync.carrier_performance;
	DELETE FROM sync.order_fulfilment;
	INSERT INTO sync.sku_sales_touched (account, day)
	SELECT DISTINCT account, (created_at AT TIME ZONE zone)::date FROM hive.orders WHERE created_at IS NOT NULL;
	INSERT INTO sync.carrier_performance_touched (account, week)
	SELECT DISTINCT account, date_trunc('week', shipped_at AT TIME ZONE zone)::date FROM hive.shipments
	WHERE shipped_at IS NOT NULL;
	INSERT INTO sync.order_fulfilment_touched (account, order_id) SELECT account, id FROM hive.orders;
	RETURN NULL;
END $$;--> statement-breakpoint
CREATE TRIGGER touch_all AFTER UPDATE OF timezone ON sync.installation
FOR EACH ROW WHEN (OLD.timezone IS DISTINCT FROM NEW.timezone) EXECUTE FUNCTION sync.touch_all();--> statement-breakpoint
CREATE TRIGGER touched_by_truncate AFTER TRUNCATE ON hive.orders
FOR EACH STATEMENT EXECUTE FUNCTION sync.touch_all();--> statement-breakpoint
CREATE TRIGGER touched_by_truncate AFTER TRUNCATE ON hive.order_items
FOR EACH STATEMENT EXECUTE FUNCTION sync.touch_all();--> statement-breakpoint
CREATE TRIGGER touched_by_truncate AFTER TRUNCATE ON hive.shipments
FOR EACH STATEMENT EXECUTE FUNCTION sync.touch_all();--> statement-breakpoint
CREATE TRIGGER touched_by_insert AFTER INSERT ON hive.orders REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION sync.touch_orders();--> statement-breakpoint
CREATE TRIGGER touched_by_update AFTER UPDATE ON hive.orders REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION sync.touch_orders();--> statement-breakpoint
CREATE TRIGGER touched_by_delete AFTER DELETE ON hive.orders REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION sync.touch_orders();--> statement-breakpoint
CREATE TRIGGER touched_by_insert AFTER INSERT ON hive.order_items REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION sync.touch_order_items();--> statement-breakpoint
CREATE TRIGGER touched_by_update AFTER UPDATE ON hive.order_items REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION sync.touch_order_items();--> statement-breakpoint
CREATE TRIGGER touched_by_delete AFTER DELETE ON hive.order_items REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION sync.touch_order_items();--> statement-breakpoint
CREATE TRIGGER touched_by_insert AFTER INSERT ON hive.shipments REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION sync.touch_shipments();--> statement-breakpoint
CREATE TRIGGER touched_by_update AFTER UPDATE ON hive.shipments REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION sync.touch_shipments();--> statement-breakpoint
CREATE TRIGGER touched_by_delete AFTER DELETE ON hive.shipments REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION sync.touch_shipments();--> statement-breakpoint
-- What was there before.
INSERT INTO sync.sku_sales_touched (account, day)
SELECT DISTINCT o.account, (o.created_at AT TIME ZONE n.timezone)::date FROM hive.orders o, sync.installation n WHERE o.created_at IS NOT NULL;--> statement-breakpoint
INSERT INTO sync.carrier_performance_touched (account, week)
SELECT DISTINCT s.account, date_trunc('week', s.shipped_at AT TIME ZONE n.timezone)::date FROM hive.shipments s, sync.installation n WHERE s.shipped_at IS NOT NULL;--> statement-breakpoint
INSERT INTO sync.order_fulfilment_touched (account, order_id) SELECT account, id FROM hive.orders;
