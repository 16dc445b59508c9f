DROP INDEX "sync"."carrier_performance_account_week";--> statement-breakpoint
DROP INDEX "sync"."order_fulfilment_account_order_id";--> statement-breakpoint
DROP INDEX "sync"."sku_sales_account_day";--> statement-breakpoint
CREATE INDEX "carrier_performance_week_account" ON "sync"."carrier_performance" USING btree ("week","account");--> statement-breakpoint
CREATE INDEX "order_fulfilment_order_id_account" ON "sync"."order_fulfilment" USING btree ("order_id","account");--> statement-breakpoint
CREATE INDEX "sku_sales_day_account" ON "sync"."sku_sales" USING btree ("day","account");