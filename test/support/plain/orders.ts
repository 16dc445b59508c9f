// What the views say of orders and parcels, written from their comments.
import { dayIn, dayText, grouped, hours, inOrder, mondayOf, rounded, roundedToWhole, sumOf } from './figures.js';
import { skuIdOf, skuOf } from './goods.js';
import type { Shipment, World } from './tables.js';

const isParcel = ({ _deleted_at, status }: Shipment): boolean => _deleted_at === null && status !== 'cancelled';
const isSentBack = ({ delivery_status }: Shipment): boolean => delivery_status === 'Returned to sender';
const deliveredAt = (parcel: Shipment): number | null => (isSentBack(parcel) ? null : parcel.delivered_at);
const isKnown = <T>(value: T | null): value is T => value !== null;

export function orderFulfilment({ orders, shipments }: World): unknown[] {
  return orders
    .filter(({ _deleted_at }) => _deleted_at === null)
    .map((order) => {
      const parcels = shipments.filter(
        (one) => one.account === order.account && one.order_id === order.id && isParcel(one),
      );
      const shipped = parcels.map(({ shipped_at }) => shipped_at).filter(isKnown);
      const first = shipped.length === 0 ? null : Math.min(...shipped);
      const delivered = parcels.map(deliveredAt).filter(isKnown);
      const isDone = order.status !== 'fulfillable' && parcels.length > 0 && delivered.length === parcels.length;
      const last = isDone ? Math.max(...delivered) : null;
      const carriers = inOrder(parcels.map(({ shipment_provider }) => shipment_provider ?? '').filter(Boolean));
      return {
        account: order.account,
        order_id: order.id,
        merchant_order_id: order.merchant_order_id,
        status: order.status,
        created_at: order.created_at,
        first_shipped_at: first,
        delivered_at: last,
        hours_to_ship: hours(order.created_at, first),
        hours_in_transit: hours(first, last),
        hours_to_deliver: hours(order.created_at, last),
        shipments: parcels.length,
        is_split: parcels.length > 1,
        carrier: carriers.length === 0 ? null : carriers.join(', '),
        is_open:
          order.status === 'fulfillable' ||
          parcels.some((one) => one.delivered_at === null && one.delivery_status !== 'Delivered' && !isSentBack(one)),
      };
    });
}

export function carrierPerformance({ shipments, timezone }: World): unknown[] {
  const shipped = shipments.filter(isParcel).flatMap((parcel) =>
    parcel.shipped_at === null
      ? []
      : [
          {
            ...parcel,
            carrier: parcel.shipment_provider || 'unknown',
            week: dayText(mondayOf(dayIn(timezone, parcel.shipped_at))),
            took: deliveredAt(parcel) === null ? null : (parcel.delivered_at ?? 0) - parcel.shipped_at,
          },
        ],
  );
  return grouped(shipped, ({ account, carrier, week }) => [account, carrier, week]).map((parcels) => {
    const times = parcels
      .map(({ took }) => took)
      .filter(isKnown)
      .sort((a, b) => a - b);
    const [lower, upper] = [times[Math.ceil(times.length / 2) - 1], times[Math.floor(times.length / 2)]];
    const nineOfTen = times.find((time) => 10 * times.filter((other) => other <= time).length >= 9 * times.length);
    const having = (status: string) => parcels.filter((parcel) => parcel.delivery_status === status).length;
    return {
      account: parcels[0]?.account,
      carrier: parcels[0]?.carrier,
      week: parcels[0]?.week,
      shipments: parcels.length,
      delivered: times.length,
      delivered_share: rounded(BigInt(times.length), BigInt(parcels.length), 3),
      median_hours: lower === undefined || upper === undefined ? null : rounded(BigInt(lower + upper), 7_200_000n, 1),
      p90_hours: nineOfTen === undefined ? null : hours(0, nineOfTen),
      returned_to_sender: having('Returned to sender'),
      action_required: having('Action required'),
    };
  });
}

/** Lines of the orders that count as sold. */
export function soldLines({ orders, order_items, timezone }: World) {
  return orders.flatMap((order) => {
    if (order._deleted_at !== null || order.status === 'unfulfillable' || order.created_at === null) return [];
    const day = dayText(dayIn(timezone, order.created_at));
    return order_items
      .filter(({ account, order_id }) => account === order.account && order_id === order.id)
      .map((line) => ({
        ...line,
        order,
        day,
        price: line.price_per_unit_in_cents_with_discount ?? line.price_per_unit_in_cents,
      }));
  });
}

/** As a bigint of PostgreSQL, or null. */
const inBits = (value: bigint): string | null => (BigInt.asIntN(64, value) === value ? String(value) : null);

export function skuSales(world: World): unknown[] {
  const rows = grouped(soldLines(world), ({ account, day, sku_id, merchant_sku_id, order }) => [
    ...[account, day, sku_id, merchant_sku_id, order.currency],
  ]);
  return rows.flatMap((lines) => {
    const [line] = lines;
    if (line === undefined) return [];
    const quantities = lines.map(({ quantity }) => quantity).filter(isKnown);
    let revenue: bigint | null = null;
    let [net, per] = [0n, 1n];
    for (const { quantity, price, order } of lines) {
      if (quantity === null || price === null) continue;
      const gross = BigInt(quantity) * BigInt(price);
      revenue = (revenue ?? 0n) + gross;
      const { total_net_revenue_in_cents: kept, total_tax_in_cents: tax } = order;
      const whole = kept === null || tax === null ? 0n : BigInt(kept) + BigInt(tax);
      const [share, of] = whole === 0n ? [1n, 1n] : [BigInt(kept ?? 0), whole];
      [net, per] = [net * of + gross * share * per, per * of];
    }
    return [
      {
        account: line.account,
        day: line.day,
        sku_id: line.sku_id,
        merchant_sku_id: line.merchant_sku_id,
        currency: line.order.currency,
        orders: new Set(lines.map(({ order }) => order.id)).size,
        units: quantities.length === 0 ? null : String(sumOf(quantities)),
        revenue_in_cents: revenue === null ? null : inBits(revenue),
        net_revenue_in_cents: revenue === null ? null : inBits(roundedToWhole(net, per)),
        sku: skuOf(world, line.account, skuIdOf(world, line))?.name ?? null,
      },
    ];
  });
}
