-- Functions and triggers run with the rights of whoever calls them or writes to a table, hive-sync mostly. They find what
-- they name without a schema among the built-in things only, whatever search_path their caller has.
ALTER FUNCTION sync.reserve_slot(text, integer, interval, integer, bigint[], timestamptz[]) SET search_path = pg_catalog, pg_temp;--> statement-breakpoint
ALTER FUNCTION sync.confirm_slot(text, bigint, integer, interval) SET search_path = pg_catalog, pg_temp;--> statement-breakpoint
ALTER FUNCTION sync.give_back_slot(text, bigint) SET search_path = pg_catalog, pg_temp;--> statement-breakpoint
ALTER FUNCTION sync.observe_budget(text, integer, integer, interval) SET search_path = pg_catalog, pg_temp;--> statement-breakpoint
ALTER FUNCTION sync.touch_orders() SET search_path = pg_catalog, pg_temp;--> statement-breakpoint
ALTER FUNCTION sync.touch_order_items() SET search_path = pg_catalog, pg_temp;--> statement-breakpoint
ALTER FUNCTION sync.touch_shipments() SET search_path = pg_catalog, pg_temp;--> statement-breakpoint
ALTER FUNCTION sync.touch_all() SET search_path = pg_catalog, pg_temp;
