-- Each migration's name and the release that applied it, so that an older release can say what it does not know.
ALTER TABLE "sync"."migrations" ADD COLUMN "tag" text, ADD COLUMN "release" text;--> statement-breakpoint
-- Under a publication FOR ALL TABLES, PostgreSQL refuses to delete from a table that has neither a key nor an identity.
-- The sums and the touched keys of the rollups have none: keys are added without looking, and may stand there twice.
ALTER TABLE "sync"."order_fulfilment" REPLICA IDENTITY FULL;--> statement-breakpoint
ALTER TABLE "sync"."order_fulfilment_touched" REPLICA IDENTITY FULL;--> statement-breakpoint
ALTER TABLE "sync"."carrier_performance" REPLICA IDENTITY FULL;--> statement-breakpoint
ALTER TABLE "sync"."carrier_performance_touched" REPLICA IDENTITY FULL;--> statement-breakpoint
ALTER TABLE "sync"."sku_sales" REPLICA IDENTITY FULL;--> statement-breakpoint
ALTER TABLE "sync"."sku_sales_touched" REPLICA IDENTITY FULL;
