// When a parcel reached its recipient: one expression for all that count deliveries. Rule: what is sent back was not
// delivered, whatever instant the carrier names.

/** SQL over columns of hive.shipments. */
export const DELIVERED_AT = "case when delivery_status is distinct from 'Returned to sender' then delivered_at end";
