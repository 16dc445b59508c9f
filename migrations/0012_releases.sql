CREATE TABLE "sync"."readers" (
	"role" text PRIMARY KEY NOT NULL,
	"access" text NOT NULL,
	"granted_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "sync"."installation" ADD COLUMN "place" text;--> statement-breakpoint
-- Roles that were given rights before this table was there. They are found by their right to use the schema.
INSERT INTO "sync"."readers" ("role", "access")
SELECT r.rolname, min(CASE n.nspname WHEN 'hive' THEN 'whole' ELSE 'masked' END)
FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) a JOIN pg_roles r ON r.oid = a.grantee
WHERE n.nspname IN ('hive', 'hive_masked') AND a.privilege_type = 'USAGE' AND r.oid <> n.nspowner
GROUP BY r.rolname HAVING count(DISTINCT n.nspname) = 1;--> statement-breakpoint
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
