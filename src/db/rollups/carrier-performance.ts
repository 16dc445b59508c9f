// Shipments by carrier and week.
import { day, integer, number, text } from '../columns.js';
import { DELIVERED_AT } from './delivered-at.js';
import { defineRollup } from './rollup.js';

export const carrierPerformance = defineRollup({
  name: 'carrier_performance',
  key: ['account', 'week'],
  columns: {
    account: text('Label of the Hive account (API key), as in HIVE_ACCOUNT.', { personal: false }),
    carrier: text('Carrier: hive.shipments.shipment_provider, or unknown.', { personal: false }),
    week: day('Monday of the week in which the parcels were shipped, in the time zone of SYNC_TIMEZONE.'),
    shipments: integer('Parcels shipped.'),
    delivered: integer('Of these, parcels delivered so far: those with delivered_at that are not sent back.'),
    delivered_share: number('delivered / shipments, from 0 to 1, to three decimals.'),
    median_hours: number(
      'Median of the hours from shipping to delivery, to one decimal: of an even number of delivered parcels the mean of the two in the middle. Null when none is delivered.',
    ),
    p90_hours: number(
      'Hours, to one decimal, that one of the delivered parcels took and that at least nine of ten of them did not exceed: the shortest such time. Nothing is interpolated. Null when none is delivered.',
    ),
    returned_to_sender: integer('Parcels that the carrier sends back, or has sent back.'),
    action_required: integer('Parcels with something unusual: a failed attempt, a lost parcel, a wrong address.'),
  },
  // "offset 0": see sku-sales.ts.
  count: (keys) =>
    `
select account, carrier, week, count(*)::int as shipments, count(delivered_at)::int as delivered,
  round(count(delivered_at)::numeric / count(*), 3)::float8 as delivered_share,
  round((percentile_cont(0.5) within group (order by seconds))::numeric / 3600, 1)::float8 as median_hours,
  round((percentile_disc(0.9) within group (order by seconds))::numeric / 3600, 1)::float8 as p90_hours,
  count(*) filter (where delivery_status = 'Returned to sender')::int as returned_to_sender,
  count(*) filter (where delivery_status = 'Action required')::int as action_required
from (
  select t.account, s.carrier, t.week, s.delivered_at, s.delivery_status, s.seconds
  from (
    select account, week, (select timezone from sync.installation) as zone from ${keys} k offset 0
  ) t
  cross join lateral (
    select coalesce(nullif(s.shipment_provider, ''), 'unknown') as carrier, d.delivered_at, s.delivery_status,
      extract(epoch from d.delivered_at - s.shipped_at)::float8 as seconds
    from hive.shipments s cross join lateral (select ${DELIVERED_AT} as delivered_at) d
    where s.account = t.account
      and s.shipped_at >= (t.week::timestamp at time zone t.zone) - interval '3 hours'
      and s.shipped_at < ((t.week + 7)::timestamp at time zone t.zone) + interval '3 hours'
      and date_trunc('week', s.shipped_at at time zone t.zone)::date = t.week
      and s._deleted_at is null and s.status is distinct from 'cancelled' offset 0
  ) s
) shipped
group by account, carrier, week`.trim(),
});

export const [carrierPerformanceSums, carrierPerformanceTouched] = carrierPerformance.tables;
