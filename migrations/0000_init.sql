CREATE SCHEMA IF NOT EXISTS "sync";
--> statement-breakpoint
CREATE SCHEMA "hive";
--> statement-breakpoint
CREATE TABLE "sync"."dead_letters" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"account" text NOT NULL,
	"collection" text NOT NULL,
	"kind" text NOT NULL,
	"run_id" bigint,
	"page" integer,
	"url" text,
	"record_id" bigint,
	"http_status" integer,
	"error_code" text,
	"errors" text[] DEFAULT '{}' NOT NULL,
	"payload" jsonb,
	"attempts" integer DEFAULT 1 NOT NULL,
	"first_seen_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_seen_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"resolved_at" timestamp (3) with time zone,
	"resolution" text,
	"resolution_reason" text,
	"fingerprint" text NOT NULL,
	CONSTRAINT "dead_letters_once" UNIQUE("account","collection","fingerprint")
);
--> statement-breakpoint
CREATE TABLE "sync"."installation" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sync"."lookups" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"run_id" bigint NOT NULL,
	"account" text NOT NULL,
	"collection" text NOT NULL,
	"record_id" bigint NOT NULL,
	"reason" text NOT NULL,
	"state" text DEFAULT 'waiting' NOT NULL,
	"outcome" text,
	"priority" integer NOT NULL,
	"finished_at" timestamp (3) with time zone,
	CONSTRAINT "lookups_once" UNIQUE("run_id","collection","record_id")
);
--> statement-breakpoint
CREATE TABLE "sync"."pages" (
	"window_id" bigint NOT NULL,
	"pass" integer NOT NULL,
	"page" integer NOT NULL,
	"state" text NOT NULL,
	"page_count" integer,
	"item_count" integer,
	"items_per_page" integer,
	"records" integer DEFAULT 0 NOT NULL,
	"ids" bigint[] DEFAULT '{}' NOT NULL,
	"without_id" integer DEFAULT 0 NOT NULL,
	"in_order" boolean,
	"newest_at" timestamp (3) with time zone,
	"oldest_at" timestamp (3) with time zone,
	"requested_at" timestamp (3) with time zone NOT NULL,
	"committed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "pages_window_id_pass_page_pk" PRIMARY KEY("window_id","pass","page")
);
--> statement-breakpoint
CREATE TABLE "sync"."rate_budgets" (
	"account" text PRIMARY KEY NOT NULL,
	"max_requests" integer DEFAULT 100 NOT NULL,
	"others" integer DEFAULT 0 NOT NULL,
	"blocked_until" timestamp (3) with time zone,
	"next_n" bigint DEFAULT 1 NOT NULL,
	"unauthorized" integer DEFAULT 0 NOT NULL,
	"halted_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "sync"."rate_slots" (
	"account" text NOT NULL,
	"n" bigint NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"rejected" boolean DEFAULT false NOT NULL,
	CONSTRAINT "rate_slots_account_n_pk" PRIMARY KEY("account","n")
);
--> statement-breakpoint
CREATE TABLE "sync"."runs" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"account" text NOT NULL,
	"mode" text NOT NULL,
	"collections" text[] NOT NULL,
	"trigger" text NOT NULL,
	"state" text DEFAULT 'running' NOT NULL,
	"reason" text,
	"from_at" timestamp (3) with time zone,
	"to_at" timestamp (3) with time zone,
	"allow_deletes" boolean DEFAULT false NOT NULL,
	"started_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"heartbeat_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "sync"."schema_drift" (
	"account" text NOT NULL,
	"collection" text NOT NULL,
	"path" text NOT NULL,
	"kind" text NOT NULL,
	"seen" text NOT NULL,
	"expected" text,
	"sample" text,
	"first_seen_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_seen_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"count" bigint DEFAULT 1 NOT NULL,
	CONSTRAINT "schema_drift_account_collection_path_kind_seen_pk" PRIMARY KEY("account","collection","path","kind","seen")
);
--> statement-breakpoint
CREATE TABLE "sync"."webhook_deliveries" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"account" text NOT NULL,
	"body_hash" text NOT NULL,
	"event" text,
	"collection" text,
	"record_id" bigint,
	"payload" jsonb NOT NULL,
	"received_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"processed_at" timestamp (3) with time zone,
	"outcome" text
);
--> statement-breakpoint
CREATE TABLE "sync"."windows" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"run_id" bigint NOT NULL,
	"account" text NOT NULL,
	"collection" text NOT NULL,
	"kind" text NOT NULL,
	"from_at" timestamp (3) with time zone,
	"to_at" timestamp (3) with time zone,
	"priority" integer NOT NULL,
	"state" text DEFAULT 'waiting' NOT NULL,
	"reason" text,
	"pass" integer DEFAULT 1 NOT NULL,
	"base_pass" integer DEFAULT 1 NOT NULL,
	"pages_again" integer[],
	"page_count" integer,
	"first_item_count" integer,
	"last_item_count" integer,
	"items_per_page" integer,
	"moved" boolean DEFAULT false NOT NULL,
	"pages_read" integer DEFAULT 0 NOT NULL,
	"pages_failed" integer DEFAULT 0 NOT NULL,
	"distinct_ids" integer,
	"without_id" integer DEFAULT 0 NOT NULL,
	"inserted" integer DEFAULT 0 NOT NULL,
	"updated" integer DEFAULT 0 NOT NULL,
	"unchanged" integer DEFAULT 0 NOT NULL,
	"dead_letters" integer DEFAULT 0 NOT NULL,
	"started_at" timestamp (3) with time zone,
	"finished_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "hive"."order_items" (
	"account" text NOT NULL,
	"order_id" bigint NOT NULL,
	"position" integer NOT NULL,
	"merchant_item_id" text,
	"sku_id" bigint,
	"merchant_sku_id" text,
	"quantity" integer,
	"price_per_unit_in_cents" bigint,
	"price_per_unit_in_cents_with_discount" bigint,
	CONSTRAINT "order_items_account_order_id_position_pk" PRIMARY KEY("account","order_id","position")
);
--> statement-breakpoint
CREATE TABLE "hive"."orders" (
	"account" text NOT NULL,
	"id" bigint NOT NULL,
	"merchant_order_id" text,
	"customer_order_number" text,
	"status" text,
	"carrier_preference" text,
	"created_at" timestamp (3) with time zone,
	"financial_status" text,
	"payment_method" text,
	"currency" text,
	"total_price_in_cents" bigint,
	"total_net_revenue_in_cents" bigint,
	"total_tax_in_cents" bigint,
	"total_net_refunds_in_cents" bigint,
	"total_tax_refunds_in_cents" bigint,
	"shipping_first_name" text,
	"shipping_last_name" text,
	"shipping_full_name" text,
	"shipping_email" text,
	"shipping_phone" text,
	"shipping_company" text,
	"shipping_line1" text,
	"shipping_line2" text,
	"shipping_city" text,
	"shipping_country_code" text,
	"shipping_postal_code" text,
	"shipping_parcel_point_id" text,
	"tags" text[],
	"custom_metadata" jsonb,
	"_first_seen_at" timestamp (3) with time zone NOT NULL,
	"_fetched_at" timestamp (3) with time zone NOT NULL,
	"_changed_at" timestamp (3) with time zone NOT NULL,
	"_deleted_at" timestamp (3) with time zone,
	"_source" text NOT NULL,
	"_run_id" bigint,
	"_content_hash" text NOT NULL,
	"_raw" jsonb NOT NULL,
	CONSTRAINT "orders_account_id_pk" PRIMARY KEY("account","id")
);
--> statement-breakpoint
CREATE TABLE "hive"."restocking_shipment_item_batches" (
	"account" text NOT NULL,
	"restocking_shipment_id" bigint NOT NULL,
	"position" integer NOT NULL,
	"item_position" integer NOT NULL,
	"id" bigint,
	"name" text,
	"tracking_code" text,
	"expiry_date" date,
	"arrived_quantity" integer,
	CONSTRAINT "restocking_shipment_item_batches_account_restocking_shipment_id_position_pk" PRIMARY KEY("account","restocking_shipment_id","position")
);
--> statement-breakpoint
CREATE TABLE "hive"."restocking_shipment_items" (
	"account" text NOT NULL,
	"restocking_shipment_id" bigint NOT NULL,
	"position" integer NOT NULL,
	"id" bigint,
	"sku_id" bigint,
	"merchant_sku_id" text,
	"announced_quantity" integer,
	"arrived_quantity" integer,
	"damaged_quantity" integer,
	"missing_quantity" integer,
	"remarks" text,
	"total_cost_in_cents" bigint,
	CONSTRAINT "restocking_shipment_items_account_restocking_shipment_id_position_pk" PRIMARY KEY("account","restocking_shipment_id","position")
);
--> statement-breakpoint
CREATE TABLE "hive"."restocking_shipments" (
	"account" text NOT NULL,
	"id" bigint NOT NULL,
	"merchant_id" bigint,
	"warehouse_id" bigint,
	"estimated_arrival_date" date,
	"delivery_option" text,
	"tracking_code" text,
	"po_number" text,
	"supplier_name" text,
	"status" text,
	"barcode" text,
	"_first_seen_at" timestamp (3) with time zone NOT NULL,
	"_fetched_at" timestamp (3) with time zone NOT NULL,
	"_changed_at" timestamp (3) with time zone NOT NULL,
	"_deleted_at" timestamp (3) with time zone,
	"_source" text NOT NULL,
	"_run_id" bigint,
	"_content_hash" text NOT NULL,
	"_raw" jsonb NOT NULL,
	CONSTRAINT "restocking_shipments_account_id_pk" PRIMARY KEY("account","id")
);
--> statement-breakpoint
CREATE TABLE "hive"."return_items" (
	"account" text NOT NULL,
	"return_id" bigint NOT NULL,
	"position" integer NOT NULL,
	"id" bigint,
	"sku_id" bigint,
	"merchant_sku_id" text,
	"quantity" integer,
	"customer_return_reason" text,
	"customer_return_message" text,
	CONSTRAINT "return_items_account_return_id_position_pk" PRIMARY KEY("account","return_id","position")
);
--> statement-breakpoint
CREATE TABLE "hive"."return_line_items" (
	"account" text NOT NULL,
	"return_id" bigint NOT NULL,
	"position" integer NOT NULL,
	"id" bigint,
	"return_item_id" bigint,
	"sku_id" bigint,
	"merchant_sku_id" text,
	"inventory_batch_id" bigint,
	"quantity" integer,
	"condition" text,
	"follow_up_action" text,
	CONSTRAINT "return_line_items_account_return_id_position_pk" PRIMARY KEY("account","return_id","position")
);
--> statement-breakpoint
CREATE TABLE "hive"."return_photos" (
	"account" text NOT NULL,
	"return_id" bigint NOT NULL,
	"position" integer NOT NULL,
	"id" bigint,
	"image_url" text,
	"photo_type" text,
	CONSTRAINT "return_photos_account_return_id_position_pk" PRIMARY KEY("account","return_id","position")
);
--> statement-breakpoint
CREATE TABLE "hive"."returns" (
	"account" text NOT NULL,
	"id" bigint NOT NULL,
	"status" text,
	"return_reason_type" text,
	"return_reason" text,
	"created_at" timestamp (3) with time zone,
	"received_at" timestamp (3) with time zone,
	"started_processing_at" timestamp (3) with time zone,
	"completed_handling_at" timestamp (3) with time zone,
	"carrier" text,
	"tracking_code" text,
	"tracking_url" text,
	"order_id" bigint,
	"order_merchant_order_id" text,
	"order_customer_order_number" text,
	"_first_seen_at" timestamp (3) with time zone NOT NULL,
	"_fetched_at" timestamp (3) with time zone NOT NULL,
	"_changed_at" timestamp (3) with time zone NOT NULL,
	"_deleted_at" timestamp (3) with time zone,
	"_source" text NOT NULL,
	"_run_id" bigint,
	"_content_hash" text NOT NULL,
	"_raw" jsonb NOT NULL,
	CONSTRAINT "returns_account_id_pk" PRIMARY KEY("account","id")
);
--> statement-breakpoint
CREATE TABLE "hive"."shipment_item_batches" (
	"account" text NOT NULL,
	"shipment_id" bigint NOT NULL,
	"position" integer NOT NULL,
	"item_position" integer NOT NULL,
	"name" text,
	"tracking_code" text,
	"expiry_date" date,
	"quantity" integer,
	CONSTRAINT "shipment_item_batches_account_shipment_id_position_pk" PRIMARY KEY("account","shipment_id","position")
);
--> statement-breakpoint
CREATE TABLE "hive"."shipment_items" (
	"account" text NOT NULL,
	"shipment_id" bigint NOT NULL,
	"position" integer NOT NULL,
	"id" bigint,
	"merchant_item_id" text,
	"sku_id" bigint,
	"merchant_sku_id" text,
	"quantity" integer,
	"serial_numbers" text[],
	CONSTRAINT "shipment_items_account_shipment_id_position_pk" PRIMARY KEY("account","shipment_id","position")
);
--> statement-breakpoint
CREATE TABLE "hive"."shipments" (
	"account" text NOT NULL,
	"id" bigint NOT NULL,
	"order_id" bigint,
	"merchant_order_id" text,
	"created_at" timestamp (3) with time zone,
	"shipped_at" timestamp (3) with time zone,
	"delivered_at" timestamp (3) with time zone,
	"shipment_provider" text,
	"delivery_status" text,
	"status" text,
	"tracking_code" text,
	"tracking_url" text,
	"updated_at" timestamp (3) with time zone,
	"warehouse_id" bigint,
	"_first_seen_at" timestamp (3) with time zone NOT NULL,
	"_fetched_at" timestamp (3) with time zone NOT NULL,
	"_changed_at" timestamp (3) with time zone NOT NULL,
	"_deleted_at" timestamp (3) with time zone,
	"_source" text NOT NULL,
	"_run_id" bigint,
	"_content_hash" text NOT NULL,
	"_raw" jsonb NOT NULL,
	CONSTRAINT "shipments_account_id_pk" PRIMARY KEY("account","id")
);
--> statement-breakpoint
CREATE TABLE "hive"."sku_batch_quantities" (
	"account" text NOT NULL,
	"sku_id" bigint NOT NULL,
	"position" integer NOT NULL,
	"batch_position" integer NOT NULL,
	"warehouse_id" bigint,
	"quantity" integer,
	CONSTRAINT "sku_batch_quantities_account_sku_id_position_pk" PRIMARY KEY("account","sku_id","position")
);
--> statement-breakpoint
CREATE TABLE "hive"."sku_batches" (
	"account" text NOT NULL,
	"sku_id" bigint NOT NULL,
	"position" integer NOT NULL,
	"id" bigint,
	"name" text,
	"tracking_code" text,
	"expiry_date" date,
	CONSTRAINT "sku_batches_account_sku_id_position_pk" PRIMARY KEY("account","sku_id","position")
);
--> statement-breakpoint
CREATE TABLE "hive"."sku_inventory" (
	"account" text NOT NULL,
	"sku_id" bigint NOT NULL,
	"position" integer NOT NULL,
	"warehouse_id" bigint,
	"stocked" integer,
	"reserved" integer,
	"total" integer,
	CONSTRAINT "sku_inventory_account_sku_id_position_pk" PRIMARY KEY("account","sku_id","position")
);
--> statement-breakpoint
CREATE TABLE "hive"."skus" (
	"account" text NOT NULL,
	"id" bigint NOT NULL,
	"merchant_sku_id" text,
	"name" text,
	"created_at" timestamp (3) with time zone,
	"barcode" text,
	"batch_tracking_enabled" boolean,
	"cost_in_cents" bigint,
	"country_code_of_origin" text,
	"hs_code" text,
	"fulfilled_by" text,
	"image_url" text,
	"status" text,
	"weight_in_kg" double precision,
	"inventory_stocked" integer,
	"inventory_reserved" integer,
	"inventory_total" integer,
	"dangerous_good" boolean,
	"hazardous_good" boolean,
	"h_codes" text[],
	"un_names" text[],
	"_first_seen_at" timestamp (3) with time zone NOT NULL,
	"_fetched_at" timestamp (3) with time zone NOT NULL,
	"_changed_at" timestamp (3) with time zone NOT NULL,
	"_deleted_at" timestamp (3) with time zone,
	"_source" text NOT NULL,
	"_run_id" bigint,
	"_content_hash" text NOT NULL,
	"_raw" jsonb NOT NULL,
	CONSTRAINT "skus_account_id_pk" PRIMARY KEY("account","id")
);
--> statement-breakpoint
CREATE TABLE "hive"."warehouses" (
	"account" text NOT NULL,
	"id" bigint NOT NULL,
	"name" text,
	"country_code" text,
	"city" text,
	"postal_code" text,
	"line1" text,
	"_first_seen_at" timestamp (3) with time zone NOT NULL,
	"_fetched_at" timestamp (3) with time zone NOT NULL,
	"_changed_at" timestamp (3) with time zone NOT NULL,
	"_deleted_at" timestamp (3) with time zone,
	"_source" text NOT NULL,
	"_run_id" bigint,
	"_content_hash" text NOT NULL,
	"_raw" jsonb NOT NULL,
	CONSTRAINT "warehouses_account_id_pk" PRIMARY KEY("account","id")
);
--> statement-breakpoint
ALTER TABLE "sync"."lookups" ADD CONSTRAINT "lookups_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "sync"."runs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sync"."pages" ADD CONSTRAINT "pages_window_id_windows_id_fk" FOREIGN KEY ("window_id") REFERENCES "sync"."windows"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sync"."windows" ADD CONSTRAINT "windows_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "sync"."runs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "dead_letters_open" ON "sync"."dead_letters" USING btree ("account","collection") WHERE resolved_at is null;--> statement-breakpoint
CREATE INDEX "lookups_account_collection_outcome_index" ON "sync"."lookups" USING btree ("account","collection","outcome");--> statement-breakpoint
CREATE INDEX "runs_account_state_index" ON "sync"."runs" USING btree ("account","state");--> statement-breakpoint
CREATE INDEX "windows_run_id_index" ON "sync"."windows" USING btree ("run_id");--> statement-breakpoint
CREATE INDEX "windows_account_collection_state_index" ON "sync"."windows" USING btree ("account","collection","state");