CREATE TABLE "hive"."status_changes" (
	"account" text NOT NULL,
	"collection" text NOT NULL,
	"record_id" bigint NOT NULL,
	"id" bigint GENERATED ALWAYS AS IDENTITY (sequence name "hive"."status_changes_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"field" text NOT NULL,
	"old" text,
	"new" text,
	"observed_at" timestamp (3) with time zone NOT NULL,
	"source" text NOT NULL,
	"run_id" bigint,
	CONSTRAINT "status_changes_account_collection_record_id_id_pk" PRIMARY KEY("account","collection","record_id","id")
);
--> statement-breakpoint
CREATE TABLE "hive"."inventory_daily" (
	"account" text NOT NULL,
	"sku_id" bigint NOT NULL,
	"warehouse_id" bigint NOT NULL,
	"day" date NOT NULL,
	"stocked" integer,
	"reserved" integer,
	"total" integer,
	CONSTRAINT "inventory_daily_account_sku_id_warehouse_id_day_pk" PRIMARY KEY("account","sku_id","warehouse_id","day")
);
--> statement-breakpoint
ALTER TABLE "sync"."installation" ADD COLUMN "timezone" text DEFAULT 'UTC' NOT NULL;--> statement-breakpoint
ALTER TABLE "sync"."installation" ADD COLUMN "history_since" timestamp (3) with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "hive"."orders" ADD COLUMN "_previous" jsonb;--> statement-breakpoint
ALTER TABLE "hive"."restocking_shipments" ADD COLUMN "_previous" jsonb;--> statement-breakpoint
ALTER TABLE "hive"."returns" ADD COLUMN "_previous" jsonb;--> statement-breakpoint
ALTER TABLE "hive"."shipments" ADD COLUMN "_previous" jsonb;--> statement-breakpoint
ALTER TABLE "hive"."skus" ADD COLUMN "_previous" jsonb;--> statement-breakpoint
ALTER TABLE "hive"."warehouses" ADD COLUMN "_previous" jsonb;--> statement-breakpoint
-- What was there before there was a history: the stock has been so since its SKU last changed.
INSERT INTO "hive"."inventory_daily" ("account", "sku_id", "warehouse_id", "day", "stocked", "reserved", "total")
SELECT DISTINCT ON (i."account", i."sku_id", i."warehouse_id")
  i."account", i."sku_id", i."warehouse_id", (s."_changed_at" AT TIME ZONE 'UTC')::date, i."stocked", i."reserved", i."total"
FROM "hive"."sku_inventory" i JOIN "hive"."skus" s ON (s."account", s."id") = (i."account", i."sku_id")
WHERE i."warehouse_id" IS NOT NULL
ORDER BY i."account", i."sku_id", i."warehouse_id", i."position" DESC;
