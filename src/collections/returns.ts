// Returns: parcels that come back to Hive. No filter of the list is documented, so it is read as a whole.
import { flat, id, instant, integer, text } from '../db/columns.js';
import { defineCollection } from '../sync/tables/define-collection.js';

export const returns = defineCollection({
  name: 'returns',
  singular: 'return',
  comment:
    'One row per return. What the shopper announced is in hive.return_items, what the warehouse handled in hive.return_line_items, pictures in hive.return_photos.',
  docs: 'https://developers.hive.app/reference/api-reference/returns',
  path: '/returns',
  filtersByCreatedAt: false,
  // The last state. `action_required` is not one: handling goes on once the shop has answered.
  closedWhen: [{ status: ['handling_completed'] }],
  webhookEvents: ['return_status_updated'],
  milestones: ['received_at', 'started_processing_at', 'completed_handling_at'],
  merchantKey: 'order_merchant_order_id',
  parentKey: 'return_id',
  fields: {
    id: id("Hive's id of the return."),
    status: text('State of the return.', {
      status: true,
      values: {
        on_the_way: 'on its way to the warehouse',
        arrived: 'in the warehouse, nobody works on it yet',
        processing: 'the warehouse works on it',
        action_required: 'waits for the shop to say what to do',
        handling_completed: 'the warehouse is done with it',
      },
    }),
    return_reason_type: text(
      'Who sent the parcel back; null or an empty text in the rare case that Hive does not know yet.',
      {
        values: {
          active: 'the shopper sent it back; always so for returns from the customer portal',
          passive: 'the carrier sent it back: wrong address, not fetched, damaged, papers missing',
          '': 'not known yet, same as null',
        },
      },
    ),
    return_reason: text('Why the parcel comes back; null or an empty text when no reason is known.', {
      values: {
        customer_return: 'the shopper does not want to keep the goods',
        not_picked_up: 'nobody fetched it from the pick-up point',
        invalid_address: 'the address was wrong',
        rejected_by_customer: 'the shopper refused to take it',
        customs_documents_missing: 'papers for customs were missing',
        other: 'something else',
        '': 'no reason known, same as null',
      },
    }),
    created_at: instant('When the return was created at Hive.'),
    received_at: instant('When the parcel arrived in the warehouse; null until then.'),
    started_processing_at: instant('When the warehouse began to work on it; null until then.'),
    completed_handling_at: instant('When the warehouse was done with it; null until then.'),
    carrier: text('Name of the carrier; null or empty when not known, as for a return that the warehouse entered.', {
      personal: false,
    }),
    tracking_code: text("The carrier's number of the parcel; null when there is none.", { personal: true }),
    tracking_url: text(
      "The carrier's page about the parcel; null or empty when there is none. Personal data: such pages show the sender.",
      { personal: true },
    ),
    ...flat('order', 'order', {
      id: id("Hive's id of the order that comes back: hive.orders.id."),
      merchant_order_id: text("The shop's own id of that order: hive.orders.merchant_order_id.", { personal: false }),
      customer_order_number: text(
        'The number of that order that the shopper sees: hive.orders.customer_order_number. Known from version 2 of the API only; else null.',
        { personal: false, assumed: true },
      ),
    }),
  },
  indexes: [
    { on: ['order_id'] },
    { on: ['created_at'] },
    { on: ['status', 'created_at'], where: "status <> 'handling_completed'" },
  ],
  children: [
    {
      table: 'return_items',
      comment: 'What the shopper announced in the customer portal. No rows for returns that did not come through it.',
      from: 'return_items',
      fields: {
        id: id("Hive's id of the announced item.", { assumed: true }),
        sku_id: id("Hive's id of the SKU: hive.skus.id.", { from: ['sku_id', 'sku.id'], assumed: true }),
        merchant_sku_id: text("The shop's own SKU code: hive.skus.merchant_sku_id.", {
          personal: false,
          from: ['merchant_sku_id', 'sku.merchant_sku_id', 'sku.sku_code'],
          assumed: true,
        }),
        quantity: integer('Pieces announced.', { assumed: true }),
        customer_return_reason: text('Reason that the shopper chose; null when none was given.', { personal: false }),
        customer_return_message: text(
          'What the shopper wrote, in free words; null when nothing. Personal data: people write names and addresses here.',
          { personal: true },
        ),
      },
      indexes: [{ on: ['sku_id'] }],
    },
    {
      table: 'return_line_items',
      comment: 'What the warehouse found and did. No rows before the parcel was handled.',
      from: 'return_line_items',
      fields: {
        id: id("Hive's id of the handled item.", { assumed: true }),
        return_item_id: id(
          "Hive's id of the announced item that this belongs to: hive.return_items.id; null when it was not announced.",
          { assumed: true },
        ),
        sku_id: id("Hive's id of the SKU: hive.skus.id.", { from: ['sku_id', 'sku.id'], assumed: true }),
        merchant_sku_id: text("The shop's own SKU code: hive.skus.merchant_sku_id.", {
          personal: false,
          from: ['merchant_sku_id', 'sku.merchant_sku_id', 'sku.sku_code'],
          assumed: true,
        }),
        inventory_batch_id: id("Hive's id of the batch: hive.sku_batches.id; null for goods without batches.", {
          assumed: true,
        }),
        quantity: integer('Pieces handled.', { assumed: true }),
        condition: text('Grade that the warehouse gave the goods; null when not graded.', {
          assumed: true,
          values: {
            A: 'unused, in the original packaging',
            B: 'unused, packaging missing or damaged',
            C: 'used or damaged',
          },
        }),
        follow_up_action: text("What is done with the goods, as the shop's return rules say; null when not decided.", {
          assumed: true,
          values: {
            restock: 'back into stock',
            send_back: 'sent to the shop',
            dispose: 'thrown away',
          },
        }),
      },
      indexes: [{ on: ['sku_id'] }],
    },
    {
      table: 'return_photos',
      comment: 'Pictures that the warehouse took of the parcel.',
      from: 'photos',
      fields: {
        id: id("Hive's id of the picture.", { assumed: true }),
        image_url: text('Address of the picture. Personal data: labels and letters can be seen on it.', {
          personal: true,
          assumed: true,
        }),
        photo_type: text('What the picture shows; "inside" has been seen, other values are not documented.', {
          personal: false,
          assumed: true,
        }),
      },
    },
  ],
  example: {
    id: 311,
    status: 'handling_completed',
    return_reason_type: 'active',
    return_reason: 'customer_return',
    created_at: '2022-11-10T09:15:00.250+01:00',
    received_at: '2022-11-14T11:40:12.000+01:00',
    started_processing_at: '2022-11-14T13:05:47.618+01:00',
    completed_handling_at: '2022-11-14T13:22:03.904+01:00',
    carrier: 'DHL',
    tracking_code: '00340434161094000099',
    tracking_url: 'https://example.com/track/00340434161094000099',
    order: {
      id: 4962,
      merchant_order_id: '60423b95-23b5-4e5b-aa1c-6a71bd90b106',
      customer_order_number: '#1042',
    },
    return_items: [
      {
        id: 71,
        sku_id: 9,
        merchant_sku_id: '2218061549136',
        quantity: 2,
        customer_return_reason: 'too_small',
        customer_return_message: 'One size up, please',
      },
    ],
    return_line_items: [
      {
        id: 81,
        return_item_id: 71,
        sku_id: 9,
        merchant_sku_id: '2218061549136',
        inventory_batch_id: 827,
        quantity: 1,
        condition: 'A',
        follow_up_action: 'restock',
      },
      {
        id: 82,
        return_item_id: 71,
        sku_id: 9,
        merchant_sku_id: '2218061549136',
        inventory_batch_id: 828,
        quantity: 1,
        condition: 'C',
        follow_up_action: 'dispose',
      },
    ],
    photos: [
      { id: 91, image_url: 'https://example.com/photos/91.jpg', photo_type: 'inside' },
      { id: 92, image_url: 'https://example.com/photos/92.jpg', photo_type: 'inside' },
    ],
  },
});

export const [returnsTable, returnItems, returnLineItems, returnPhotos] = returns.tables;
