// The six collections and the shape of their records, as section 1 of the API's reference gives them.

/** The collections of v1, in the order in which they depend on each other. */
export const collectionNames = [
  'warehouses',
  'skus',
  'orders',
  'shipments',
  'returns',
  'restocking_shipments',
] as const;

export type CollectionName = (typeof collectionNames)[number];

/** Any record: what a change may turn a generated one into, so fields other than `id` are not promised. */
export type ApiRecord = { id: number; [field: string]: unknown };

export type JsonObject = { [field: string]: unknown };

export type Batch = { id: number; name: string; tracking_code: string; expiry_date: string | null };

export type Stock = { stocked: number; reserved: number; total: number };

export type Sku = {
  id: number;
  merchant_sku_id: string;
  name: string;
  created_at: string;
  barcode: string | null;
  batch_tracking_enabled: boolean;
  cost_in_cents: number | null;
  country_code_of_origin: string | null;
  hs_code: string | null;
  fulfilled_by: 'hive' | 'other' | 'new';
  image_url: string | null;
  status: 'active' | 'deleted';
  weight_in_kg: number | null;
  inventory: Stock;
  inventory_per_warehouse: ({ warehouse_id: number } & Stock)[];
  inventory_batches: (Batch & { stocked_quantities: { warehouse_id: number; quantity: number }[] })[];
  dangerous_good: boolean;
  hazardous_good: boolean;
  h_codes: string[];
  un_names: string[];
};

export type Address = {
  first_name: string;
  last_name: string;
  full_name: string;
  email: string | null;
  phone: string | null;
  company: string | null;
  line1: string;
  line2: string | null;
  city: string;
  country_code: string;
  postal_code: string;
  parcel_point_id: string | null;
};

export type OrderItem = {
  sku_id: number;
  quantity: number;
  merchant_item_id: string;
  price_per_unit_in_cents: number;
  price_per_unit_in_cents_with_discount: number;
  merchant_sku_id: string;
};

export type OrderStatus = 'fulfillable' | 'unfulfillable' | 'fulfilled';

export type Order = {
  id: number;
  merchant_order_id: string;
  customer_order_number: string | null;
  status: OrderStatus;
  carrier_preference: string | null;
  created_at: string;
  financial_status: 'paid' | 'refunded' | 'pending' | 'failed' | null;
  payment_method: string | null;
  currency: string;
  total_price_in_cents: number;
  total_net_revenue_in_cents: number;
  total_tax_in_cents: number;
  total_net_refunds_in_cents: number;
  total_tax_refunds_in_cents: number;
  shipping_address: Address;
  items: OrderItem[];
  tags: string[];
  custom_metadata: JsonObject | null;
};

export type ShipmentItem = {
  batches: { expiry_date: string | null; name: string; quantity: number; tracking_code: string }[];
  id: number;
  /** Null for items added after the order was placed. */
  merchant_item_id: string | null;
  quantity: number;
  serial_numbers: { serial_number: string }[];
  sku_id: number;
  merchant_sku_id: string;
};

export type Shipment = {
  created_at: string;
  delivered_at: string | null;
  delivery_status: string | null;
  id: number;
  items: ShipmentItem[];
  merchant_order_id: string | null;
  order_id: number | null;
  shipment_provider: string | null;
  shipped_at: string | null;
  status: string;
  tracking_code: string | null;
  tracking_url: string | null;
  updated_at: string;
  warehouse_id: number | null;
};

export type ReturnItem = {
  customer_return_message: string | null;
  customer_return_reason: string | null;
  id: number;
  merchant_sku_id: string;
  quantity: number;
  sku_id: number;
};

export type ReturnLineItem = {
  condition: 'A' | 'B' | 'C';
  follow_up_action: string;
  id: number;
  inventory_batch_id: number | null;
  merchant_sku_id: string;
  quantity: number;
  return_item_id: number | null;
  sku_id: number;
};

export type Return = {
  carrier: string | null;
  completed_handling_at: string | null;
  created_at: string;
  id: number;
  order: { id: number; merchant_order_id: string; customer_order_number: string | null } | null;
  photos: { id: number; image_url: string; photo_type: string }[];
  received_at: string | null;
  return_items: ReturnItem[];
  return_line_items: ReturnLineItem[];
  return_reason: string | null;
  return_reason_type: string | null;
  started_processing_at: string | null;
  status: string;
  tracking_code: string | null;
  tracking_url: string | null;
};

export type RestockingShipmentItem = {
  id: number;
  sku_id: number;
  merchant_sku_id: string;
  announced_quantity: number;
  /** The three counts are only present once the shipment is `restocked`. */
  arrived_quantity?: number;
  damaged_quantity?: number;
  missing_quantity?: number;
  remarks: string | null;
  total_cost_in_cents: number | null;
  inventory_batches: (Batch & { arrived_quantity?: number })[];
};

/** Sorted by creation like the others, although the object does not say when it was created. */
export type RestockingShipment = {
  id: number;
  warehouse_id: number | null;
  estimated_arrival_date: string;
  delivery_option: string;
  tracking_code: string | null;
  po_number: string | null;
  supplier_name: string | null;
  status: string;
  barcode: string;
  restocking_shipment_items: RestockingShipmentItem[];
};

export type Warehouse = {
  id: number;
  name: string;
  country_code: string;
  city: string;
  postal_code: string;
  line1: string;
};
