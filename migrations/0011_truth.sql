ALTER TABLE "sync"."pages" ADD COLUMN "answered_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "sync"."pages" ADD COLUMN "api_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "sync"."pages" ADD COLUMN "losses" jsonb;--> statement-breakpoint
ALTER TABLE "sync"."windows" ADD COLUMN "end_below" integer;--> statement-breakpoint
ALTER TABLE "sync"."windows" ADD COLUMN "counted_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "sync"."windows" ADD COLUMN "own_count" integer;--> statement-breakpoint
ALTER TABLE "sync"."windows" ADD COLUMN "last_answered_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "sync"."windows" ADD COLUMN "as_of" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "sync"."lookups" ADD COLUMN "losses" jsonb;--> statement-breakpoint
ALTER TABLE "hive"."orders" ADD COLUMN "_lost" text[];--> statement-breakpoint
ALTER TABLE "hive"."restocking_shipments" ADD COLUMN "_lost" text[];--> statement-breakpoint
ALTER TABLE "hive"."returns" ADD COLUMN "_lost" text[];--> statement-breakpoint
ALTER TABLE "hive"."shipments" ADD COLUMN "_lost" text[];--> statement-breakpoint
ALTER TABLE "hive"."skus" ADD COLUMN "_lost" text[];--> statement-breakpoint
ALTER TABLE "hive"."warehouses" ADD COLUMN "_lost" text[];--> statement-breakpoint
CREATE INDEX "pages_window_id_requested_at_index" ON "sync"."pages" USING btree ("window_id","requested_at");--> statement-breakpoint
-- What older releases proved, as of the earliest request of it.
UPDATE "sync"."windows" w SET as_of = coalesce((
    SELECT least(w.to_at, min(p.requested_at)) FROM "sync"."pages" p
    WHERE p.window_id = w.id AND p.pass >= w.base_pass AND p.state = 'read'), w.to_at, w.started_at)
  WHERE w.state = 'certified';--> statement-breakpoint
UPDATE "sync"."windows" w SET counted_at = coalesce(w.started_at, w.finished_at)
  WHERE w.last_item_count IS NOT NULL;--> statement-breakpoint
CREATE INDEX "orders_account_id" ON "hive"."orders" USING btree ("account","id") WHERE _lost is not null;--> statement-breakpoint
CREATE INDEX "restocking_shipments_account_id" ON "hive"."restocking_shipments" USING btree ("account","id") WHERE _lost is not null;--> statement-breakpoint
CREATE INDEX "returns_account_id" ON "hive"."returns" USING btree ("account","id") WHERE _lost is not null;--> statement-breakpoint
CREATE INDEX "shipments_account_id" ON "hive"."shipments" USING btree ("account","id") WHERE _lost is not null;--> statement-breakpoint
CREATE INDEX "skus_account_id" ON "hive"."skus" USING btree ("account","id") WHERE _lost is not null;--> statement-breakpoint
CREATE INDEX "warehouses_account_id" ON "hive"."warehouses" USING btree ("account","id") WHERE _lost is not null;--> statement-breakpoint
CREATE VIEW "sync"."proofs" AS (select c.account, c.collection, whole.as_of as whole_as_of, whole.run_id as whole_run_id,
  (select max(w.as_of) from sync.windows w where w.account = c.account and w.collection = c.collection and w.state = 'certified' and w.as_of is not null and w.kind in ('whole', 'head')) as new_up_to,
  (select max(w.as_of) from sync.windows w join sync.runs r on r.id = w.run_id
    where w.account = c.account and w.collection = c.collection and w.state = 'certified' and w.as_of is not null and w.kind in ('whole', 'head') and (w.kind = 'whole' or r.state in ('complete', 'incomplete')
      and not exists (select from sync.windows o where o.run_id = w.run_id and o.collection = w.collection
        and o.state not in ('certified', 'done', 'split'))
      and not exists (select from sync.lookups l where l.run_id = w.run_id and l.collection = w.collection
        and l.state = 'failed'))) as open_up_to,
  counted.last_item_count as api_count, counted.counted_at as api_count_at, counted.own_count
from (select distinct account, collection from sync.windows) c
left join lateral (
  select w.as_of, w.run_id from sync.windows w where w.account = c.account and w.collection = c.collection and w.state = 'certified' and w.as_of is not null and w.kind = 'whole' order by w.as_of desc limit 1
) whole on true
left join lateral (
  select w.last_item_count, w.counted_at, w.own_count from sync.windows w
  where w.account = c.account and w.collection = c.collection and w.from_at is null and w.last_item_count is not null
    and (w.kind = 'whole' or w.to_at is null) and w.kind in ('whole', 'head', 'counted')
    and w.finished_at is not null
  order by w.counted_at desc nulls last, w.id desc limit 1
) counted on true);