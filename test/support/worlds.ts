// Random worlds for the views: what the API shows over some days of a few records, with everything in it that a tidy shop
// never has. Few ids, few codes and few values, so that records meet.
import fc from './property.js';

export type WorldCollection = 'warehouses' | 'skus' | 'orders' | 'shipments' | 'returns' | 'restocking_shipments';

/** What happens next. `after` is the time since the step before, in milliseconds, 1 at least. */
export type Step =
  | {
      readonly do: 'show';
      readonly account: string;
      readonly collection: WorldCollection;
      readonly records: object[];
      readonly after: number;
    }
  | {
      readonly do: 'delete';
      readonly account: string;
      readonly collection: WorldCollection;
      readonly id: number;
      readonly after: number;
    }
  | { readonly do: 'sum up' }
  | { readonly do: 'time zone'; readonly zone: string };

export interface Story {
  /** Epoch milliseconds of the first step. */
  readonly from: number;
  readonly zone: string;
  readonly steps: readonly Step[];
}

/** The clocks of some are changed at midnight, of one by half an hour; two never have the same day. */
const zone = fc.constantFrom(
  ...['UTC', 'Europe/Berlin', 'America/New_York', 'Pacific/Auckland', 'Australia/Lord_Howe', 'America/Havana'],
  ...['America/Sao_Paulo', 'Africa/Cairo', 'Asia/Kolkata', 'Pacific/Kiritimati', 'Etc/GMT+12', 'Antarctica/Casey'],
);

/** Around them clocks are changed in one of the zones. */
const changesOfClocks = [
  ...['2026-03-29T01:00Z', '2026-10-25T01:00Z', '2026-03-08T05:00Z', '2026-11-01T05:00Z', '2026-04-04T14:00Z'],
  ...['2018-11-04T03:00Z', '2018-02-18T02:00Z', '2024-04-25T22:00Z', '2024-10-31T21:00Z', '2010-03-04T15:00Z'],
].map((text) => Date.parse(text));
const aroundThem = fc
  .tuple(fc.constantFrom(...changesOfClocks), fc.integer({ min: -150, max: 150 }), fc.constantFrom(-1, 0, 0, 0, 1))
  .map(([at, quarters, ms]) => new Date(at + quarters * 900_000 + ms).toISOString());
const instant = fc.oneof(
  { weight: 14, arbitrary: aroundThem },
  { weight: 3, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.constantFrom('0001-01-01T12:00:00Z', '9999-12-31T23:59:59.999Z') },
);

const orNull = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { freq: 5 });
const idUpTo = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });
const MOST = 2_147_483_647;
const pieces = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 9 }) },
  { weight: 2, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.constantFrom(-1, MOST, -MOST) },
);
const money = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(0, 1, 3, 100, 119, 190, 357, 1000, 2975) },
  { weight: 2, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.constantFrom(-100, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER) },
);
/** Two SKUs may have the same code, and no SKU ever has X. */
const code = fc.constantFrom('A', 'A', 'B', 'B', 'C', 'X', 'x', '', null);
/** There never is a SKU 9. */
const goods = { sku_id: fc.constantFrom(1, 2, 3, 4, 9, null, null, null), merchant_sku_id: code };
const warehouseId = fc.constantFrom(1, 2, 2, 3, null);
const someOf = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(arbitrary, { maxLength: 4 });
/** Keys may be missing as well as null; the id of a record never is. */
const object = <T extends Record<string, fc.Arbitrary<unknown>>>(fields: T): fc.Arbitrary<object> =>
  fc.record(fields, { requiredKeys: [], noNullPrototype: true }) as fc.Arbitrary<object>;
const record = <T extends Record<string, fc.Arbitrary<unknown>>>(lastId: number, fields: T): fc.Arbitrary<object> =>
  fc
    .tuple(
      idUpTo(lastId),
      fc.oneof({ weight: 1, arbitrary: object(fields) }, { weight: 4, arbitrary: fc.record(fields) }),
    )
    .map(([id, rest]) => ({ id, ...rest }));

/** Days from today on; see dated(). */
const expiry = fc.constantFrom(-400, -1, 0, 1, 29, 30, 31, 89, 90, 91, null).map((days) => ({ days }));

const recordsOf: Readonly<Record<WorldCollection, fc.Arbitrary<object>>> = {
  warehouses: record(3, { name: orNull(fc.constantFrom('Berlin', 'Lyon')) }),
  skus: record(4, {
    merchant_sku_id: fc.constantFrom('A', 'B', 'C', 'C', '', null),
    name: orNull(fc.constantFrom('Tea', 'Cup')),
    status: fc.constantFrom('active', 'deleted', null),
    inventory_per_warehouse: someOf(
      object({ warehouse_id: warehouseId, stocked: pieces, reserved: pieces, total: pieces }),
    ),
    inventory_batches: someOf(
      object({
        id: fc.constantFrom(1, 2, 3, null),
        expiry_date: expiry,
        stocked_quantities: someOf(object({ warehouse_id: warehouseId, quantity: pieces })),
      }),
    ),
  }),
  orders: record(5, {
    merchant_order_id: orNull(fc.constantFrom('#1', '#2')),
    status: fc.constantFrom('fulfilled', 'fulfilled', 'fulfillable', 'unfulfillable', 'unheard of', null),
    created_at: instant,
    currency: fc.constantFrom('EUR', 'EUR', 'USD', '', null),
    total_net_revenue_in_cents: money,
    total_tax_in_cents: money,
    items: someOf(
      fc.record({
        ...goods,
        quantity: pieces,
        price_per_unit_in_cents: money,
        price_per_unit_in_cents_with_discount: money,
      }),
    ),
  }),
  shipments: record(8, {
    order_id: orNull(idUpTo(6)),
    status: fc.constantFrom('shipped', 'shipped', 'shipped', 'in_picking', 'cancelled', null),
    shipped_at: instant,
    delivered_at: instant,
    delivery_status: fc.constantFrom(
      ...['Delivered', 'Delivered', 'In transit', 'Returned to sender', 'Action required', 'unheard of', null],
    ),
    shipment_provider: fc.constantFrom('DHL', 'DHL', 'dhl', 'Ärger & Co', 'GLS', 'unknown', '', null),
  }),
  returns: record(4, {
    return_reason: fc.constantFrom('customer_return', 'other', 'too_small', '', null),
    return_items: someOf(
      fc.record({
        id: fc.constantFrom(1, 2, 3, null),
        ...goods,
        quantity: pieces,
        customer_return_reason: fc.constantFrom('too_small', 'too_small', 'damaged', 'unknown', '', null),
      }),
    ),
    return_line_items: someOf(
      fc.record({
        id: fc.constantFrom(1, 2, 3, 4, null),
        return_item_id: fc.constantFrom(1, 2, 3, 7, null, null, null),
        ...goods,
        quantity: pieces,
      }),
    ),
  }),
  restocking_shipments: record(3, {
    warehouse_id: warehouseId,
    status: fc.constantFrom('restocked', 'restocked', 'processing', 'cancelled', null),
    estimated_arrival_date: orNull(fc.constant('2026-03-29')),
    supplier_name: orNull(fc.constant('Morph Works')),
    restocking_shipment_items: someOf(
      fc.record({
        id: fc.constantFrom(1, 2, null),
        ...goods,
        announced_quantity: pieces,
        arrived_quantity: pieces,
        damaged_quantity: pieces,
        missing_quantity: pieces,
      }),
    ),
  }),
};

/** A record with its days from today on as dates. @param today epoch milliseconds */
export function dated(given: object, today: number): object {
  return JSON.parse(JSON.stringify(given), (key, value) => {
    if (key !== 'expiry_date' || value === null) return value;
    return value.days === null ? null : new Date(today + value.days * 86_400_000).toISOString().slice(0, 10);
  });
}

const account = fc.constantFrom('a', 'a', 'b');
const after = fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40 * 3_600_000 }));
const collections = Object.keys(recordsOf) as WorldCollection[];
const shown = (collection: WorldCollection, minLength = 1): fc.Arbitrary<Step> =>
  fc.record({
    do: fc.constant('show' as const),
    account,
    collection: fc.constant(collection),
    records: fc.array(recordsOf[collection], { minLength, maxLength: 6 }),
    after,
  });
const step: fc.Arbitrary<Step> = fc.oneof(
  ...collections.map((collection) => ({ weight: collection === 'skus' ? 4 : 2, arbitrary: shown(collection) })),
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('delete' as const),
      account,
      collection: fc.constantFrom('skus' as const, 'skus' as const, ...collections),
      id: idUpTo(4),
      after,
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'sum up' as const }) },
  { weight: 1, arbitrary: zone.map((name) => ({ do: 'time zone' as const, zone: name })) },
);

/** Every collection is shown once at the beginning; then anything happens. */
export const story: fc.Arbitrary<Story> = fc.record({
  // Days on which clocks are changed, not so long ago: inventory_by_day has a row for each day since.
  from: fc.constantFrom(
    ...['2025-10-24T12:00Z', '2025-10-31T12:00Z', '2026-03-27T12:00Z'].map((text) => Date.parse(text)),
  ),
  zone,
  steps: fc
    .tuple(
      fc.tuple(...collections.map((collection) => shown(collection, 3))),
      fc.array(step, { minLength: 4, maxLength: 16 }),
    )
    .map(([first, rest]) => [...first, ...rest]),
});
