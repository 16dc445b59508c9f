// What became of each order.
import { bool, id, instant, integer, number, text } from '../columns.js';
import { DELIVERED_AT } from './delivered-at.js';
import { defineRollup } from './rollup.js';

export const orderFulfilment = defineRollup({
  name: 'order_fulfilment',
  key: ['account', 'order_id'],
  columns: {
    account: text('Label of the Hive account (API key), as in HIVE_ACCOUNT.', { personal: false }),
    order_id: id("Hive's id of the order: hive.orders.id."),
    merchant_order_id: text("The shop's own id of the order.", { personal: false }),
    status: text('State of the order at Hive: see hive.orders.status.', { personal: false }),
    created_at: instant('When the order was created.'),
    first_shipped_at: instant('When its first shipment was shipped; null until then.'),
    delivered_at: instant(
      'When its last shipment reached the recipient; null until all of them have and the status is not fulfillable any more (else Hive has more of it to ship), and so for ever when one is sent back or has no delivered_at.',
    ),
    hours_to_ship: number('Hours from created_at to first_shipped_at, to one decimal; null until then.'),
    hours_in_transit: number('Hours from first_shipped_at to delivered_at, to one decimal; null until then.'),
    hours_to_deliver: number('Hours from created_at to delivered_at, to one decimal; null until then.'),
    shipments: integer('Shipments of the order, not counting cancelled ones.'),
    is_split: bool('True when the order has more than one of these shipments.'),
    carrier: text(
      'Carrier; several stand in the order of their letters, separated by a comma and a space; null when none is known yet.',
      { personal: false },
    ),
    is_open: bool(
      'True while something is still to come: the status is fulfillable (Hive is to ship it), or a parcel is neither delivered (it has delivered_at, or its delivery_status says so) nor on its way back. Never true when delivered_at is set.',
    ),
  },
  indexes: ['created_at', 'merchant_order_id'],
  // "offset 0": see sku-sales.ts.
  count: (keys) =>
    `
select o.account, o.id as order_id, o.merchant_order_id, o.status, o.created_at, s.first_shipped_at, s.delivered_at,
  round((extract(epoch from s.first_shipped_at - o.created_at) / 3600)::numeric, 1)::float8 as hours_to_ship,
  round((extract(epoch from s.delivered_at - s.first_shipped_at) / 3600)::numeric, 1)::float8 as hours_in_transit,
  round((extract(epoch from s.delivered_at - o.created_at) / 3600)::numeric, 1)::float8 as hours_to_deliver,
  s.shipments, s.shipments > 1 as is_split, s.carrier,
  coalesce(o.status = 'fulfillable', false) or s.is_open as is_open
from ${keys} t
cross join lateral (
  select o.account, o.id, o.merchant_order_id, o.status, o.created_at from hive.orders o
  where o.account = t.account and o.id = t.order_id and o._deleted_at is null offset 0
) o
cross join lateral (
  select count(*)::int as shipments, min(shipped_at) as first_shipped_at,
    case when o.status is distinct from 'fulfillable' and count(*) = count(${DELIVERED_AT}) then max(delivered_at) end as delivered_at,
    string_agg(distinct nullif(shipment_provider, '') collate "C", ', ') collate "default" as carrier,
    coalesce(bool_or(delivered_at is null and coalesce(delivery_status not in ('Delivered', 'Returned to sender'), true)), false) as is_open
  from hive.shipments s
  where s.account = o.account and s.order_id = o.id and s._deleted_at is null and s.status is distinct from 'cancelled'
) s`.trim(),
});

export const [orderFulfilmentSums, orderFulfilmentTouched] = orderFulfilment.tables;
