// Orders: what shoppers bought. The list filters by created_at, so windows can be pinned and cut.
import { cents, flat, id, instant, integer, json, text, texts } from '../db/columns.js';
import { defineCollection } from '../sync/tables/define-collection.js';

export const orders = defineCollection({
  name: 'orders',
  singular: 'order',
  comment: 'One row per order of the shop, as Hive holds it. Line items are in hive.order_items.',
  docs: 'https://developers.hive.app/reference/api-reference/orders',
  path: '/orders',
  filtersByCreatedAt: true,
  closedWhen: [{ status: ['fulfilled', 'unfulfillable'] }],
  // Refunds come after that.
  changesAfterClosing: true,
  // Only version 2 of the API has it.
  webhookEvents: ['order_status_updated'],
  merchantKey: 'merchant_order_id',
  parentKey: 'order_id',
  fields: {
    id: id("Hive's id of the order."),
    merchant_order_id: text("The shop's own id of the order, unique within the shop.", { personal: false }),
    customer_order_number: text(
      'The number that the shopper sees, where it differs from merchant_order_id; else null.',
      { personal: false },
    ),
    status: text('State of the order at Hive.', {
      status: true,
      values: {
        fulfillable: 'Hive can ship it, or is shipping it; every order made through the API starts here',
        unfulfillable: 'Hive will not ship it (a blocked country, say), or it was cancelled',
        fulfilled: 'all of it has been shipped',
      },
    }),
    carrier_preference: text('Carrier or service that the shop asked for; null when it left the choice to Hive.', {
      personal: false,
    }),
    created_at: instant(
      'When the order was created. The shop may set it, so an order that arrives today can carry an older instant.',
    ),
    financial_status: text('State of the payment as the shop reported it; null when it did not.', {
      status: true,
      values: {
        paid: 'the shopper has paid',
        refunded: 'the money was given back',
        pending: 'payment is awaited',
        failed: 'payment failed',
      },
    }),
    payment_method: text('How the shopper paid, in the words of the shop; null when not given.', { personal: false }),
    currency: text('ISO 4217 code of all money in this order and its items; EUR when the shop did not say.', {
      personal: false,
    }),
    total_price_in_cents: cents('What the shopper pays in all, in cents of currency.'),
    total_net_revenue_in_cents: cents('Paid less tax, in cents of currency.'),
    total_tax_in_cents: cents('Tax paid, in cents of currency.'),
    total_net_refunds_in_cents: cents('Refunded less tax, in cents of currency.'),
    total_tax_refunds_in_cents: cents('Tax refunded, in cents of currency.'),
    ...flat('shipping', 'shipping_address', {
      first_name: text('Given name of the recipient. Personal data.', { personal: true }),
      last_name: text('Family name of the recipient. Personal data.', { personal: true }),
      full_name: text('Whole name of the recipient. Personal data.', { personal: true }),
      email: text('E-mail of the recipient; null when not given. Personal data.', { personal: true }),
      phone: text('Phone of the recipient; null when not given. Personal data.', { personal: true }),
      company: text('Company of the recipient; null for private people. Personal data.', { personal: true }),
      line1: text('Street and number. Personal data.', { personal: true }),
      line2: text('Second line of the address; null when there is none. Personal data.', { personal: true }),
      city: text('City of the recipient.', { personal: true }),
      country_code: text('ISO 3166-1 alpha-2 code of the country.', { personal: false }),
      postal_code: text('Postal code, as text: leading zeros and letters count.', { personal: true }),
      parcel_point_id: text("The carrier's id of a pick-up point; null when delivered to the door.", {
        personal: true,
      }),
    }),
    tags: texts('Free tags that the shop set.', { personal: true }),
    custom_metadata: json('Free-form JSON that the shop attached; null when there is none.', { personal: true }),
  },
  indexes: [
    { on: ['created_at'] },
    { on: ['merchant_order_id'] },
    { on: ['status', 'created_at'], where: "status <> 'fulfilled'" },
  ],
  children: [
    {
      table: 'order_items',
      comment: 'The line items of an order, in the order in which the API lists them.',
      from: 'items',
      fields: {
        merchant_item_id: text("The shop's own id of the line item, unique within its order.", { personal: false }),
        sku_id: id("Hive's id of the SKU: hive.skus.id."),
        merchant_sku_id: text("The shop's own SKU code: hive.skus.merchant_sku_id.", { personal: false }),
        quantity: integer('Pieces ordered.'),
        price_per_unit_in_cents: cents("Price of one piece before discounts, in cents of the order's currency."),
        price_per_unit_in_cents_with_discount: cents(
          "Price of one piece after discounts, in cents of the order's currency.",
        ),
      },
      indexes: [{ on: ['sku_id'] }],
    },
  ],
  example: {
    id: 4962,
    merchant_order_id: '60423b95-23b5-4e5b-aa1c-6a71bd90b106',
    customer_order_number: '#1042',
    status: 'fulfillable',
    carrier_preference: 'dhl',
    created_at: '2022-11-01T17:42:07.409+01:00',
    financial_status: 'paid',
    payment_method: 'paypal',
    currency: 'EUR',
    total_price_in_cents: 4990,
    total_net_revenue_in_cents: 4193,
    total_tax_in_cents: 797,
    total_net_refunds_in_cents: 0,
    total_tax_refunds_in_cents: 0,
    shipping_address: {
      first_name: 'John',
      last_name: 'Doe',
      full_name: 'John Doe',
      email: 'john@example.com',
      phone: '+30 24210 00000',
      company: 'Doe & Co',
      line1: 'Kassaveti 69',
      line2: '2nd floor',
      city: 'Volos',
      country_code: 'GR',
      postal_code: '38221',
      parcel_point_id: '12345',
    },
    items: [
      {
        merchant_item_id: '1',
        sku_id: 9,
        merchant_sku_id: '28595522549341',
        quantity: 1,
        price_per_unit_in_cents: 4990,
        price_per_unit_in_cents_with_discount: 4990,
      },
    ],
    tags: ['first_order'],
    custom_metadata: { gift: true, note: { text: 'with a card' } },
  },
});

export const [ordersTable, orderItems] = orders.tables;
