ALTER TABLE "sync"."webhook_deliveries" ADD COLUMN "times" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "sync"."webhook_deliveries" ADD COLUMN "last_received_at" timestamp (3) with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
CREATE INDEX "webhook_deliveries_open" ON "sync"."webhook_deliveries" USING btree ("account","id") WHERE processed_at is null;--> statement-breakpoint
CREATE INDEX "webhook_deliveries_of_record" ON "sync"."webhook_deliveries" USING btree ("account","collection","record_id");--> statement-breakpoint
CREATE INDEX "webhook_deliveries_by_age" ON "sync"."webhook_deliveries" USING btree ("last_received_at");--> statement-breakpoint
ALTER TABLE "sync"."webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_once" UNIQUE("account","body_hash");